// Package lambdahttp lets one http.Handler answer API Gateway REST APIs (payload v1),
// HTTP APIs (payload v2) and Lambda Function URLs, buffered or streaming.
//
// An event becomes a server request as net/http would have read it: canonical header
// names, Host apart from the header, a body that ends where ContentLength says. What a
// client could forge is not used: the address is requestContext's, never
// X-Forwarded-For, and the event's authorizer context is not read at all.
//
// What the edges do to a request, and this package cannot undo:
//   - Payload v2 (HTTP API and Function URL) joins repeated headers by a comma. Such a
//     value is not split again, since commas are legal inside a value, so a handler
//     sees one value. A bearer token or an origin with a comma in it is invalid, which
//     is how a repeated Authorization or Origin is refused there. Payload v1 keeps the
//     values apart, and all of them reach the handler.
//   - HTTP APIs decode the path and so lose %2F; REST APIs and Function URLs keep it
//     (live captures: https://github.com/hotsock/voker/pull/8).
//   - REST APIs decode the query; it is encoded again, sorted by key.
//   - API Gateway renames a function's WWW-Authenticate header, and adds and removes
//     hop-by-hop headers. Trailers and 1xx answers do not exist behind it.
//
// Sources: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html,
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html,
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html,
// https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html.
package lambdahttp
