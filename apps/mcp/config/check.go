package config

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"leasehold.example/libs/identity"
)

var (
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
	tablePattern  = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	secretPattern = regexp.MustCompile(`^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+$`)
	pathPattern   = regexp.MustCompile(`^(/[A-Za-z0-9$_.~-]+)+$`)
	stagePattern  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	// RFC 9110 section 5.1, less what only looks odd.
	headerPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*$`)
	// RFC 6749 section 3.3.
	scopePattern = regexp.MustCompile(`^[\x21\x23-\x5b\x5d-\x7e]+$`)
)

const (
	// In the pattern they would be compiled into as many steps, at every cold start.
	minTable, maxTable = 3, 255

	minIdle     = 5 * time.Minute // RULES 26: last-seen is written only once a minute
	maxAbsolute = 30 * 24 * time.Hour
	// maxResponse leaves 64 KiB of the 6 MiB that Lambda carries to headers and envelope.
	maxResponse = 6<<20 - 64<<10
)

// check returns what is wrong with v, which has been parsed; value is what was set, empty
// for the default, which can be wrong beside another variable.
func (c *Config) check(v variable, value string) []error {
	switch {
	case v.name == EnvIssuers:
		return c.checkIssuers(v)
	case c.accepts(v.name):
		return nil
	case value == "":
		return []error{v.problem(fmt.Sprintf("the default is %q", v.byDefault))}
	default:
		return []error{v.problem(v.quote(value))}
	}
}

func (c *Config) accepts(name string) bool {
	switch name {
	case EnvPublicURL:
		return isHTTPS(c.PublicURL)
	case EnvMetadataURL:
		return isHTTPS(c.MetadataURL)
	case EnvTable:
		return minTable <= len(c.Table) && len(c.Table) <= maxTable && tablePattern.MatchString(c.Table)
	case EnvSealSecretARN:
		return secretPattern.MatchString(c.SealSecretARN)
	case EnvSessionIdle:
		// A zero absolute lifetime could not be read, which is a problem of its own.
		return minIdle <= c.SessionIdle && (c.SessionAbsolute == 0 || c.SessionIdle <= c.SessionAbsolute)
	case EnvSessionAbsolute:
		return minIdle <= c.SessionAbsolute && c.SessionAbsolute <= maxAbsolute
	case EnvSessionCap:
		return 1 <= c.SessionCap && c.SessionCap <= 1000
	case EnvSessionDataLimit:
		return 1<<10 <= c.SessionDataLimit && c.SessionDataLimit <= 256<<10
	case EnvAllowedOrigins:
		return all(c.AllowedOrigins, isOrigin)
	case EnvBaseScopes:
		return all(c.BaseScopes, scopePattern.MatchString)
	case EnvBasePaths:
		return all(c.BasePaths, pathPattern.MatchString)
	case EnvResponseMode:
		return c.ResponseMode == Buffered || c.ResponseMode == Streaming
	case EnvResponseLimit:
		return 64<<10 <= c.ResponseLimit && c.ResponseLimit <= maxResponse
	case EnvRequestTimeout:
		return time.Second <= c.RequestTimeout && c.RequestTimeout <= 15*time.Minute
	case EnvChallengeHeader:
		return headerPattern.MatchString(c.ChallengeHeader) && !strings.EqualFold(c.ChallengeHeader, "WWW-Authenticate")
	case EnvAuthorizerCache:
		return 0 <= c.AuthorizerCache && c.AuthorizerCache <= time.Hour
	case EnvLogLevel, EnvLogSample, EnvStage, EnvTraceSample, EnvOTLPEndpoint, EnvOTLPTracesEndpoint, EnvOTLPMetricsEndpoint:
		return c.acceptsSignals(name)
	case EnvListenAddr:
		return isListenAddr(c.ListenAddr)
	case EnvSessionBindClient: // whatever parses is fine
		return true
	}
	return false
}

// acceptsSignals is accepts for what the log and the metrics are like.
func (c *Config) acceptsSignals(name string) bool {
	switch name {
	case EnvLogSample: // what is not a number is neither
		return 0 <= c.LogSample && c.LogSample <= 1
	case EnvTraceSample:
		return 0 <= c.TraceSample && c.TraceSample <= 1
	case EnvOTLPEndpoint:
		return isCollector(c.OTLPEndpoint)
	case EnvOTLPTracesEndpoint:
		return isCollector(c.OTLPTracesEndpoint)
	case EnvOTLPMetricsEndpoint:
		return isCollector(c.OTLPMetricsEndpoint)
	case EnvStage:
		return len(c.Stage) <= 64 && stagePattern.MatchString(c.Stage)
	}
	return name == EnvLogLevel // whatever parses is fine
}

// checkIssuers asks the verifier, which touches no network until a token comes.
func (c *Config) checkIssuers(v variable) []error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	// A missing public URL is a problem of its own, not one of each issuer's audience.
	audience := c.PublicURL
	if audience == "" {
		audience = "unset"
	}
	_, err := identity.NewVerifier(ctx, c.Issuers, identity.VerifierOptions{DefaultAudience: audience})
	if err == nil {
		return nil
	}
	var problems []error
	for line := range strings.Lines(err.Error()) {
		problems = append(problems, fmt.Errorf("%s: %s", v.name, strings.TrimSpace(line)))
	}
	return problems
}

func all(values []string, ok func(string) bool) bool {
	return !slices.ContainsFunc(values, func(s string) bool { return !ok(s) })
}

func isHTTPS(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil &&
		!strings.ContainsAny(s, "?#") && !strings.HasSuffix(s, "/")
}

// isCollector accepts where spans may go: over TLS, or to this machine.
func isCollector(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Hostname() != "" && u.User == nil && !strings.ContainsAny(s, "?#") &&
		(u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()))
}

func isLoopback(host string) bool { return host == "localhost" || net.ParseIP(host).IsLoopback() }

func isListenAddr(s string) bool {
	_, port, err := net.SplitHostPort(s)
	return err == nil && port != ""
}

// isOrigin accepts a scheme, a host and perhaps a port (RFC 6454 section 6.2), http for
// the developer's own machine. There is no wildcard, and the origin "null" is
// anybody's.
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || s != u.Scheme+"://"+strings.ToLower(u.Host) {
		return false
	}
	return !strings.Contains(s, "*") && (u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()))
}
