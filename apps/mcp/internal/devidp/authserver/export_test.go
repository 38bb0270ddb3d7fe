package authserver

import "net/netip"

// IsPublic is isPublic for tests.
func IsPublic(address string) bool { return isPublic(netip.MustParseAddr(address).Unmap()) }
