package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leasehold.example/tests/deployment"
	"leasehold.example/tests/iam"
	"leasehold.example/tests/runtimeapi"
)

// verdict is an authorizer's answer, which may be reused for another method.
type verdict struct {
	policies []iam.Policy
	// context has principalId and the values of the answer's context, as texts.
	context map[string]string
	expires time.Time
}

// cache has verdicts by identity sources.
type cache struct {
	mu       sync.Mutex
	verdicts map[string]*verdict
}

// authorize asks the authorizer unless an identity source is missing or the answer known,
// and holds the method against the policy.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/configure-api-gateway-lambda-authorization.html
func (g *rest) authorize(c *call, a *deployment.Authorizer) *failure {
	identity, missing := c.identity(a.Sources)
	if missing != "" {
		return unauthorized.because("the identity source " + missing + " is missing; the authorizer was not called")
	}
	now := c.options.Now()
	key := a.Name + "\x00" + identity
	v := g.cache.get(key, now)
	if v == nil {
		begun := time.Now()
		var f *failure
		v, f = g.ask(c, a)
		c.context["authorizer.latency"] = millis(time.Since(begun))
		if f != nil {
			return f
		}
		v.expires = now.Add(a.TTL)
		if a.TTL > 0 {
			g.cache.put(key, v)
		}
	}
	for name, value := range v.context {
		c.context["authorizer."+name] = value
	}
	d := iam.Evaluate(v.policies, iam.Call{Action: "execute-api:Invoke", Resource: g.resource(c)})
	if !d.Allowed {
		return accessDenied.because(fmt.Sprintf("the authorizer's policy does not allow %s (decided by %q)", g.resource(c), d.By))
	}
	return nil
}

func (k *cache) get(key string, now time.Time) *verdict {
	k.mu.Lock()
	defer k.mu.Unlock()
	if v := k.verdicts[key]; v != nil && now.Before(v.expires) {
		return v
	}
	return nil
}

func (k *cache) put(key string, v *verdict) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.verdicts == nil {
		k.verdicts = map[string]*verdict{}
	}
	k.verdicts[key] = v
}

// identity has the values of all sources; missing names one that has none.
func (c *call) identity(sources []string) (values, missing string) {
	var all []string
	for _, source := range sources {
		var value string
		if name, ok := strings.CutPrefix(source, "method.request.header."); ok {
			value = strings.Join(c.r.Header.Values(name), ",")
		} else if name, ok := strings.CutPrefix(source, "method.request.querystring."); ok {
			value = c.r.URL.Query().Get(name)
		} else {
			value = c.context[strings.TrimPrefix(source, "context.")]
		}
		if value == "" {
			return "", source
		}
		all = append(all, value)
	}
	return strings.Join(all, "\x00"), ""
}

// ask calls the authorizer. Its error "Unauthorized", and no other, is a 401.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html
func (g *rest) ask(c *call, a *deployment.Authorizer) (*verdict, *failure) {
	// The import gives the authorizer an id that nobody knows before.
	if source := g.api.ExecutionARN + "/authorizers/" + a.Name; !permitted(a.Function, source) {
		return nil, authorizerConfig.because("Invalid permissions on Lambda function: no aws:lambda:Permission lets API Gateway invoke " +
			a.Function.ARN + " (" + a.Function.URN + ") for " + source)
	}
	e := g.event(c)
	event, err := json.Marshal(events.APIGatewayCustomAuthorizerRequestTypeRequest{
		Type: "REQUEST", MethodArn: g.resource(c), Resource: e.Resource, Path: e.Path, HTTPMethod: e.HTTPMethod,
		Headers: e.Headers, MultiValueHeaders: e.MultiValueHeaders,
		QueryStringParameters: e.QueryStringParameters, MultiValueQueryStringParameters: e.MultiValueQueryStringParameters,
		PathParameters: map[string]string{}, StageVariables: map[string]string{},
		RequestContext: events.APIGatewayCustomAuthorizerRequestTypeRequestContext{
			Path: e.RequestContext.Path, AccountID: e.RequestContext.AccountID, ResourceID: e.RequestContext.ResourceID,
			Stage: e.RequestContext.Stage, RequestID: e.RequestContext.RequestID, ResourcePath: e.Resource,
			HTTPMethod: e.HTTPMethod, APIID: e.RequestContext.APIID,
			Identity: events.APIGatewayCustomAuthorizerRequestTypeRequestIdentity{SourceIP: e.RequestContext.Identity.SourceIP},
		},
	})
	if err != nil {
		return nil, authorizerConfig.because(err.Error())
	}
	document, err := g.whole(c.r.Context(), a.Function.ARN, event)
	var failed *runtimeapi.FunctionError
	switch {
	case errors.As(err, &failed) && failed.Message == "Unauthorized":
		c.context["authorizer.status"] = "401"
		return nil, unauthorized.because("the authorizer said Unauthorized")
	case err != nil:
		c.context["authorizer.status"] = "500"
		return nil, authorizerFailed.because("the authorizer failed: " + err.Error())
	}
	c.context["authorizer.status"] = "200"
	v, err := readVerdict(document)
	if err != nil {
		return nil, authorizerConfig.because("the authorizer's answer: " + err.Error())
	}
	return v, nil
}

func (g *rest) whole(ctx context.Context, alias string, event []byte) ([]byte, error) {
	answer, err := g.invoker.Invoke(ctx, alias, event, false)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return io.ReadAll(answer.Body)
}

// readVerdict reads an answer: a principal, a policy, and a context of texts, numbers and
// booleans.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
func readVerdict(document []byte) (*verdict, error) {
	var answer struct {
		PrincipalID    string          `json:"principalId"`
		PolicyDocument json.RawMessage `json:"policyDocument"`
		Context        map[string]any  `json:"context"`
	}
	if err := json.Unmarshal(document, &answer); err != nil {
		return nil, err
	}
	if answer.PrincipalID == "" || answer.PolicyDocument == nil {
		return nil, errors.New("it has no principalId or no policyDocument")
	}
	policy, err := iam.Parse("authorizer", answer.PolicyDocument)
	if err != nil {
		return nil, err
	}
	v := &verdict{policies: []iam.Policy{policy}, context: map[string]string{"principalId": answer.PrincipalID}}
	for name, value := range answer.Context {
		switch value := value.(type) {
		case string, bool, float64:
			v.context[name] = fmt.Sprint(value)
		default:
			return nil, fmt.Errorf("context.%s is neither text nor number nor boolean", name)
		}
	}
	return v, nil
}

// authorizerContext is what the function's event has of the authorizer; nil without one.
// Every value is text there.
func (c *call) authorizerContext() map[string]any {
	var all map[string]any
	for name, value := range c.context {
		if name, ok := strings.CutPrefix(name, "authorizer."); ok && name != "status" && name != "latency" {
			if all == nil {
				all = map[string]any{"integrationLatency": c.context["authorizer.latency"]}
			}
			all[name] = value
		}
	}
	return all
}
