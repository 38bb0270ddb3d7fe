// Package standin is a provider plugin that the Pulumi engine takes for pulumi-aws, where
// neither the plugin nor an account is to be had.
//
// It answers as AWS does where a mistake of the program would otherwise stay unseen: it
// refuses inputs that the types of the pulumi-aws Go SDK do not have, names what the
// program leaves unnamed, replaces what cannot be changed in place (package forcenew),
// refuses two resources of one name, and keeps in a directory what exists, so that a web
// ACL can lose its stage and a protected table can refuse to go. Everything else it
// believes.
package standin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"leasehold.example/stacks/forcenew"
)

// Plugin is the name of the executable that the engine starts for resources of AWS.
const Plugin = "pulumi-resource-aws"

// CloudVariable names the environment variable that holds the directory of Cloud.
const CloudVariable = "LEASEHOLD_STANDIN_CLOUD"

// Serve answers the engine until the engine ends it. The account is in the directory
// cloud.
func Serve(cloud string) error {
	return provider.Main("aws", func(*provider.HostClient) (pulumirpc.ResourceProviderServer, error) {
		return plugin.NewProviderServer(&server{cloud: Cloud(cloud)}), nil
	})
}

// server answers the engine. What it does not override is not implemented, and says so.
type server struct {
	plugin.UnimplementedProvider
	cloud Cloud
	place place
}

// Handshake declines secrets and resource references: the engine then sends plain values
// and ids, and marks what comes of secrets as secret by itself.
func (*server) Handshake(context.Context, plugin.ProviderHandshakeRequest) (*plugin.ProviderHandshakeResponse, error) {
	return &plugin.ProviderHandshakeResponse{}, nil
}

// GetPluginInfo says that this is newer than any SDK of its major version: the engine
// warns of an older plugin.
func (*server) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	return plugin.PluginInfo{Version: &semver.Version{Major: 6, Minor: 999}}, nil
}

// SignalCancellation has nothing to stop.
func (*server) SignalCancellation(context.Context) error { return nil }

// CheckConfig checks the settings of an explicit provider.
func (*server) CheckConfig(_ context.Context, r plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	return plugin.CheckConfigResponse{Properties: r.News, Failures: checkConfig(r.News)}, nil
}

// DiffConfig replaces nothing: another region would, and is another stack.
func (*server) DiffConfig(_ context.Context, r plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	return difference(r.OldInputs, r.NewInputs, nil), nil
}

// Configure learns where the resources are.
func (s *server) Configure(_ context.Context, r plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	if region := r.Inputs["region"]; region.IsString() {
		s.place.region = region.StringValue()
	}
	if accounts := r.Inputs["allowedAccountIds"]; accounts.IsArray() && len(accounts.ArrayValue()) > 0 && accounts.ArrayValue()[0].IsString() {
		s.place.account = accounts.ArrayValue()[0].StringValue()
	}
	return plugin.ConfigureResponse{}, nil
}

// Check refuses inputs that the SDK's type does not have and adds the name that the
// program left open.
func (*server) Check(_ context.Context, r plugin.CheckRequest) (plugin.CheckResponse, error) {
	t, ok := inputs[string(r.Type)]
	if !ok {
		return plugin.CheckResponse{}, fmt.Errorf(
			"the stand-in provider does not know %s: add its Args to stacks/internal/standin/registry.go and a line to stacks/forcenew/table.go", r.Type)
	}
	news := maps.Clone(r.News)
	if err := autoname(t, r, news); err != nil {
		return plugin.CheckResponse{}, err
	}
	return plugin.CheckResponse{Properties: news, Failures: check(t, news)}, nil
}

