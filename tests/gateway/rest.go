package gateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leasehold.example/tests/deployment"
	"leasehold.example/tests/runtimeapi"
)

// rest is a stage of a REST API.
type rest struct {
	api      *deployment.REST
	invoker  Invoker
	options  Options
	source   apiSource
	throttle throttle
	cache    cache
}

// REST serves the REST API of a deployment, at its stage or base path.
func REST(d *deployment.Deployment, invoker Invoker, o Options) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	api := d.REST
	parts := strings.Split(api.ExecutionARN, ":") // arn:PARTITION:execute-api:REGION:ACCOUNT:ID
	return &rest{
		api: api, invoker: invoker, options: o, throttle: throttle{Throttle: api.Throttle},
		source: apiSource{id: api.ID, account: parts[4], stage: api.Stage, host: api.Host},
	}
}

// ServeHTTP answers a request. A stream that breaks off aborts the handler.
func (g *rest) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, tooLarge := begin(&g.options, w, r, g.source)
	defer c.end(g.api.LogFormat)
	if headerTooLarge(r) {
		c.explain("request line and header values have more than %d bytes", maxHeader)
		c.refuse(http.StatusRequestHeaderFieldsTooLarge, "RequestHeaderFieldsTooLargeException", "Request header fields too large")
		return
	}
	path, ok := below(r.URL.EscapedPath(), g.api.Prefix)
	if !ok || !g.api.Open {
		c.explain("nothing is served here: the API is at %s%s, and its own host is closed when it has a custom domain", g.api.Host, g.api.Prefix)
		c.refuse(http.StatusForbidden, "ForbiddenException", "Forbidden")
		return
	}
	c.path = path
	if f := g.serve(c, tooLarge); f != nil {
		c.fail(f, g.api.Responses)
	}
}

// serve goes the way of a request: firewall, method, throttle, payload, authorizer,
// integration.
func (g *rest) serve(c *call, tooLarge bool) *failure {
	if g.options.Firewall != nil {
		status := g.options.Firewall(c.r, c.body)
		if status != 0 {
			return c.block(status)
		}
		c.context["waf.status"] = "200"
	}
	method := g.method(c)
	if method == nil {
		return &undeclared
	}
	if !g.throttle.allows(c.r.Method+c.path, c.options.Now()) {
		return &throttled
	}
	if tooLarge {
		return &requestTooLarge
	}
	if method.Authorizer != nil {
		if f := g.authorize(c, method.Authorizer); f != nil {
			return f
		}
	}
	if method.Mock != nil {
		return c.mock(method.Mock)
	}
	return g.integrate(c, method)
}

// block answers for the firewall. Only a block without a response of its own is a gateway
// response.
// https://docs.aws.amazon.com/waf/latest/developerguide/customizing-the-response-for-blocked-requests.html
func (c *call) block(status int) *failure {
	c.context["waf.status"] = strconv.Itoa(status)
	if status == http.StatusForbidden {
		return &blocked
	}
	c.explain("%s", blocked.why)
	c.WriteHeader(status)
	return nil
}

// method is the operation of the definition. One for any method answers for those without
// their own (RULES 36).
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-any-method.html
func (g *rest) method(c *call) *deployment.Method {
	operations, ok := g.api.Methods[c.path]
	if !ok {
		return nil
	}
	c.context["resourcePath"] = c.path
	if m := operations[c.r.Method]; m != nil {
		return m
	}
	return operations[deployment.AnyMethod]
}

// mock answers without a function. A content type without a request template is refused;
// a request without one counts as JSON.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/integration-passthrough-behaviors.html
func (c *call) mock(m *deployment.Mock) *failure {
	if sent := c.r.Header.Get("Content-Type"); sent != "" {
		if kind, _, err := mime.ParseMediaType(sent); err != nil || kind != "application/json" {
			return &unsupportedType
		}
	}
	c.Header().Set("Content-Type", m.ContentType)
	for name, value := range m.Header {
		c.Header().Set(name, value)
	}
	c.WriteHeader(m.Status)
	_, _ = io.WriteString(c, m.Body) // a client that left needs none
	return nil
}

