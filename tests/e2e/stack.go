// Package e2e runs a deployed stack on one machine, from its state: the functions from their
// zips with their environment, the table from its schema, roles by their policies, and
// API Gateway by its definition. `make e2e` runs it; docs/e2e.md says what that shows and what it does not.
package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"leasehold.example/libs/seal/secretstest"
	"leasehold.example/tests/deployment"
	"leasehold.example/tests/gateway"
	"leasehold.example/tests/iam"
	"leasehold.example/tests/lambdapool"
	"leasehold.example/tests/waf"
)

// IssuerName is the issuer that the states of this package trust, until Up puts one on this
// machine in its place: the stack's own settings take no other than https.
const IssuerName = "https://issuer.example.com"

// grace is what a function has to end: it has no extension that AWS would wait for.
const grace = 10 * time.Second

// Options are a state and what stands around it.
type Options struct {
	// State is a deployment export with its secrets shown.
	State []byte
	// Issuer is the URL of the issuer on this machine.
	Issuer string
	// Token returns a token of the issuer for an audience; without scopes it has all.
	Token func(audience, tenant, subject string, scopes ...string) (string, error)
	// DynamoDB is the URL of DynamoDB Local.
	DynamoDB string
	// WebAdapter is the executable of lambdapool/internal/webadapter, which edge http needs.
	WebAdapter string
	// Listener is where the stack answers, until Close; nil is a free port of 127.0.0.1. Who has to know the
	// address before there is a stack opens it, and keeps the port while the rest is built.
	Listener net.Listener
	// Served is told of each request when it has been answered; nil is fine.
	Served func(gateway.Record)
	// Trouble is told of each line of what goes wrong, as it does; nil is fine.
	Trouble func(line string)
}

// Stack is a running one.
type Stack struct {
	// URL, MCPURL and MetadataURL are the stack's outputs, as they are here.
	URL, MCPURL, MetadataURL string

	options    Options
	deployment *deployment.Deployment
	replace    *strings.Replacer
	journal    journal
	refused    journal // what DynamoDB itself refused
	// aws and dynamodb are URLs: what functions call, and what is behind its policies.
	aws, dynamodb string
	pool          *lambdapool.Pool
	secret        *secretstest.Secret
	proxy         atomic.Pointer[iam.Proxy]
	api           atomic.Pointer[http.Handler]
	close         []func() error
}

// Up runs a state. What is wrong with it and shows before the first request is an error.
func Up(ctx context.Context, o Options) (*Stack, error) {
	s := &Stack{options: o, journal: journal{also: o.Trouble}}
	if err := s.begin(ctx); err != nil {
		return nil, fmt.Errorf("e2e: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

func (s *Stack) begin(ctx context.Context) error {
	before, err := deployment.Read(bytes.NewReader(s.options.State))
	if err != nil {
		return err
	}
	if err := s.listen(ctx, before); err != nil {
		return err
	}
	d, err := s.read(s.options.State)
	if err != nil {
		return err
	}
	if len(d.Secrets) != 1 {
		return fmt.Errorf("the state has %d secrets, not one", len(d.Secrets))
	}
	s.secret = secretstest.New(d.Secrets[0].ARN)
	for _, t := range d.Tables {
		if err := t.Create(ctx, s.options.DynamoDB); err != nil {
			return err
		}
		s.close = append(s.close, func() error { return t.Delete(context.WithoutCancel(ctx), s.options.DynamoDB) })
	}
	s.pool, err = lambdapool.New(lambdapool.Options{
		WebAdapter: s.options.WebAdapter, Grace: grace,
		Environment: func(f *deployment.Function) []string {
			return []string{
				"AWS_ACCESS_KEY_ID=" + accessKey(f), "AWS_SECRET_ACCESS_KEY=none", "AWS_SESSION_TOKEN=none",
				"AWS_ENDPOINT_URL_DYNAMODB=" + s.aws, "AWS_ENDPOINT_URL_SECRETS_MANAGER=" + s.aws,
			}
		},
		Output: func(f *deployment.Function) io.Writer {
			return &writer{journal: &s.journal, name: f.Name, keep: isTrouble}
		},
	})
	if err != nil {
		return err
	}
	s.close = append(s.close, s.pool.Close)
	if err := s.deploy(d); err != nil {
		return err
	}
	return s.invoke(ctx, d)
}

// listen opens the stack's address and that of AWS, for what deploy makes later.
func (s *Stack) listen(ctx context.Context, d *deployment.Deployment) error {
	dynamodb, err := url.Parse(s.options.DynamoDB)
	if err != nil {
		return err
	}
	if s.dynamodb, err = s.serve(ctx, nil, s.dynamoDB(dynamodb)); err != nil {
		return err
	}
	s.aws, err = s.serve(ctx, nil, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.proxy.Load().ServeHTTP(w, r)
	}))
	if err != nil {
		return err
	}
	own, err := s.serve(ctx, s.options.Listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		api := s.api.Load()
		if api == nil { // before the end of Up; the issuer's keys are elsewhere
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		(*api).ServeHTTP(w, r)
	}))
	if err != nil {
		return err
	}
	return s.substitution(d, own)
}

