// Package bench measures one request through everything that a Lambda function does with
// it, beside servers that do less: the handlers of the official SDK and of mcp-go,
// without token, session and event. tools/bench.sh prints the comparison.
package bench
