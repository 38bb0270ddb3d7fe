package deployment

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// HTTP is an HTTP API with its stage.
type HTTP struct {
	URN, ID, ExecutionARN string
	Host                  string
	Stage, LogFormat      string
	Throttle              Throttle
	// Routes are by key, such as "GET /healthz" or "ANY /mcp".
	Routes map[string]*Route
}

// Route is a Lambda proxy integration with payload format 2.0.
type Route struct {
	Function *Alias
	Timeout  time.Duration
	// Mappings are response parameters by status and key ("overwrite:header.NAME").
	Mappings map[int]map[string]string
}

func (d *Deployment) readHTTP(s state) error {
	api, err := s.one("apigatewayv2/api:Api")
	if err != nil || api == nil {
		return err
	}
	var a struct {
		Protocol     string         `json:"protocolType"`
		ExecutionARN string         `json:"executionArn"`
		Endpoint     string         `json:"apiEndpoint"`
		Closed       bool           `json:"disableExecuteApiEndpoint,omitempty"`
		CORS         map[string]any `json:"corsConfiguration,omitempty"`
	}
	if err := api.decode(&a); err != nil {
		return err
	}
	if a.Protocol != "HTTP" || a.CORS != nil {
		return api.errorf("only HTTP APIs without CORS of the gateway's own are run here")
	}
	h := &HTTP{URN: api.URN, ID: api.ID, ExecutionARN: a.ExecutionARN, Routes: map[string]*Route{}}
	_, h.Host, _ = strings.Cut(a.Endpoint, "://")
	if err := errors.Join(h.readStage(s, api), h.readDomain(s, api, a.Closed)); err != nil {
		return err
	}
	integrations := map[string]*Route{}
	var errs []error
	for _, r := range s.of("apigatewayv2/integration:Integration") {
		route, err := d.httpIntegration(r, h.ID)
		errs = append(errs, err)
		integrations[r.ID] = route
	}
	for _, r := range s.of("apigatewayv2/route:Route") {
		errs = append(errs, h.readRoute(r, integrations))
	}
	d.HTTP = h
	return errors.Join(errs...)
}

func (h *HTTP) readStage(s state, api *resource) error {
	stage, err := s.must("apigatewayv2/stage:Stage", api.URN)
	if err != nil {
		return err
	}
	var o struct {
		API        string            `json:"apiId"`
		Name       string            `json:"name"`
		AutoDeploy bool              `json:"autoDeploy"` // required: nothing deploys otherwise
		Variables  map[string]string `json:"stageVariables,omitempty"`
		AccessLog  struct {
			Format string `json:"format"`
		} `json:"accessLogSettings"`
		Settings struct {
			Rate  float64 `json:"throttlingRateLimit"`
			Burst int     `json:"throttlingBurstLimit"`
		} `json:"defaultRouteSettings"`
	}
	if err := stage.decode(&o); err != nil {
		return err
	}
	if o.API != h.ID || o.Name != "$default" || len(o.Variables) > 0 {
		return stage.errorf("only the stage $default of %s without variables is run here", h.ID)
	}
	h.Stage, h.LogFormat = o.Name, o.AccessLog.Format
	h.Throttle = Throttle{Rate: o.Settings.Rate, Burst: o.Settings.Burst}
	return nil
}

func (h *HTTP) readDomain(s state, api *resource, closed bool) error {
	domain, err := s.one("apigatewayv2/domainName:DomainName")
	if err != nil {
		return err
	}
	if domain == nil {
		if closed {
			return api.errorf("its own host is switched off, and there is no other: nothing answers")
		}
		return nil
	}
	mapping, err := s.must("apigatewayv2/apiMapping:ApiMapping", domain.URN)
	if err != nil {
		return err
	}
	var m struct {
		API    string `json:"apiId"`
		Domain string `json:"domainName"`
		Stage  string `json:"stage"`
		Key    string `json:"apiMappingKey,omitempty"`
	}
	if err := mapping.decode(&m); err != nil {
		return err
	}
	if m.API != h.ID || m.Stage != h.Stage || m.Key != "" {
		return mapping.errorf("maps %q to the stage %s of %s, not the root to %s of %s", m.Key, m.Stage, m.API, h.Stage, h.ID)
	}
	h.Host = m.Domain
	return nil
}

func (d *Deployment) httpIntegration(r *resource, api string) (*Route, error) {
	var o struct {
		API        string `json:"apiId"`
		Type       string `json:"integrationType"`
		URI        string `json:"integrationUri"`
		Format     string `json:"payloadFormatVersion"`
		Millis     int    `json:"timeoutMilliseconds"`
		Parameters []struct {
			Status   string            `json:"statusCode"`
			Mappings map[string]string `json:"mappings"`
		} `json:"responseParameters,omitempty"`
	}
	if err := r.decode(&o); err != nil {
		return nil, err
	}
	if o.API != api || o.Type != "AWS_PROXY" || o.Format != "2.0" || o.Millis < 50 || o.Millis > 30_000 {
		return nil, r.errorf("only AWS_PROXY of %s with payload format 2.0 and 50 to 30000 ms is run here", api)
	}
	arn, streaming, err := functionOf(o.URI)
	if err == nil && streaming {
		err = errors.New("an HTTP API cannot stream")
	}
	route := &Route{Timeout: time.Duration(o.Millis) * time.Millisecond, Mappings: map[int]map[string]string{}}
	if err == nil {
		route.Function, err = d.Alias(arn)
	}
	if err != nil {
		return nil, r.errorf("integrationUri: %w", err)
	}
	for _, p := range o.Parameters {
		status, err := strconv.Atoi(p.Status)
		if err != nil {
			return nil, r.errorf("responseParameters: %w", err)
		}
		for key := range p.Mappings {
			if err := mappable(key); err != nil {
				return nil, r.errorf("responseParameters: %w", err)
			}
		}
		route.Mappings[status] = p.Mappings
	}
	return route, nil
}

// reserved are the headers that a mapping may not touch, by prefix.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html#http-api-mapping-reserved-headers
var reserved = []string{
	"access-control-", "apigw-", "authorization", "connection", "content-encoding", "content-length", "content-location", "forwarded",
	"keep-alive", "origin", "proxy-authenticate", "proxy-authorization", "te", "trailers", "transfer-encoding", "upgrade",
	"x-amz-", "x-amzn-", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "via",
}

func mappable(key string) error {
	action, header, ok := strings.Cut(key, ":header.")
	if !ok || action != "append" && action != "overwrite" && action != "remove" {
		return errors.New(key + " is not run here")
	}
	for _, name := range reserved {
		lower := strings.ToLower(header)
		if lower == name || strings.HasSuffix(name, "-") && strings.HasPrefix(lower, name) {
			return errors.New(key + " is of a reserved header")
		}
	}
	return nil
}

func (h *HTTP) readRoute(r *resource, integrations map[string]*Route) error {
	var o struct {
		API        string `json:"apiId"`
		Key        string `json:"routeKey"`
		Target     string `json:"target"`
		Authorizer string `json:"authorizerId,omitempty"`
	}
	if err := r.decode(&o); err != nil {
		return err
	}
	id, _ := strings.CutPrefix(o.Target, "integrations/")
	route, ok := integrations[id]
	if !ok || o.API != h.ID || o.Authorizer != "" || strings.Contains(o.Key, "{") {
		return r.errorf("only a route of %s without parameters and authorizer to an integration of the state is run here", h.ID)
	}
	h.Routes[o.Key] = route
	return nil
}
