package deployment

import (
	"errors"
	"time"
)

// REST is a REST API, its stage and its domain.
type REST struct {
	URN, ID, ExecutionARN string
	// Host is the custom domain, or the execute-api host.
	Host string
	// Prefix is what stands before every path of the definition in a URL: "/" and the stage
	// on an execute-api host, "/" and the base path on a custom domain, or nothing.
	Prefix string
	// CustomDomain is true when Host is one; events then have no stage in their path.
	CustomDomain bool
	// Open is false when the definition switches off the execute-api host and there is no
	// other: nothing answers.
	Open            bool
	Stage, StageARN string
	LogFormat       string
	Throttle        Throttle
	// Methods are by path of the definition and HTTP method, AnyMethod among them.
	Methods map[string]map[string]*Method
	// Responses are the gateway responses by type, such as "UNAUTHORIZED".
	Responses map[string]GatewayResponse
}

// Throttle is what a stage allows.
type Throttle struct {
	Rate  float64 // requests a second
	Burst int
}

// AnyMethod is the method of an operation that answers for those without their own.
const AnyMethod = "ANY"

// Method is an operation of a REST API: a mock, or a Lambda proxy integration.
type Method struct {
	// Authorizer is nil when anyone may call.
	Authorizer *Authorizer
	// Function is the alias that is invoked; nil for a mock.
	Function  *Alias
	Streaming bool
	Timeout   time.Duration
	Mock      *Mock
}

// Authorizer is a Lambda authorizer of type REQUEST.
type Authorizer struct {
	Name     string
	Function *Alias
	// Sources are the identity sources: mapping expressions, of which each has to have a
	// value before the function is called.
	Sources []string
	// TTL is how long an answer is reused; 0 is not at all.
	TTL time.Duration
}

// Mock is an answer of the gateway's own.
type Mock struct {
	Status      int
	Header      map[string]string
	ContentType string
	Body        string
}

// GatewayResponse is how the gateway answers something by itself.
type GatewayResponse struct {
	// Status is 0 for the one that AWS has for the case.
	Status int
	// Header are mapping expressions by name: 'a static value' or context.NAME.
	Header map[string]string
	// Template is the body's, for JSON; empty is AWS's own.
	Template string
}

func (d *Deployment) readREST(s state) error {
	api, err := s.one("apigateway/restApi:RestApi")
	if err != nil || api == nil {
		return err
	}
	rest := &REST{URN: api.URN, ID: api.ID}
	var a struct {
		ExecutionARN string `json:"executionArn"`
	}
	if err := api.decode(&a); err != nil {
		return err
	}
	rest.ExecutionARN = a.ExecutionARN
	if err := rest.readStage(s, api); err != nil {
		return err
	}
	closed, err := d.readDefinition(s, rest, api)
	if err != nil {
		return err
	}
	d.REST = rest
	rest.Open = !closed || rest.CustomDomain
	return nil
}

// readStage reads the stage, how it is throttled and where it is mounted.
func (rest *REST) readStage(s state, api *resource) error {
	stage, err := s.must("apigateway/stage:Stage", api.URN)
	if err != nil {
		return err
	}
	var o struct {
		API       string            `json:"restApi"`
		Name      string            `json:"stageName"`
		ARN       string            `json:"arn"`
		Variables map[string]string `json:"variables,omitempty"`
		AccessLog struct {
			Format string `json:"format"`
		} `json:"accessLogSettings"`
	}
	if err := stage.decode(&o); err != nil {
		return err
	}
	if o.API != api.ID {
		return stage.errorf("is of the API %s, not %s", o.API, api.ID)
	}
	if len(o.Variables) > 0 {
		return stage.errorf("stage variables are not run here")
	}
	rest.Stage, rest.StageARN, rest.LogFormat = o.Name, o.ARN, o.AccessLog.Format
	return errors.Join(rest.readThrottle(s, stage), rest.readDomain(s))
}

// readThrottle wants settings for all methods: without them, the account's hold.
func (rest *REST) readThrottle(s state, stage *resource) error {
	settings, err := s.must("apigateway/methodSettings:MethodSettings", stage.URN)
	if err != nil {
		return err
	}
	var o struct {
		API      string `json:"restApi"`
		Stage    string `json:"stageName"`
		Path     string `json:"methodPath"`
		Settings struct {
			Rate  float64 `json:"throttlingRateLimit"`
			Burst int     `json:"throttlingBurstLimit"`
		} `json:"settings"`
	}
	if err := settings.decode(&o); err != nil {
		return err
	}
	if o.Path != "*/*" || o.Stage != rest.Stage || o.API != rest.ID {
		return settings.errorf("are for %s of the stage %s of %s, not for all methods of %s", o.Path, o.Stage, o.API, stage.URN)
	}
	rest.Throttle = Throttle{Rate: o.Settings.Rate, Burst: o.Settings.Burst}
	return nil
}

func (rest *REST) readDomain(s state) error {
	domain, err := s.one("apigateway/domainName:DomainName")
	if err != nil {
		return err
	}
	if domain == nil {
		rest.Host = rest.ID + ".execute-api." + arnPart(rest.ExecutionARN, 3) + ".amazonaws.com"
		rest.Prefix = "/" + rest.Stage
		return nil
	}
	mapping, err := s.must("apigateway/basePathMapping:BasePathMapping", domain.URN)
	if err != nil {
		return err
	}
	var m struct {
		Domain string `json:"domainName"`
		API    string `json:"restApi"`
		Stage  string `json:"stageName"`
		Base   string `json:"basePath,omitempty"`
	}
	if err := mapping.decode(&m); err != nil {
		return err
	}
	if m.API != rest.ID || m.Stage != rest.Stage {
		return mapping.errorf("maps the stage %s of %s, not %s of %s", m.Stage, m.API, rest.Stage, rest.ID)
	}
	rest.Host, rest.CustomDomain = m.Domain, true
	if m.Base != "" {
		rest.Prefix = "/" + m.Base
	}
	return nil
}
