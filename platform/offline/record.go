package offline

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// recorder is the mock monitor. The SDK calls it from several goroutines; a parent is
// always recorded before its children, because they need its URN.
type recorder struct {
	project, stack string

	mu        sync.Mutex
	resources []*Resource
	byURN     map[string]*Resource
	outputs   map[string][]string // by type: the text attributes that a program can read
	begun     []string            // type and name of every registration that the program began
}

func newRecorder(project, stack string) *recorder {
	return &recorder{project: project, stack: stack, byURN: map[string]*Resource{}, outputs: map[string][]string{}}
}

// learn notes which attributes of a type are text that is always there. The SDK makes an
// attribute that nobody invented the empty string, silently; so each of them gets a value.
// Optional attributes (StringPtrOutput) stay absent, as they may be in AWS.
func (r *recorder) learn(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
	t := reflect.TypeOf(args.Resource).Elem()
	var keys []string
	for i := range t.NumField() {
		if key, ok := t.Field(i).Tag.Lookup("pulumi"); ok && t.Field(i).Type == reflect.TypeFor[pulumi.StringOutput]() {
			keys = append(keys, key)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outputs[args.Type] = keys
	r.begun = append(r.begun, args.Type+" "+args.Name)
	return nil
}

// stuck names the resources that the program began to register and whose inputs never became known.
func (r *recorder) stuck() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	waiting := slices.Clone(r.begun)
	for _, got := range r.resources {
		if i := slices.Index(waiting, got.Type+" "+got.Name); i >= 0 {
			waiting = slices.Delete(waiting, i, i+1)
		}
	}
	return fmt.Errorf("offline: the program does not end; these wait for an output that nothing resolves: %s", strings.Join(waiting, ", "))
}

// NewResource records a registration or a read and invents what AWS would have answered.
func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	got := &Resource{
		Type: args.TypeToken, Name: args.Name, Custom: args.Custom || args.ReadRPC != nil, Read: args.ReadRPC != nil,
		Inputs: args.Inputs, Provider: args.Provider, ID: args.ID,
	}
	parent := args.ReadRPC.GetParent()
	rpc := args.RegisterRPC // nil for a read; its getters allow that
	if rpc != nil {
		parent = rpc.GetParent()
	}
	got.Protect, got.RetainOnDelete, got.DeleteBeforeReplace = rpc.GetProtect(), rpc.GetRetainOnDelete(), rpc.GetDeleteBeforeReplace()
	got.IgnoreChanges, got.Dependencies = rpc.GetIgnoreChanges(), rpc.GetDependencies()
	if resource.URN(parent).IsValid() && resource.URN(parent).Type() != resource.RootStackType {
		got.Parent = parent
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	got.URN = r.urn(got.Parent, got.Type, got.Name)
	got.Aliases = r.aliases(got, rpc.GetAliases())
	got.State = maps.Clone(got.Inputs)
	if got.Custom {
		var id string
		id, got.State = invent(got, r.place(got.Provider), r.outputs[got.Type])
		got.ID = cmp.Or(got.ID, id)
	}
	for _, key := range rpc.GetAdditionalSecretOutputs() {
		if v, ok := got.State[resource.PropertyKey(key)]; ok && !v.IsSecret() {
			got.State[resource.PropertyKey(key)] = resource.MakeSecret(v)
		}
	}
	r.resources = append(r.resources, got)
	r.byURN[got.URN] = got
	return got.ID, got.State, nil
}

// Call answers what AWS says of the caller's place. Anything else is refused: the
// configuration decides what a stack is, not what an account holds today.
func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	r.mu.Lock()
	p := r.place(args.Provider)
	r.mu.Unlock()
	switch args.Token {
	case "aws:index/getCallerIdentity:getCallerIdentity":
		return texts("id", p.account, "accountId", p.account, "userId", "offline", "arn", p.arn("iam::ACCOUNT:role/offline")), nil
	case "aws:index/getPartition:getPartition":
		return texts("id", p.partition, "partition", p.partition, "dnsSuffix", p.suffix()), nil
	case "aws:index/getRegion:getRegion":
		return texts("id", p.region, "name", p.region), nil
	}
	return nil, fmt.Errorf("offline: %s asks AWS; take the value from the configuration", args.Token)
}

func texts(pairs ...string) resource.PropertyMap {
	m := resource.PropertyMap{}
	for pair := range slices.Chunk(pairs, 2) {
		m[resource.PropertyKey(pair[0])] = resource.NewProperty(pair[1])
	}
	return m
}

// place is where the provider (URN and id; empty is a default one) puts its resources. What
// the provider does not say is the example account and region.
func (r *recorder) place(provider string) place {
	region, account := Region, Account
	if i := strings.LastIndex(provider, "::"); i > 0 && r.byURN[provider[:i]] != nil {
		in := r.byURN[provider[:i]].Inputs
		region = cmp.Or(text(in, "region"), region)
		if allowed := in["allowedAccountIds"]; allowed.IsArray() && len(allowed.ArrayValue()) == 1 && allowed.ArrayValue()[0].IsString() {
			account = allowed.ArrayValue()[0].StringValue()
		}
	}
	return newPlace(region, account)
}

func (r *recorder) urn(parent, typ, name string) string {
	var parentType tokens.Type
	if parent != "" {
		parentType = resource.URN(parent).QualifiedType()
	}
	return string(resource.NewURN(tokens.QName(r.stack), tokens.PackageName(r.project), parentType, tokens.Type(typ), name))
}

// aliases are the URNs that the resource may have had: those it declares, and for each
// that its parent may have had, the same below that parent. A child whose name begins with
// its parent's is taken to have followed the parent's name, as the engine takes it:
// https://www.pulumi.com/docs/iac/concepts/options/aliases/
func (r *recorder) aliases(got *Resource, declared []*pulumirpc.Alias) []string {
	var all []string
	add := func(urn string) {
		if urn != got.URN && !slices.Contains(all, urn) {
			all = append(all, urn)
		}
	}
	own := []string{got.URN}
	for _, a := range declared {
		urn := cmp.Or(a.GetUrn(), r.former(got, a.GetSpec()))
		own = append(own, urn)
		add(urn)
	}
	parent := r.byURN[got.Parent]
	if parent == nil {
		return all
	}
	for _, former := range parent.Aliases {
		for _, urn := range own {
			name := resource.URN(urn).Name()
			if rest, ok := strings.CutPrefix(name, parent.Name); ok {
				name = resource.URN(former).Name() + rest
			}
			add(r.urn(former, string(resource.URN(urn).Type()), name))
		}
	}
	return all
}

// former is the URN that an alias without one stands for: what it does not name is as it is now.
func (r *recorder) former(got *Resource, a *pulumirpc.Alias_Spec) string {
	parent := cmp.Or(a.GetParentUrn(), got.Parent)
	if a.GetNoParent() || resource.URN(parent).IsValid() && resource.URN(parent).Type() == resource.RootStackType {
		parent = ""
	}
	was := &recorder{project: cmp.Or(a.GetProject(), r.project), stack: cmp.Or(a.GetStack(), r.stack)}
	return was.urn(parent, cmp.Or(a.GetType(), got.Type), cmp.Or(a.GetName(), got.Name))
}
