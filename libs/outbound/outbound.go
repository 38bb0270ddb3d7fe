// Package outbound keeps requests to other people's servers off this side of the network:
// what is configured by URL, or found at one, must not reach the instance's neighbours or its
// metadata service (RULES 17).
package outbound

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

const (
	dialTimeout = 3 * time.Second
	idleTimeout = 10 * time.Second
)

// CheckURL demands an absolute https URL without credentials; with loopback, which is for a
// developer's machine only, http or https to a loopback host. The error quotes raw, unless that
// may hold a password.
func CheckURL(raw string, loopback bool) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return errors.New("not a URL")
	case u.Hostname() == "" || u.User != nil || u.Opaque != "":
		return errors.New("must be an absolute URL without credentials")
	case loopback && !isLoopbackHost(u.Hostname()):
		return fmt.Errorf("%q is not on loopback", raw)
	case u.Scheme != "https" && !(loopback && u.Scheme == "http"):
		return fmt.Errorf("%q must be https", raw)
	}
	return nil
}

func isLoopbackHost(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.Unmap().IsLoopback()
}

// Transport dials public addresses only; with loopback, loopback ones only. The
// check is made on the address that is really dialled, so that a name which resolves
// differently the second time (DNS rebinding) gains nothing. Proxies of the environment are
// not used: the address behind one cannot be seen.
func Transport(loopback bool) *http.Transport {
	dialer := &net.Dialer{
		Timeout: dialTimeout,
		Control: func(_, address string, _ syscall.RawConn) error {
			return checkAddress(address, loopback)
		},
	}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    dialTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// notPublic are the ranges that netip has no predicate for, of the IANA special-purpose
// address registries (RFC 6890), and those that embed an IPv4 address.
var notPublic = parsePrefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
	"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10",
)

func parsePrefixes(all ...string) []netip.Prefix {
	prefixes := make([]netip.Prefix, len(all))
	for i, one := range all {
		prefixes[i] = netip.MustParsePrefix(one)
	}
	return prefixes
}

func checkAddress(address string, loopback bool) error {
	dialled, err := netip.ParseAddrPort(address)
	if err != nil {
		return errors.New("the address cannot be read")
	}
	ip := dialled.Addr().Unmap().WithZone("")
	if loopback != ip.IsLoopback() || !loopback && !isPublic(ip) {
		return errors.New("the address is not one that may be dialled")
	}
	return nil
}

func isPublic(ip netip.Addr) bool {
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, prefix := range notPublic {
		if prefix.Contains(ip) {
			return false
		}
	}
	return true
}
