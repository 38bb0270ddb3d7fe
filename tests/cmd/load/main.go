// Command load calls a tool of a server at a constant rate, in both protocol eras at once,
// prints how long the answers took, and fails above its limits. `make load` runs it.
//
// The token comes from TOKEN, or is made by VERIFY_KEY in the name of VERIFY_ISSUER, as a pipeline has them:
//
//	TOKEN=… load -url http://127.0.0.1:8080/mcp [-rate 20] [-duration 30s] [-max-errors 0] [-max-p99 250ms]
//
// It is bounded: at most maxRate calls a second for at most maxDuration. A server that is not on this machine is called only
// when LOAD_HOST is its host, so that a mistyped address is never flooded. The token comes from the environment and is printed nowhere.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"leasehold.example/tests/pipeline"
)

// What no flag exceeds.
const (
	maxRate     = 200 // calls per second, both eras together
	maxDuration = 10 * time.Minute
)

// Exit statuses.
const (
	exitFailed = 1 // the server did not answer as it should, or above a limit
	exitUsage  = 2
)

// plan is what was asked for.
type plan struct {
	url       string
	token     string
	rate      int
	duration  time.Duration
	maxErrors float64       // percent of all calls
	maxP99    time.Duration // 0: no limit
}

// usageError is a mistake of the person who called.
type usageError struct{ error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	p, err := parse(args, getenv, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil {
		var m *measured
		if m, err = p.attack(ctx); err == nil {
			err = m.judge(stdout, p)
		}
	}
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "load:", err)
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

func parse(args []string, getenv func(string) string, stderr io.Writer) (plan, error) {
	p := plan{token: getenv("TOKEN")}
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&p.url, "url", "", "the MCP endpoint")
	flags.IntVar(&p.rate, "rate", 20, "calls per second")
	flags.DurationVar(&p.duration, "duration", 30*time.Second, "how long")
	flags.Float64Var(&p.maxErrors, "max-errors", 0, "the percentage of calls that may fail")
	flags.DurationVar(&p.maxP99, "max-p99", 0, "what 99 of 100 calls may take at most; 0: anything")
	if err := flags.Parse(args); err != nil {
		return plan{}, usageError{err}
	}
	if p.token == "" {
		var err error
		if p.token, _, err = pipeline.Tokens(getenv, p.url, time.Now()); err != nil {
			return plan{}, usageError{err}
		}
	}
	if err := p.check(getenv("LOAD_HOST")); err != nil {
		return plan{}, usageError{err}
	}
	return p, nil
}

// check refuses what is out of bounds, and a host that nobody named twice.
func (p plan) check(allowed string) error {
	switch {
	case p.rate < 2 || p.rate > maxRate:
		return fmt.Errorf("RATE is %d; expected 2 to %d calls per second", p.rate, maxRate)
	case p.duration < time.Second || p.duration > maxDuration:
		return fmt.Errorf("DURATION is %v; expected 1s to %v", p.duration, maxDuration)
	case !(p.maxErrors >= 0 && p.maxErrors <= 100): // NaN is neither
		return fmt.Errorf("MAX_ERRORS is %v; expected a percentage", p.maxErrors)
	case p.maxP99 < 0:
		return fmt.Errorf("MAX_P99 is %v; expected a duration such as 250ms", p.maxP99)
	case p.token == "":
		return errors.New("no TOKEN in the environment, nor VERIFY_KEY and VERIFY_ISSUER")
	}
	u, err := url.Parse(p.url)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("URL is not the address of an MCP endpoint, such as http://127.0.0.1:8080/mcp")
	}
	if loopback(u.Hostname()) {
		return nil
	}
	if u.Scheme != "https" {
		return fmt.Errorf("URL: %s is not this machine; expected https, as the token goes there", u.Host)
	}
	if allowed != u.Host {
		return fmt.Errorf("%s is not this machine; set LOAD_HOST=%s if it is yours to load", u.Host, u.Host)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