// serve serves h until Close, on a free port if l is nil, and returns the URL.
func (s *Stack) serve(ctx context.Context, l net.Listener, h http.Handler) (string, error) {
	if l == nil {
		var err error
		if l, err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
			return "", err
		}
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(l) }() // ends with Close
	s.close = append(s.close, server.Close)
	return "http://" + l.Addr().String(), nil
}

// MCPURL is what a state's MCP URL becomes when it is run on addr.
func MCPURL(state []byte, addr string) (string, error) {
	d, err := deployment.Read(bytes.NewReader(state))
	if err != nil {
		return "", fmt.Errorf("e2e: %w", err)
	}
	address, _ := d.Outputs["mcpUrl"].(string)
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("e2e: the stack's output mcpUrl is %q", address)
	}
	u.Scheme, u.Host = "http", addr
	return u.String(), nil
}

// substitution is what makes a state one of this machine. Tables have a name of their own
// besides, as several stacks may share one DynamoDB Local.
func (s *Stack) substitution(d *deployment.Deployment, own string) error {
	address, _ := d.Outputs["url"].(string)
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return fmt.Errorf("the stack's output url is %q", address)
	}
	pairs := []string{"https://" + u.Host, own, IssuerName, s.options.Issuer}
	for _, t := range d.Tables {
		pairs = append(pairs, t.Name, t.Name+"-"+rand.Text())
	}
	s.replace = strings.NewReplacer(pairs...)
	return nil
}

func (s *Stack) read(state []byte) (*deployment.Deployment, error) {
	return deployment.Read(strings.NewReader(s.replace.Replace(string(state))))
}

// deploy makes a deployment the one that is served.
func (s *Stack) deploy(d *deployment.Deployment) error {
	proxy, err := s.newProxy(d)
	if err != nil {
		return err
	}
	s.proxy.Store(proxy)
	if err := s.pool.Deploy(d); err != nil {
		return err
	}
	api, err := s.newAPI(d)
	if err != nil {
		return err
	}
	s.api.Store(&api)
	s.deployment = d
	s.URL, _ = d.Outputs["url"].(string)
	s.MCPURL, _ = d.Outputs["mcpUrl"].(string)
	s.MetadataURL, _ = d.Outputs["metadataUrl"].(string)
	return nil
}

// Token returns a token for the stack; without scopes it has all.
func (s *Stack) Token(tenant, subject string, scopes ...string) (string, error) {
	return s.options.Token(s.MCPURL, tenant, subject, scopes...)
}

// Update makes another state of the same stack the one that is served, as a deployment does:
// requests that have begun end where they began.
func (s *Stack) Update(state []byte) error {
	d, err := s.read(state)
	if err == nil {
		err = s.deploy(d)
	}
	if err != nil {
		return fmt.Errorf("e2e: update: %w", err)
	}
	return nil
}

