// Package shared tests what only processes can show: two servers over one table, a server
// that is started again on its data, and one that is told to stop in the middle of a
// request.
package shared
