// Package lambdapool runs the functions of a deployment as Lambda does: from the very zips
// that the state names, with its environment, timeout and concurrency, as processes that are
// frozen while they have nothing to do.
package lambdapool

import (
	"archive/zip"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"leasehold.example/tests/deployment"
	"leasehold.example/tests/gateway"
	"leasehold.example/tests/internal/executable"
	"leasehold.example/tests/runtimeapi"
)

// newAccount is the concurrency that accounts begin with, which all functions share.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const newAccount = 10

// Options are what the functions have around them.
type Options struct {
	// Root is what relative paths of archives begin at; empty is the working directory.
	Root string
	// Environment returns what a function has besides its own variables, as KEY=value: its
	// credentials, and the addresses of what stands in for AWS. It wins over both.
	Environment func(*deployment.Function) []string
	// Output returns where a function's lines go; nil discards them.
	Output func(*deployment.Function) io.Writer
	// Concurrency is the limit of a function without reserved concurrency; 0 is 10, which is
	// what a new account has.
	Concurrency int
	// WebAdapter is the executable of lambdapool/internal/webadapter, for functions with the
	// layer of the Lambda Web Adapter.
	WebAdapter string
	// Grace is the time between SIGTERM and SIGKILL; 0 is Lambda's.
	Grace time.Duration
}

// Pool is a gateway.Invoker.
type Pool struct {
	options Options
	dir     string

	mu        sync.RWMutex
	functions map[string]*running // by the ARN of the alias
}

var _ gateway.Invoker = (*Pool)(nil)

// running is a version of a function behind an alias.
type running struct {
	*runtimeapi.Function // nil when its reserved concurrency is 0
	active               sync.WaitGroup
	dir                  string
}

// New makes an empty pool. The caller closes it.
func New(o Options) (*Pool, error) {
	dir, err := os.MkdirTemp("", "lambdapool")
	if err != nil {
		return nil, fmt.Errorf("lambdapool: %w", err)
	}
	o.Concurrency = cmp.Or(o.Concurrency, newAccount)
	return &Pool{options: o, dir: dir, functions: map[string]*running{}}, nil
}

// Deploy starts what the aliases of a deployment stand for, moves the aliases, and returns when the
// functions that they stood for before have answered what they had and ended. Aliases of an
// earlier deployment that are not in this one stay.
func (p *Pool) Deploy(d *deployment.Deployment) error {
	started := map[string]*running{}
	for _, alias := range d.Aliases {
		r, err := p.start(alias)
		if err != nil {
			for _, r := range started {
				err = errors.Join(err, r.end())
			}
			return fmt.Errorf("lambdapool: %s: %w", alias.Function.URN, err)
		}
		started[alias.ARN] = r
	}
	p.mu.Lock()
	var before []*running
	for arn, r := range started {
		if old := p.functions[arn]; old != nil {
			before = append(before, old)
		}
		p.functions[arn] = r
	}
	p.mu.Unlock()
	return endAll(before)
}