// invoke does what the stack does itself while it is deployed: it makes the first key.
func (s *Stack) invoke(ctx context.Context, d *deployment.Deployment) error {
	mark := s.journal.mark()
	for _, i := range d.Invocations {
		// AWS invokes the newest version, which is the alias's.
		at := slices.IndexFunc(d.Aliases, func(a *deployment.Alias) bool { return a.Function == i.Function })
		if at < 0 {
			return fmt.Errorf("%s: no alias of %s runs here", i.URN, i.Function.URN)
		}
		answer, err := s.pool.Invoke(ctx, d.Aliases[at].ARN, i.Event, false)
		if err == nil {
			err = answer.Body.Close()
		}
		if err != nil {
			return s.explained(fmt.Errorf("%s: %w", i.URN, err), mark)
		}
	}
	return nil
}

func accessKey(f *deployment.Function) string { return "ASIA-" + f.Role.Name }

func (s *Stack) newProxy(d *deployment.Deployment) (*iam.Proxy, error) {
	callers, tables := map[string]iam.Caller{}, map[string]iam.Keys{}
	for _, f := range d.Functions {
		callers[accessKey(f)] = iam.Caller{
			Role: f.Role.Name, Session: f.Name, Policies: f.Role.Policies,
			Context: map[string][]string{"lambda:sourcefunctionarn": {f.ARN}},
		}
	}
	for _, t := range d.Tables {
		keys := iam.Keys{Partition: t.PartitionKey, Indexes: map[string]string{}}
		for _, x := range t.Indexes {
			keys.Indexes[x.Name] = x.PartitionKey
		}
		tables[t.Name] = keys
	}
	return iam.NewProxy(iam.ProxyConfig{
		Callers: callers, Account: d.Functions[0].Account(), DynamoDB: s.dynamodb, Tables: tables, Secrets: s.secret,
	})
}

// dynamoDB passes on to DynamoDB Local. Errors of requests go into the journal, except those that
// conditions answer.
func (s *Stack) dynamoDB(target *url.URL) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(res *http.Response) error {
			if res.StatusCode == http.StatusOK {
				return nil
			}
			body, err := io.ReadAll(res.Body)
			if err != nil {
				return err
			}
			res.Body = io.NopCloser(bytes.NewReader(body))
			if !bytes.Contains(body, []byte("ConditionalCheckFailed")) {
				line := "DynamoDB: " + res.Request.Header.Get("X-Amz-Target") + ": " + string(body)
				s.journal.note(line)
				s.refused.note(line)
			}
			return nil
		},
	}
}

func (s *Stack) newAPI(d *deployment.Deployment) (http.Handler, error) {
	o := gateway.Options{ExecutionLog: &writer{journal: &s.journal, name: "API Gateway"}, Served: s.options.Served}
	if d.HTTP != nil {
		return gateway.HTTP(d, s.pool, o), nil
	}
	firewall, err := waf.New(d.WebACL, waf.Options{})
	if err != nil {
		return nil, err
	}
	o.Firewall = firewall
	return gateway.REST(d, s.pool, o), nil
}

// Trouble is what went wrong so far, a line each: what the gateway answered by itself, what
// functions printed as warnings and errors, and what AWS refused.
func (s *Stack) Trouble() string { return strings.Join(s.trouble(0), "\n") }

// trouble is that since a mark of the journal, and what policies denied at any time.
func (s *Stack) trouble(mark int) []string {
	lines := s.journal.since(mark)
	if proxy := s.proxy.Load(); proxy != nil {
		for _, denied := range proxy.Denied() {
			lines = append(lines, "IAM: denied "+denied)
		}
	}
	return lines
}

// Close ends what runs, and deletes the tables.
func (s *Stack) Close() error {
	var errs []error
	for i := range s.close {
		errs = append(errs, s.close[len(s.close)-1-i]())
	}
	s.close = nil
	return errors.Join(errs...)
}

// explained adds the trouble since a mark.
func (s *Stack) explained(err error, mark int) error {
	return fmt.Errorf("%w\n%s", err, strings.Join(s.trouble(mark), "\n"))
}
