package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"leasehold.example/tests/deployment"
	"leasehold.example/tests/runtimeapi"
)

// httpAPI is the stage $default of an HTTP API.
type httpAPI struct {
	api      *deployment.HTTP
	invoker  Invoker
	options  Options
	source   apiSource
	throttle throttle
}

// HTTP serves the HTTP API of a deployment. It has no firewall, no authorizer and no gateway
// responses (RULES 46).
func HTTP(d *deployment.Deployment, invoker Invoker, o Options) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	api := d.HTTP
	parts := strings.Split(api.ExecutionARN, ":")
	return &httpAPI{
		api: api, invoker: invoker, options: o, throttle: throttle{Throttle: api.Throttle},
		source: apiSource{id: api.ID, account: parts[4], stage: api.Stage, host: api.Host},
	}
}

// ServeHTTP answers a request. What goes wrong has a fixed answer, whose texts are AWS's.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html
func (g *httpAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, tooLarge := begin(&g.options, w, r, g.source)
	defer c.end(g.api.LogFormat)
	key, route := g.route(r)
	c.context["routeKey"] = key
	switch {
	case headerTooLarge(r):
		c.refuseHTTP(http.StatusRequestHeaderFieldsTooLarge, "Request Header Fields Too Large", "request line and header values have more than 10,240 bytes")
	case route == nil:
		c.refuseHTTP(http.StatusNotFound, "Not Found", "the API has no such route")
	case !g.throttle.allows(key, g.options.Now()):
		c.refuseHTTP(http.StatusTooManyRequests, "Too Many Requests", "more than the stage's rate and burst")
	case tooLarge:
		c.refuseHTTP(http.StatusRequestEntityTooLarge, "Request Entity Too Large", "the payload is larger than 10 MB")
	default:
		g.integrate(c, key, route)
	}
}

func (c *call) refuseHTTP(status int, message, why string) {
	c.explain("%d: %s", status, why)
	c.context["error.message"], c.context["error.messageString"] = message, quoted(message)
	c.Header().Set("Content-Type", "application/json")
	c.Header().Set("Apigw-Requestid", c.context["requestId"])
	c.WriteHeader(status)
	_, _ = c.Write([]byte(`{"message":` + quoted(message) + `}`)) // a client that left needs none
}

// route prefers a route for the method to one for any.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
func (g *httpAPI) route(r *http.Request) (key string, route *deployment.Route) {
	for _, key := range []string{r.Method + " " + r.URL.Path, deployment.AnyMethod + " " + r.URL.Path, "$default"} {
		if route := g.api.Routes[key]; route != nil {
			return key, route
		}
	}
	return "", nil
}

func (g *httpAPI) integrate(c *call, key string, route *deployment.Route) {
	source := g.api.ExecutionARN + "/" + g.api.Stage + "/" + strings.ReplaceAll(key, " ", "") // GET/healthz
	if !permitted(route.Function, source) {
		c.refuseHTTP(http.StatusInternalServerError, "Internal Server Error", "no aws:lambda:Permission lets API Gateway invoke "+
			route.Function.ARN+" ("+route.Function.URN+") for "+source)
		return
	}
	e := runtimeapi.HTTPEvent(c.r, c.body, runtimeapi.Source{AccountID: g.source.account, APIID: g.api.ID, Stage: g.api.Stage, Domain: g.api.Host})
	e.RouteKey, e.RequestContext.RouteKey, e.RequestContext.RequestID = key, key, c.context["requestId"]
	event, err := json.Marshal(e)
	if err != nil || len(event) > runtimeapi.MaxBuffered {
		c.refuseHTTP(http.StatusRequestEntityTooLarge, "Request Entity Too Large", "the event is larger than the 6 MB of Lambda")
		return
	}
	ctx, cancel := context.WithTimeout(c.r.Context(), route.Timeout)
	defer cancel()
	begun := time.Now()
	c.invoked = true
	answer, err := g.invoker.Invoke(ctx, route.Function.ARN, event, false)
	c.context["integration.latency"] = millis(time.Since(begun))
	c.context["integrationLatency"] = c.context["integration.latency"]
	switch {
	case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		c.refuseHTTP(http.StatusServiceUnavailable, "Service Unavailable", "the function took longer than the integration's timeout")
	case errors.Is(err, runtimeapi.ErrThrottled):
		c.refuseHTTP(http.StatusServiceUnavailable, "Service Unavailable", err.Error())
	case err != nil:
		c.refuseHTTP(http.StatusInternalServerError, "Internal Server Error", "the function failed: "+err.Error())
	default:
		defer answer.Body.Close()
		c.cold = answer.Cold
		c.context["integration.integrationStatus"] = "200"
		c.passHTTP(answer, route)
	}
}

// passHTTP hands the function's answer to the client, after the mappings of its status.
//
// AWS documents the renaming of WWW-Authenticate for REST APIs only, and people report it of
// HTTP APIs too; so it is renamed here, and a stack that relies on neither is right.
func (c *call) passHTTP(answer *Answer, route *deployment.Route) {
	document, err := io.ReadAll(answer.Body)
	var res runtimeapi.Response
	if err == nil {
		res, err = runtimeapi.ReadResponse(document)
	}
	switch {
	case errors.Is(err, runtimeapi.ErrNoStatus): // the whole of it is the body of a 200
		res = runtimeapi.Response{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: document}
	case err != nil:
		c.refuseHTTP(http.StatusInternalServerError, "Internal Server Error", "the function's answer: "+err.Error())
		return
	}
	c.context["integration.status"] = strconv.Itoa(res.Status)
	original := res.Header.Clone()
	remap(res.Header)
	mapHeader(res.Header, original, route.Mappings[res.Status])
	if res.Header.Get("Content-Type") == "" {
		res.Header.Set("Content-Type", "text/plain;charset=UTF-8")
	}
	res.Header.Set("Apigw-Requestid", c.context["requestId"])
	for name, values := range res.Header {
		c.Header()[name] = values
	}
	c.WriteHeader(res.Status)
	_, _ = c.Write(res.Body) // a client that left needs none
}

// mapHeader applies response parameters. Their values are static or a header of the
// function's own answer; one that has none changes nothing.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html
func mapHeader(h, original http.Header, mappings map[string]string) {
	for key, value := range mappings {
		action, name, _ := strings.Cut(key, ":header.")
		if source, ok := strings.CutPrefix(value, "$response.header."); ok {
			value = strings.Join(original.Values(source), ",")
		}
		switch {
		case action == "remove":
			h.Del(name)
		case value == "":
		case action == "append":
			h.Add(name, value)
		default:
			h.Set(name, value)
		}
	}
}