func endAll(all []*running) error {
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, r := range all {
		wg.Go(func() { errs[i] = r.end() })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// end waits for the answers that are on their way.
func (r *running) end() error {
	r.active.Wait()
	var err error
	if r.Function != nil {
		err = r.Close()
	}
	return errors.Join(err, os.RemoveAll(r.dir))
}

// Close ends all functions.
func (p *Pool) Close() error {
	p.mu.Lock()
	all := make([]*running, 0, len(p.functions))
	for _, r := range p.functions {
		all = append(all, r)
	}
	p.functions = map[string]*running{}
	p.mu.Unlock()
	return errors.Join(endAll(all), os.RemoveAll(p.dir))
}

// start unpacks the archive and starts as many instances as are provisioned.
func (p *Pool) start(alias *deployment.Alias) (*running, error) {
	f := alias.Function
	limit := p.options.Concurrency
	if f.ReservedConcurrency >= 0 {
		limit = f.ReservedConcurrency
	}
	dir, err := os.MkdirTemp(p.dir, "function")
	if err != nil {
		return nil, err
	}
	r := &running{dir: dir}
	archive := f.Archive
	if !filepath.IsAbs(archive) {
		archive = filepath.Join(p.options.Root, archive)
	}
	if err := unpack(archive, dir); err != nil {
		return nil, err
	}
	if limit == 0 {
		return r, nil
	}
	cfg := runtimeapi.Config{
		Bootstrap: filepath.Join(dir, bootstrap), Env: p.environment(f), Timeout: f.Timeout, Grace: p.options.Grace,
		Instances: min(f.ProvisionedConcurrency, limit), MaxInstances: limit, Freeze: true,
		Name: f.Name, ARN: alias.ARN, Version: f.Version, Region: f.Region(), LogGroup: f.LogGroup, MemoryMB: f.MemoryMB,
	}
	if hasWebAdapter(f) {
		if p.options.WebAdapter == "" {
			return nil, errors.New("it has the layer of the Lambda Web Adapter, and Options.WebAdapter is empty")
		}
		// The adapter asks for events and the zip's bootstrap, which is a server, does not.
		cfg.Env = append(cfg.Env, "WEBADAPTER_SERVER="+cfg.Bootstrap)
		cfg.Bootstrap = p.options.WebAdapter
	}
	if p.options.Output != nil {
		cfg.Output = p.options.Output(f)
	}
	r.Function, err = runtimeapi.Start(cfg)
	return r, err
}

// hasWebAdapter knows the layer by its name, as AWS publishes it.
// https://github.com/aws/aws-lambda-web-adapter
func hasWebAdapter(f *deployment.Function) bool {
	return slices.ContainsFunc(f.Layers, func(layer string) bool { return strings.Contains(layer, ":layer:LambdaAdapterLayer") })
}

func (p *Pool) environment(f *deployment.Function) []string {
	var env []string
	for name, value := range f.Environment {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	if p.options.Environment != nil {
		env = append(env, p.options.Environment(f)...)
	}
	return env
}

// Invoke sends an event to the function behind an alias.
func (p *Pool) Invoke(ctx context.Context, alias string, event []byte, streaming bool) (*gateway.Answer, error) {
	p.mu.RLock()
	r := p.functions[alias]
	if r != nil {
		r.active.Add(1) // under the lock: who moves the alias waits for it
	}
	p.mu.RUnlock()
	switch {
	case r == nil:
		return nil, fmt.Errorf("lambdapool: ResourceNotFoundException: %s", alias)
	case r.Function == nil:
		r.active.Done()
		return nil, runtimeapi.ErrThrottled
	}
	s, err := r.Send(ctx, event, !streaming)
	if err != nil {
		r.active.Done()
		return nil, err
	}
	return &gateway.Answer{Body: &body{Stream: s, done: sync.OnceFunc(r.active.Done)}, Cold: s.Cold}, nil
}

// body is an answer that its function waits for. Closing it twice is as good as once.
type body struct {
	*runtimeapi.Stream
	done func()
}

// Close gives up the rest of the answer.
func (b *body) Close() error {
	defer b.done()
	return b.Stream.Close()
}

// bootstrap is what provided.al2023 runs, whatever the handler is.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
const bootstrap = "bootstrap"

// maxUnpacked is Lambda's own limit, in bytes.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxUnpacked = 250 << 20

// unpack puts an archive into dir. It wants what Lambda would only miss at the first
// invocation: an executable bootstrap at the root.
func unpack(archive, dir string) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("archive %s: %w", archive, err)
	}
	defer z.Close()
	found := false
	left := int64(maxUnpacked)
	for _, entry := range z.File {
		if entry.FileInfo().IsDir() {
			continue
		}
		if !filepath.IsLocal(entry.Name) {
			return fmt.Errorf("archive %s: %s is outside of it", archive, entry.Name)
		}
		if entry.Name == bootstrap {
			if entry.Mode()&0o111 == 0 {
				return fmt.Errorf("archive %s: Runtime.InvalidEntrypoint: bootstrap is not executable", archive)
			}
			found = true
		}
		n, err := unpackOne(entry, filepath.Join(dir, filepath.FromSlash(entry.Name)), left)
		if err != nil {
			return fmt.Errorf("archive %s: %s: %w", archive, entry.Name, err)
		}
		left -= n
	}
	if !found {
		return fmt.Errorf("archive %s: Runtime.InvalidEntrypoint: it has no bootstrap", archive)
	}
	return nil
}

var errTooLarge = errors.New("more than 250 MB unpacked")

func unpackOne(entry *zip.File, path string, limit int64) (n int64, err error) {
	in, err := entry.Open()
	if err != nil {
		return 0, err
	}
	defer in.Close()
	n, err = executable.Write(path, io.LimitReader(in, limit+1), entry.Mode().Perm()&0o755)
	if n > limit {
		err = errTooLarge
	}
	return n, err
}
