// Package devidp is the token issuer of the local server. It signs tokens for whoever can
// read its key file, so it belongs on a developer's machine and nowhere else: it refuses
// every address that is not loopback, and the Lambda function does not link it.
package devidp

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/privatefile"
)

const (
	// DefaultAddr is where the local server listens unless told otherwise.
	DefaultAddr = "127.0.0.1:8080"
	// ClientID is the OAuth client that tokens name, because no client asked for them.
	ClientID = "leasehold-local"
	// tenantClaim holds the tenant.
	tenantClaim = "tenant"

	keyFile     = "issuer-key.pem"
	retiredFile = "issuer-keys-retired.pem"
	serverFile  = "server.json"
)

// Options configure an Issuer.
type Options struct {
	// Dir is the data directory, which is created when it is absent.
	Dir string
	// Scopes are all scopes that tokens can carry: those of the tool catalog.
	Scopes []string
	// Audience is the `aud` of the tokens; the MCP endpoint of the local server when empty.
	Audience string
	// Now is time.Now when nil.
	Now func() time.Time
}

// Issuer issues tokens for the local server on one address.
type Issuer struct {
	addr    string
	options Options
}

// New returns the issuer of the server on addr, an explicit loopback host and port. Its
// key is the one in the data directory, where the first use puts a new one, so
// that tokens outlive a restart.
func New(addr string, o Options) (*Issuer, error) {
	if err := checkLoopback(addr); err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	i := &Issuer{addr: addr, options: o}
	if _, err := i.keys(); err != nil {
		return nil, err
	}
	return i, nil
}

// remembered is the content of serverFile.
type remembered struct {
	Addr     string `json:"addr"`
	Audience string `json:"audience,omitempty"`
}

// Last returns the issuer of the server that last called Remember with the same data
// directory, with its audience, and that of DefaultAddr when there was none.
func Last(o Options) (*Issuer, error) {
	path := filepath.Join(o.Dir, serverFile)
	server := remembered{Addr: DefaultAddr}
	data, err := privatefile.Read(path)
	switch {
	case err == nil:
		if err := json.Unmarshal(data, &server); err != nil {
			return nil, fmt.Errorf("devidp: %s: %w", path, err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	o.Audience = server.Audience
	return New(server.Addr, o)
}

// Remember notes the server's address for Last. A server calls it once it listens: one
// that found its port taken must not redirect tokens to itself.
func (i *Issuer) Remember() error {
	data, err := json.Marshal(remembered{Addr: i.addr, Audience: i.options.Audience})
	if err != nil {
		return fmt.Errorf("devidp: %w", err)
	}
	return privatefile.Replace(filepath.Join(i.options.Dir, serverFile), append(data, '\n'))
}

// URL is the `iss` of the tokens: the server's own address.
func (i *Issuer) URL() string { return "http://" + i.addr }

// Scopes are all scopes that tokens can carry.
func (i *Issuer) Scopes() []string { return slices.Clone(i.options.Scopes) }

// Audience is the `aud` of the tokens: the MCP endpoint.
func (i *Issuer) Audience() string { return cmp.Or(i.options.Audience, config.LocalURL(i.addr)) }

// Trust returns the issuer as the local server's verifier is to know it. Its keys are found
// by discovery, as any other issuer's are. Tokens for a server elsewhere are not for this one.
func (i *Issuer) Trust() identity.Issuer {
	return identity.Issuer{
		Issuer:           i.URL(),
		Audiences:        []string{config.LocalURL(i.addr)},
		Algorithms:       []string{algorithm.Alg()},
		TenantClaim:      tenantClaim,
		ScopeClaim:       "scope",
		Scopes:           slices.Clone(i.options.Scopes),
		Advertised:       true,
		InsecureLoopback: true,
	}
}

// checkLoopback holds addr to a loopback host, by number or as "localhost", and a port.
// An empty host would be every interface of the machine.
func checkLoopback(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("devidp: address %q is not host:port", addr)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("devidp: address %q has no port number", addr)
	}
	ip, err := netip.ParseAddr(host)
	if host != "localhost" && (err != nil || !ip.Unmap().IsLoopback() || ip.Zone() != "") {
		return fmt.Errorf("devidp: the local issuer works on loopback only, and %q is not", addr)
	}
	return nil
}
