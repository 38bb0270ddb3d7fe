// Package app puts the parts of the MCP server together, for each of its binaries.
package app
