package deployment

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"leasehold.example/tests/iam"
)

// Function is a Lambda function.
type Function struct {
	URN, Name, ARN string
	// Archive is the zip's path, as the program named it.
	Archive string
	// Handler is what the state says; provided.al2023 starts "bootstrap" whatever it is.
	Handler, Runtime string
	Environment      map[string]string
	MemoryMB         int
	Timeout          time.Duration
	Architecture     string
	Layers           []string
	Version          string
	LogGroup         string
	// ReservedConcurrency is -1 when there is none, and ProvisionedConcurrency 0.
	ReservedConcurrency, ProvisionedConcurrency int
	// Role is whose policies the function's calls are checked against.
	Role *Role
	// Permissions are who may invoke it.
	Permissions []Permission
}

// Alias is what is invoked.
type Alias struct {
	URN, ARN, Name string
	Function       *Function
}

// Invocation is one that the stack made while it was deployed.
type Invocation struct {
	URN      string
	Function *Function
	Event    []byte
}

// Role is a function's execution role with the policies inside it.
type Role struct {
	URN, Name, ARN string
	Policies       []iam.Policy
}

// Permission is a statement of a function's resource policy.
// https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
type Permission struct {
	URN, Action, Principal string
	// Qualifier is an alias's name; the permission is for that alias alone. Empty is the
	// unqualified function alone.
	Qualifier string
	// SourceARN may have wildcards; empty is any.
	SourceARN string
}

// Region is where the function is.
func (f *Function) Region() string { return arnPart(f.ARN, 3) }

// Account is whose it is.
func (f *Function) Account() string { return arnPart(f.ARN, 4) }

func arnPart(arn string, i int) string {
	parts := strings.SplitN(arn, ":", 7)
	if len(parts) <= i {
		return ""
	}
	return parts[i]
}

