// Command token prints a token of the local issuer: one JWT and nothing else.
//
//	token -data .data -tenant acme -subject user-1 [-scopes "a b"] [-ttl 1h]
//
// It is good for the server that ran last with the same data directory, also when that
// runs again later. Wrong input is one line on standard error, by the name of the make variable,
// and exit code 2; any other failure is exit code 1.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"leasehold.example/apps/mcp/internal/devidp"
)

func main() {
	scopes, err := catalogScopes()
	if err != nil {
		fmt.Fprintln(os.Stderr, "token:", err)
		os.Exit(1)
	}
	os.Exit(run(os.Args[1:], scopes, os.Stdout, os.Stderr))
}

// request is what the flags say.
type request struct {
	data, tenant, subject, scopes string
	ttl                           time.Duration
}

// run prints a token and returns the exit code. all are the scopes that there are.
func run(args, all []string, stdout, stderr io.Writer) int {
	var r request
	flags := flag.NewFlagSet("token", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // one line, not the usage behind it
	flags.StringVar(&r.data, "data", ".data", "data `directory` of the server")
	flags.StringVar(&r.tenant, "tenant", "", "`tenant` of the token")
	flags.StringVar(&r.subject, "subject", "", "`subject` of the token")
	flags.StringVar(&r.scopes, "scopes", "", "`scopes` separated by spaces; all when empty")
	flags.DurationVar(&r.ttl, "ttl", time.Hour, "`duration` that the token is good for")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(stderr)
		flags.Usage()
		return 0
	case err == nil && flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err != nil {
		fmt.Fprintln(stderr, "token:", err)
		return 2
	}
	if r.scopes != "" && strings.TrimSpace(r.scopes) == "" {
		fmt.Fprintln(stderr, "token: SCOPES: want scopes, or nothing for all of them; it is blank")
		return 2
	}
	token, err := r.mint(all)
	if input, ok := errors.AsType[*devidp.InputError](err); ok {
		fmt.Fprintf(stderr, "token: %s: want %s\n", strings.ToUpper(input.Field), input.Want)
		return 2
	}
	if err == nil {
		_, err = fmt.Fprintln(stdout, token)
	}
	if err != nil {
		fmt.Fprintln(stderr, "token:", err)
		return 1
	}
	return 0
}

func (r request) mint(all []string) (string, error) {
	issuer, err := devidp.Last(devidp.Options{Dir: r.data, Scopes: all})
	if err != nil {
		return "", err
	}
	return issuer.Mint(r.tenant, r.subject, strings.Fields(r.scopes), r.ttl)
}
