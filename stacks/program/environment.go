package program

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	server "leasehold.example/apps/mcp/config"
)

// environment is what of the server's environment the stack's settings decide. An absent setting
// is an absent variable, so that the server's defaults stay in one place.
func (c *Config) environment() map[string]string {
	environ := map[string]string{
		server.EnvResponseMode:   string(server.Buffered),
		server.EnvRequestTimeout: fmt.Sprintf("%ds", c.requestSeconds()),
		server.EnvStage:          c.Stack,
	}
	if c.Streaming {
		environ[server.EnvResponseMode] = string(server.Streaming)
	}
	walk(reflect.ValueOf(*c), "", func(f keyed, _ string, v reflect.Value) {
		name := f.Tag.Get("env")
		if name == "" || v.IsZero() {
			return
		}
		if v.Kind() == reflect.Slice {
			environ[name] = strings.Join(v.Interface().([]string), f.Tag.Get("join")) //nolint:errcheck,forcetypeassert // a test reads every field
			return
		}
		environ[name] = v.String()
	})
	return environ
}

// requestSeconds is the deadline of a request: some time before Lambda ends the function,
// so that the client gets an answer and the log its line.
func (c *Config) requestSeconds() int {
	return c.Function.Timeout - max(1, min(4, c.Function.Timeout/5))
}

// checkServer lets the server's own check judge what the server will read, so that a
// stack cannot deploy what the function refuses. What only AWS can say is made up.
func (c *Config) checkServer() []error {
	environ := c.environment()
	delete(environ, server.EnvRequestTimeout) // good wherever the timeout is, which has bounds of its own
	for name, value := range map[string]string{
		server.EnvPublicURL:     "https://mcp.example.com/mcp",
		server.EnvTable:         "sessions",
		server.EnvSealSecretARN: "arn:aws:secretsmanager:eu-central-1:111122223333:secret:sealing-AbCdEf",
	} {
		environ[name] = value
	}
	if environ[server.EnvIssuers] == "" { // said elsewhere when it is needed
		environ[server.EnvIssuers] = `[{"issuer":"https://idp.example.com","tenant":"example"}]`
	}
	_, err := server.Load(environ)
	if err == nil {
		return nil
	}
	var problems []error
	keys := keysByVariable()
	for line := range strings.Lines(err.Error()) {
		name, reason, _ := strings.Cut(strings.TrimSpace(line), ": ")
		key, ok := keys[name]
		switch {
		case !ok: // the first line; a variable without a key is the program's own, and tested
		case name == server.EnvIssuers && c.secret:
			problems = append(problems, fmt.Errorf("%s: the server refuses it; it is a secret, so the reason is not shown", key))
		default:
			problems = append(problems, fmt.Errorf("%s: %s", key, reason))
		}
	}
	if len(problems) == 0 {
		problems = []error{errors.New("the server refuses the environment of this program: " + err.Error())}
	}
	return problems
}

// keysByVariable maps variables of the server to the settings that fill them in.
func keysByVariable() map[string]string {
	keys := map[string]string{}
	walk(reflect.ValueOf(Config{}), "", func(f keyed, path string, _ reflect.Value) {
		if name := f.Tag.Get("env"); name != "" {
			keys[name] = fullKey(path)
		}
	})
	return keys
}

// walk calls visit for every setting that is no object, in the order of Config.
func walk(v reflect.Value, path string, visit func(f keyed, path string, v reflect.Value)) {
	for _, f := range fields(v.Type()) {
		field, path := v.FieldByIndex(f.Index), join(path, f.name())
		if f.kind() == reflect.Struct {
			walk(field, path, visit)
		} else {
			visit(f, path, field)
		}
	}
}
