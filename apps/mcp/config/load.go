package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Load reads the configuration of a deployed server from environ, which maps names to
// values; an empty value is an absent one. The error lists all that is wrong, by name.
func Load(environ map[string]string) (Config, error) {
	return load(environ, Config{}, server)
}

// LoadAuthorizer is Load for the Lambda authorizer, which reads a part of the variables; the
// others are errors, because they would have no effect. Of the result only the fields
// tagged `authorizer` mean something.
func LoadAuthorizer(environ map[string]string) (Config, error) {
	return load(environ, Config{}, authorizer)
}

// LoadLocal is Load for the local server on addr, which makes its own issuer, keys and
// store: variables about those are errors, because they would have no effect. Issuers,
// Table and SealSecretARN of the result are empty.
func LoadLocal(environ map[string]string, addr string) (Config, error) {
	return load(environ, Config{PublicURL: LocalURL(addr)}, local)
}

// LocalURL is the public URL of the local server on addr, host:port.
func LocalURL(addr string) string { return "http://" + addr + "/mcp" }

// reader is a kind of program that reads variables.
type reader string

const (
	server     reader = "the server"
	local      reader = "the local server"
	authorizer reader = "the authorizer"
)

// variable is a field of Config as its tags describe it.
type variable struct {
	name, field, want, byDefault string
	authorizer                   string
	needed, deployed             bool
}

func (v variable) readBy(r reader) bool {
	switch r {
	case authorizer:
		return v.authorizer != ""
	case local:
		return !v.deployed
	default:
		return v.authorizer != "only"
	}
}

// variables are in the order of Config.
var variables = func() (all []variable) {
	for f := range reflect.TypeFor[Config]().Fields() {
		all = append(all, variable{
			name: f.Tag.Get("env"), field: f.Name, want: f.Tag.Get("want"), byDefault: f.Tag.Get("envDefault"),
			authorizer: f.Tag.Get("authorizer"),
			needed:     f.Tag.Get("need") != "", deployed: f.Tag.Get("deployed") != "",
		})
	}
	return all
}()

func load(environ map[string]string, c Config, r reader) (Config, error) {
	known := map[string]string{} // never nil: env would take the process's environment
	for _, v := range variables {
		if value := environ[v.name]; value != "" {
			known[v.name] = value
		}
	}
	malformed, err := parse(&c, known)
	if err != nil {
		return Config{}, err
	}
	var problems []error
	for _, v := range variables {
		value, set := known[v.name]
		cause, bad := malformed[v.field]
		switch {
		case set && !v.readBy(r):
			problems = append(problems, fmt.Errorf("%s: has no effect on %s", v.name, r))
		case !set && v.needed && v.readBy(r):
			problems = append(problems, v.problem("it is not set"))
		case bad && v.name == EnvIssuers:
			problems = append(problems, v.problem(oneLine(cause)))
		case bad:
			problems = append(problems, v.problem(v.quote(value)))
		case set || v.byDefault != "":
			problems = append(problems, c.check(v, value)...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(environ)) {
		isName := func(v variable) bool { return v.name == name }
		if (strings.HasPrefix(name, Prefix) || strings.HasPrefix(name, PrefixOTLP)) && !slices.ContainsFunc(variables, isName) {
			problems = append(problems, fmt.Errorf("%s: there is no such variable", name))
		}
	}
	if len(problems) > 0 {
		return Config{}, fmt.Errorf("the configuration is wrong:\n%w", errors.Join(problems...))
	}
	return c, nil
}

// parse fills c in, and returns by field why a value could not be read.
func parse(c *Config, known map[string]string) (malformed map[string]error, err error) {
	err = env.ParseWithOptions(c, env.Options{Environment: known})
	aggregate, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		return nil, err
	}
	malformed = map[string]error{}
	for _, e := range aggregate.Errors {
		failed, ok := errors.AsType[env.ParseError](e)
		if !ok {
			return nil, fmt.Errorf("config: %w", err)
		}
		malformed[failed.Name] = failed.Err
	}
	return malformed, nil
}

func (v variable) problem(reason string) error {
	return fmt.Errorf("%s: want %s; %s", v.name, v.want, reason)
}

// quote shows what was set, unless it may be the secret in place of the secret's name, or
// have one in it.
func (v variable) quote(value string) string {
	if v.name == EnvSealSecretARN || strings.HasPrefix(v.name, PrefixOTLP) {
		return "it is something else"
	}
	return fmt.Sprintf("it is %q", value)
}

// oneLine keeps a problem on its line.
func oneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}
