// Package mcphttp is the Streamable HTTP transport of MCP over stored sessions.
//
// One endpoint serves protocol version 2026-07-28, where every request stands alone,
// and 2025-11-25, 2025-06-18 and 2025-03-26, where `initialize` opens a session that
// later requests name in `Mcp-Session-Id`. A request is read once by one strict parser,
// judged, and then handed to the official SDK's mcp.Server over a connection that lives
// for that request only, so that any instance can answer any request.
//
// The order of the checks is part of the design: path and method, Host, Origin, token,
// headers, body, parse, era, header match, session, method, scope, handler. Nothing of
// the body is read before the token is good.
//
// Specifications: https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http
// and https://modelcontextprotocol.io/specification/2025-11-25/basic/transports.
package mcphttp