func (d *Deployment) readFunctions(s state) error {
	roles, errRoles := readRoles(s)
	errs := []error{errRoles}
	for _, r := range s.of("lambda/function:Function") {
		f, err := readFunction(r, roles)
		errs = append(errs, err)
		if err == nil {
			d.Functions = append(d.Functions, f)
		}
	}
	if len(errs) == 1 {
		errs = append(errs, errors.New("the state has no aws:lambda/function:Function"))
	}
	for _, r := range s.of("lambda/alias:Alias") {
		errs = append(errs, d.readAlias(r))
	}
	for _, r := range s.of("lambda/permission:Permission") {
		errs = append(errs, d.readPermission(r))
	}
	for _, r := range s.of("lambda/invocation:Invocation") {
		var o struct {
			Function string `json:"functionName"`
			Input    string `json:"input"`
		}
		err := r.decode(&o)
		if err == nil {
			var f *Function
			f, err = d.named(r, o.Function)
			d.Invocations = append(d.Invocations, Invocation{URN: r.URN, Function: f, Event: []byte(o.Input)})
		}
		errs = append(errs, err)
	}
	for _, r := range s.of("lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig") {
		var c struct {
			Function string `json:"functionName"`
			Number   int    `json:"provisionedConcurrentExecutions"`
		}
		err := r.decode(&c)
		if err == nil {
			var f *Function
			if f, err = d.named(r, c.Function); err == nil {
				f.ProvisionedConcurrency = c.Number
			}
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func readFunction(r *resource, roles map[string]*Role) (*Function, error) {
	var o struct {
		Name          string   `json:"name"`
		ARN           string   `json:"arn"`
		Handler       string   `json:"handler"`
		Runtime       string   `json:"runtime"`
		MemorySize    int      `json:"memorySize"`
		Timeout       int      `json:"timeout"`
		Architectures []string `json:"architectures"`
		Layers        []string `json:"layers,omitempty"`
		Role          string   `json:"role"`
		Version       string   `json:"version,omitempty"`
		Reserved      *int     `json:"reservedConcurrentExecutions,omitempty"`
		Environment   struct {
			Variables map[string]string `json:"variables"`
		} `json:"environment,omitempty"`
		Logging struct {
			Group string `json:"logGroup"`
		} `json:"loggingConfig,omitempty"`
	}
	if err := r.decode(&o); err != nil {
		return nil, err
	}
	code, _ := r.Inputs["code"].(map[string]any)
	archive, _ := code["path"].(string)
	if archive == "" {
		return nil, r.errorf("its code is no archive of a path")
	}
	role, ok := roles[o.Role]
	if !ok {
		return nil, r.errorf("its role %s is not in the state", o.Role)
	}
	if err := acceptable(o.Environment.Variables); err != nil {
		return nil, r.errorf("environment: %v", err)
	}
	f := &Function{
		URN: r.URN, Name: o.Name, ARN: o.ARN, Archive: archive, Handler: o.Handler, Runtime: o.Runtime,
		Environment: o.Environment.Variables, MemoryMB: o.MemorySize, Timeout: time.Duration(o.Timeout) * time.Second,
		Architecture: o.Architectures[0], Layers: o.Layers, Version: cmp.Or(o.Version, "$LATEST"),
		LogGroup: o.Logging.Group, ReservedConcurrency: -1, Role: role,
	}
	if o.Reserved != nil {
		f.ReservedConcurrency = *o.Reserved
	}
	return f, nil
}

// maxEnvironment is what all names and values may have, in bytes.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxEnvironment = 4 << 10

// setByLambda are the names that Lambda sets, and refuses to have set.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
var setByLambda = []string{
	"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
	"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
	"AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
}

// acceptable is what Lambda says of an environment when the function is made, and Pulumi does not.
func acceptable(environment map[string]string) error {
	size := 0
	for name, value := range environment {
		if slices.Contains(setByLambda, name) {
			return fmt.Errorf("Lambda sets %s itself, and refuses it", name)
		}
		size += len(name) + len(value)
	}
	if size > maxEnvironment {
		return fmt.Errorf("%d bytes; Lambda takes %d", size, maxEnvironment)
	}
	return nil
}

func (d *Deployment) readAlias(r *resource) error {
	var o struct {
		Name     string `json:"name"`
		ARN      string `json:"arn"`
		Function string `json:"functionName"`
	}
	if err := r.decode(&o); err != nil {
		return err
	}
	f, err := d.named(r, o.Function)
	if err != nil {
		return err
	}
	d.Aliases = append(d.Aliases, &Alias{URN: r.URN, ARN: o.ARN, Name: o.Name, Function: f})
	return nil
}

func (d *Deployment) readPermission(r *resource) error {
	var o struct {
		Action    string `json:"action"`
		Function  string `json:"function"`
		Principal string `json:"principal"`
		Qualifier string `json:"qualifier,omitempty"`
		SourceARN string `json:"sourceArn,omitempty"`
	}
	if err := r.decode(&o); err != nil {
		return err
	}
	f, err := d.named(r, o.Function)
	if err != nil {
		return err
	}
	f.Permissions = append(f.Permissions, Permission{
		URN: r.URN, Action: o.Action, Principal: o.Principal, Qualifier: o.Qualifier, SourceARN: o.SourceARN,
	})
	return nil
}

// named is the function that r refers to by name or ARN.
func (d *Deployment) named(r *resource, function string) (*Function, error) {
	i := slices.IndexFunc(d.Functions, func(f *Function) bool { return f.Name == function || f.ARN == function })
	if i < 0 {
		return nil, r.errorf("function %s is not in the state", function)
	}
	return d.Functions[i], nil
}

// Alias is the one of an ARN. What API Gateway invokes has to be an alias: nothing else has a
// permission (RULES 37).
func (d *Deployment) Alias(arn string) (*Alias, error) {
	i := slices.IndexFunc(d.Aliases, func(a *Alias) bool { return a.ARN == arn })
	if i < 0 {
		return nil, fmt.Errorf("%s is no alias in the state", arn)
	}
	return d.Aliases[i], nil
}

// readRoles reads roles by ARN. Managed policies are of AWS and not in the state, so that
// nothing here could decide by them.
func readRoles(s state) (map[string]*Role, error) {
	roles, byName := map[string]*Role{}, map[string]*Role{}
	var errs []error
	for _, r := range s.of("iam/role:Role") {
		var o struct {
			Name    string   `json:"name"`
			ARN     string   `json:"arn"`
			Managed []string `json:"managedPolicyArns,omitempty"`
		}
		err := r.decode(&o)
		if err == nil && len(o.Managed) > 0 {
			err = r.errorf("managed policies are not read here: %s", o.Managed)
		}
		if errs = append(errs, err); err != nil {
			continue
		}
		roles[o.ARN] = &Role{URN: r.URN, Name: o.Name, ARN: o.ARN}
		byName[o.Name] = roles[o.ARN]
	}
	for _, r := range s.of("iam/rolePolicyAttachment:RolePolicyAttachment") {
		errs = append(errs, r.errorf("managed policies are not read here"))
	}
	for _, r := range s.of("iam/rolePolicy:RolePolicy") {
		errs = append(errs, readPolicy(r, byName))
	}
	return roles, errors.Join(errs...)
}

func readPolicy(r *resource, byName map[string]*Role) error {
	var o struct {
		Role   string `json:"role"`
		Policy string `json:"policy"`
	}
	if err := r.decode(&o); err != nil {
		return err
	}
	role, ok := byName[o.Role]
	if !ok {
		return r.errorf("role %s is not in the state", o.Role)
	}
	policy, err := iam.Parse(r.name(), []byte(o.Policy))
	if err != nil {
		return r.errorf("%w", err)
	}
	role.Policies = append(role.Policies, policy)
	return nil
}
