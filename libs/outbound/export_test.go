package outbound

// CheckAddress is checkAddress for tests: what it refuses is not to be dialled to find out.
var CheckAddress = checkAddress
