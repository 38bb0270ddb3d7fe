package pack

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// definition is what policies read of an OpenAPI body with API Gateway's extensions:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
type definition struct {
	Security   []map[string]any
	Paths      map[string]map[string]json.RawMessage
	Components struct {
		SecuritySchemes map[string]scheme
	}
	GatewayResponses map[string]struct {
		ResponseParameters map[string]string
	} `json:"x-amazon-apigateway-gateway-responses"`
	Policy json.RawMessage `json:"x-amazon-apigateway-policy"`
}

type scheme struct {
	AuthType   string `json:"x-amazon-apigateway-authtype"`
	Authorizer *struct {
		Type           string
		IdentitySource string
		TTL            *float64 `json:"authorizerResultTtlInSeconds"`
	} `json:"x-amazon-apigateway-authorizer"`
}

type operation struct {
	path, method string
	// Security is nil when the operation says nothing, and the definition's holds.
	Security    *[]map[string]any
	Integration struct {
		URI             string
		TimeoutInMillis *float64
	} `json:"x-amazon-apigateway-integration"`
}

// methods are the keys of a path that are operations.
var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace", anyMethod}

const anyMethod = "x-amazon-apigateway-any-method"

// operations are all operations, in the order of paths and methods.
func (d *definition) operations() ([]operation, error) {
	var all []operation
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, method := range methods {
			raw, ok := d.Paths[path][method]
			if !ok {
				continue
			}
			o := operation{path: path, method: strings.ToUpper(method)}
			if method == anyMethod {
				o.method = "ANY"
			}
			if err := json.Unmarshal(raw, &o); err != nil {
				return nil, fmt.Errorf("%s %s: %w", o.method, path, err)
			}
			all = append(all, o)
		}
	}
	return all, nil
}

// authorised says that each alternative by which the operation may be called asks an
// authorizer, or AWS's own signature.
func (d *definition) authorised(o operation) bool {
	alternatives := d.Security
	if o.Security != nil {
		alternatives = *o.Security
	}
	for _, alternative := range alternatives {
		guarded := false
		for name := range alternative {
			s := d.Components.SecuritySchemes[name]
			guarded = guarded || s.Authorizer != nil || s.AuthType == "awsSigv4"
		}
		if !guarded {
			return false
		}
	}
	return len(alternatives) > 0
}

// definitionOf is the body of the resource; nil when it has none, or it is not known yet.
func definitionOf(r item) (*definition, error) {
	body, _ := r.text("body")
	if body == "" {
		return nil, nil
	}
	d := new(definition)
	if err := json.Unmarshal([]byte(body), d); err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	return d, nil
}

// eachDefinition looks at the bodies of REST APIs. One that cannot be read is reported by
// the rule about methods.
func eachDefinition(look func(r item, d *definition, report reporter)) check {
	return func(r item, report reporter) {
		if d, err := definitionOf(r); d != nil && err == nil {
			look(r, d, report)
		}
	}
}

// definitions are the types that have a body.
var definitions = []string{restBody, restAPI}

// integration is a way from the gateway to a function.
type integration struct {
	where, uri string
	millis     float64
}

// How long API Gateway waits unless it is told, in milliseconds.
const (
	restMillis = 29_000
	httpMillis = 30_000
)

// integrations are those of both kinds of API, as far as they are known and can be read.
func integrations(s *stack) []integration {
	var all []integration
	for _, r := range s.of(definitions...) {
		d, err := definitionOf(r)
		if d == nil || err != nil {
			continue
		}
		operations, err := d.operations()
		if err != nil {
			continue
		}
		for _, o := range operations {
			i := integration{where: o.method + " " + o.path, uri: o.Integration.URI, millis: restMillis}
			if o.Integration.TimeoutInMillis != nil {
				i.millis = *o.Integration.TimeoutInMillis
			}
			all = append(all, i)
		}
	}
	for _, r := range s.of("aws:apigatewayv2/integration:Integration") {
		uri, _ := r.text("integrationUri")
		i := integration{where: r.Name, uri: uri, millis: httpMillis}
		if v := r.at("timeoutMilliseconds"); v.IsNumber() {
			i.millis = v.AsNumber()
		}
		all = append(all, i)
	}
	return all
}