// Diff compares inputs. A name that the program chose cannot exist twice, so such a
// resource goes before its successor comes; this is what the real plugin does as well:
// https://www.pulumi.com/docs/iac/concepts/resources/names/#autonaming
func (*server) Diff(_ context.Context, r plugin.DiffRequest) (plugin.DiffResponse, error) {
	properties, _ := forcenew.Properties(string(r.Type))
	d := difference(r.OldInputs, r.NewInputs, properties)
	name, named := nameProperty(inputs[string(r.Type)])
	d.DeleteBeforeReplace = len(d.ReplaceKeys) > 0 && named &&
		!generated(r.NewInputs, name) && r.OldInputs[name].DeepEquals(r.NewInputs[name])
	return d, nil
}

// difference compares two sets of inputs; a change of one of replacing replaces.
func difference(olds, news resource.PropertyMap, replacing []string) plugin.DiffResult {
	diff := olds.Diff(news, func(key resource.PropertyKey) bool { return strings.HasPrefix(string(key), "__") })
	if diff == nil {
		return plugin.DiffResult{Changes: plugin.DiffNone}
	}
	d := plugin.DiffResult{Changes: plugin.DiffSome, ChangedKeys: diff.ChangedKeys(), DetailedDiff: plugin.NewDetailedDiffFromObjectDiff(diff, true)}
	for _, key := range d.ChangedKeys {
		if slices.Contains(replacing, string(key)) {
			d.ReplaceKeys = append(d.ReplaceKeys, key)
		}
	}
	for path, change := range d.DetailedDiff {
		p, err := resource.ParsePropertyPath(path)
		if err == nil && len(p) > 0 && slices.Contains(replacing, fmt.Sprint(p[0])) {
			d.DetailedDiff[path] = change.ToReplace()
		}
	}
	return d
}

// Create makes the resource exist. A preview knows no id, and of the state what the
// inputs say.
func (s *server) Create(_ context.Context, r plugin.CreateRequest) (plugin.CreateResponse, error) {
	token := string(r.Type)
	id, state := s.place.born(token, r.Properties)
	if r.Preview {
		return plugin.CreateResponse{Properties: unknown(r.Properties, state)}, nil
	}
	if err := s.cloud.create(object(token, id, state)); err != nil {
		return plugin.CreateResponse{}, err
	}
	return plugin.CreateResponse{ID: resource.ID(id), Properties: state}, nil
}

// Read returns what the engine's state says, with the texts that the cloud has now: what changed there by hand is
// seen where it is text, and what is gone is gone.
func (s *server) Read(_ context.Context, r plugin.ReadRequest) (plugin.ReadResponse, error) {
	now, err := s.cloud.get(object(string(r.Type), string(r.ID), r.State))
	if errors.Is(err, fs.ErrNotExist) {
		return plugin.ReadResponse{}, nil
	}
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	return plugin.ReadResponse{ReadResult: plugin.ReadResult{
		ID: r.ID, Inputs: withTexts(r.Inputs, now.State), Outputs: withTexts(r.State, now.State),
	}}, nil
}

// withTexts is a copy with other values where both have a text.
func withTexts(properties resource.PropertyMap, texts map[string]string) resource.PropertyMap {
	now := properties.Copy()
	for key, value := range now {
		if text, ok := texts[string(key)]; ok && value.IsString() {
			now[key] = resource.NewProperty(text)
		}
	}
	return now
}

// Update changes the resource in place.
func (s *server) Update(_ context.Context, r plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	state := changed(r)
	if r.Preview {
		return plugin.UpdateResponse{Properties: state}, nil
	}
	return plugin.UpdateResponse{Properties: state}, s.cloud.put(object(string(r.Type), string(r.ID), state))
}

// Delete ends the resource, if AWS would.
func (s *server) Delete(_ context.Context, r plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	return plugin.DeleteResponse{}, s.cloud.remove(object(string(r.Type), string(r.ID), r.Outputs))
}

// Invoke refuses: a data source asks an account that is not there.
func (*server) Invoke(_ context.Context, r plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	return plugin.InvokeResponse{}, fmt.Errorf("the stand-in provider does not know %s: take the value from the configuration", r.Tok)
}