// event is payload format 1.0 of the request: what the function and the authorizer get.
func (g *rest) event(c *call) events.APIGatewayProxyRequest {
	r := c.r.Clone(c.r.Context())
	for _, name := range droppedFromRequest {
		r.Header.Del(name)
	}
	r.URL = &url.URL{Path: c.path, RawQuery: c.r.URL.RawQuery}
	source := runtimeapi.Source{AccountID: g.source.account, APIID: g.api.ID, Stage: g.api.Stage, Domain: g.api.Host}
	if g.api.CustomDomain {
		source.BasePath = g.api.Prefix
	}
	e := runtimeapi.RESTEvent(r, c.body, source)
	// Without binary media types, which no state may have here, a payload is text whatever it is.
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html
	e.Body, e.IsBase64Encoded = strings.ToValidUTF8(string(c.body), "\uFFFD"), false
	e.Resource, e.RequestContext.ResourcePath = c.path, c.path
	e.RequestContext.RequestID = c.context["requestId"]
	if g.api.CustomDomain { // no stage in it, whether or not there is a base path
		e.RequestContext.Path = e.Path
	}
	return e
}

// resource is the method's ARN below the API's, as permissions and policies name it.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
func (g *rest) resource(c *call) string {
	return g.api.ExecutionARN + "/" + g.api.Stage + "/" + c.r.Method + c.path
}

// integrate invokes the function and passes its answer on.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
func (g *rest) integrate(c *call, m *deployment.Method) *failure {
	if !permitted(m.Function, g.resource(c)) {
		return integration.because("Invalid permissions on Lambda function: no aws:lambda:Permission lets API Gateway invoke " +
			m.Function.ARN + " (" + m.Function.URN + ") for " + g.resource(c))
	}
	e := g.event(c)
	e.RequestContext.Authorizer = c.authorizerContext()
	event, err := json.Marshal(e)
	if err != nil {
		return integration.because(err.Error())
	}
	if len(event) > runtimeapi.MaxBuffered { // Lambda's own limit
		return &requestTooLarge
	}
	ctx, cancel := context.WithTimeout(c.r.Context(), m.Timeout)
	defer cancel()
	begun := time.Now()
	c.invoked = true
	answer, err := g.invoker.Invoke(ctx, m.Function.ARN, event, m.Streaming)
	if err != nil {
		c.context["integration.latency"] = millis(time.Since(begun))
		return invocationFailure(ctx, err)
	}
	defer answer.Body.Close()
	c.cold = answer.Cold
	c.context["integration.integrationStatus"] = "200" // Lambda's; the function's is known below
	// The limit holds for the whole answer; a stream that is over it breaks off.
	stop := context.AfterFunc(ctx, func() { _ = answer.Body.Close() })
	defer stop()
	f := c.pass(answer.Body, m.Streaming)
	c.context["integration.latency"] = millis(time.Since(begun))
	if f != nil && ctx.Err() != nil {
		return invocationFailure(ctx, ctx.Err())
	}
	return f
}

// invocationFailure is the answer when there is none. AWS tells a function that failed
// (502) from one that could not be invoked (500).
// https://repost.aws/knowledge-center/api-gateway-5xx-error
func invocationFailure(ctx context.Context, err error) *failure {
	var failed *runtimeapi.FunctionError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &timedOut
	case errors.As(err, &failed):
		return malformed.because("the function failed: " + err.Error())
	default:
		return integration.because("Lambda: " + err.Error())
	}
}

// pass hands the function's answer to the client.
func (c *call) pass(body io.Reader, streaming bool) *failure {
	res, err := readAnswer(body, streaming)
	if err != nil {
		return malformed.because("Malformed Lambda proxy response: " + err.Error())
	}
	c.context["integration.status"] = strconv.Itoa(res.Status)
	remap(res.Header)
	if res.Header.Get("Content-Type") == "" {
		res.Header.Set("Content-Type", "application/json")
	}
	res.Header.Set("X-Amzn-Requestid", c.context["requestId"])
	for name, values := range res.Header {
		c.Header()[name] = values
	}
	c.WriteHeader(res.Status)
	if _, err := c.Write(res.Body); err == nil && streaming {
		runtimeapi.CopyStream(c, body)
	}
	return nil
}

func readAnswer(body io.Reader, streaming bool) (runtimeapi.Response, error) {
	if streaming {
		return runtimeapi.ReadPrelude(body)
	}
	document, err := io.ReadAll(body)
	if err != nil {
		return runtimeapi.Response{}, err
	}
	res, err := runtimeapi.ReadResponse(document)
	if res.Base64 { // for the same reason as in the event, nothing decodes it
		res.Body = []byte(base64.StdEncoding.EncodeToString(res.Body))
	}
	return res, err
}
