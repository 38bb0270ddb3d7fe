// Package canary has CodeDeploy shift a stack's traffic to the version that `pulumi up` published, and waits for what
// becomes of it. docs/deploy.md says when.
package canary

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// Outputs are those of a stack that a deployment needs.
type Outputs struct {
	Region      string `json:"region"`
	Function    string `json:"functionName"`
	Alias       string `json:"aliasName"`
	Version     string `json:"functionVersion"` // the newest
	Application string `json:"deploymentApplication"`
	Group       string `json:"deploymentGroup"`
}

// ReadOutputs reads what `pulumi stack output --json` prints.
func ReadOutputs(r io.Reader) (Outputs, error) {
	var o Outputs
	if err := json.NewDecoder(r).Decode(&o); err != nil {
		return o, fmt.Errorf("outputs of the stack: want the JSON of `pulumi stack output --json`: %w", err)
	}
	var missing []string
	for name, value := range map[string]string{"region": o.Region, "functionName": o.Function, "aliasName": o.Alias, "functionVersion": o.Version} {
		if value == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return o, fmt.Errorf("outputs of the stack: %q are not there; deploy it first", missing)
	}
	return o, nil
}

// Rollout is one deployment.
type Rollout struct {
	Outputs
	Lambda     *lambda.Client
	CodeDeploy *codedeploy.Client
	// Every is the time between two looks, and Timeout how long there may be looks at all. A deployment that
	// takes longer is stopped and rolled back.
	Every, Timeout time.Duration
	// Wait waits that long, or until the context ends, which is an error.
	Wait func(context.Context, time.Duration) error
	// Out is told of each step.
	Out io.Writer

	id   string
	seen string // what was said last
}

// Run shifts the alias to the newest version, unless there is nothing to shift. It fails when the deployment does,
// when an alarm or the timeout rolled it back, and when nothing would.
func (r *Rollout) Run(ctx context.Context) error {
	if r.Application == "" {
		r.say("no canary: the stack has leasehold:canary.enabled off, and `pulumi up` has moved the alias")
		return nil
	}
	current, weights, err := r.alias(ctx)
	if err != nil {
		return err
	}
	if len(weights) > 0 {
		return fmt.Errorf("a deployment is under way: %s serves version %s, and %s", r.Alias, current, shares(weights))
	}
	if current == r.Version {
		r.say("nothing to do: the alias %s of %s is at version %s, which is the newest", r.Alias, r.Function, current)
		return nil
	}
	if err := r.guarded(ctx); err != nil {
		return err
	}
	if err := r.create(ctx, current); err != nil {
		return err
	}
	return r.follow(ctx)
}

func (r *Rollout) say(format string, args ...any) {
	fmt.Fprintf(r.Out, "canary: "+format+"\n", args...)
}

// alias is the version that the alias serves, and the shares of others while traffic is shifted.
func (r *Rollout) alias(ctx context.Context) (version string, weights map[string]float64, err error) {
	a, err := r.Lambda.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &r.Function, Name: &r.Alias})
	if err != nil {
		return "", nil, fmt.Errorf("alias %s of %s: %w", r.Alias, r.Function, err)
	}
	if a.RoutingConfig != nil {
		weights = a.RoutingConfig.AdditionalVersionWeights
	}
	return aws.ToString(a.FunctionVersion), weights, nil
}

func shares(weights map[string]float64) (text string) {
	for _, version := range slices.Sorted(maps.Keys(weights)) {
		text += fmt.Sprintf("version %s gets %.0f%% ", version, 100*weights[version])
	}
	return text[:max(len(text)-1, 0)]
}

// guarded wants alarms, and a rollback when one rings: somebody may have changed the group by hand.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html
func (r *Rollout) guarded(ctx context.Context) error {
	out, err := r.CodeDeploy.GetDeploymentGroup(ctx, &codedeploy.GetDeploymentGroupInput{ApplicationName: &r.Application, DeploymentGroupName: &r.Group})
	if err != nil {
		return fmt.Errorf("deployment group %s: %w", r.Group, err)
	}
	alarms, rollback := out.DeploymentGroupInfo.AlarmConfiguration, out.DeploymentGroupInfo.AutoRollbackConfiguration
	if alarms == nil || !alarms.Enabled || len(alarms.Alarms) == 0 {
		return fmt.Errorf("deployment group %s has no alarms: nothing would end a bad deployment; deploy the stack again", r.Group)
	}
	if rollback == nil || !rollback.Enabled || !slices.Contains(rollback.Events, types.AutoRollbackEventDeploymentStopOnAlarm) ||
		!slices.Contains(rollback.Events, types.AutoRollbackEventDeploymentFailure) {
		return fmt.Errorf("deployment group %s does not roll back by itself; deploy the stack again", r.Group)
	}
	return nil
}

// create starts the deployment.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html
func (r *Rollout) create(ctx context.Context, current string) error {
	spec, err := json.Marshal(map[string]any{"version": 0.0, "Resources": []any{map[string]any{"mcp": map[string]any{
		"Type":       "AWS::Lambda::Function",
		"Properties": map[string]string{"Name": r.Function, "Alias": r.Alias, "CurrentVersion": current, "TargetVersion": r.Version},
	}}}})
	if err != nil {
		return fmt.Errorf("AppSpec: %w", err)
	}
	out, err := r.CodeDeploy.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{
		ApplicationName: &r.Application, DeploymentGroupName: &r.Group,
		Revision: &types.RevisionLocation{
			RevisionType:   types.RevisionLocationTypeAppSpecContent,
			AppSpecContent: &types.AppSpecContent{Content: aws.String(string(spec))},
		},
	})
	if err != nil {
		return fmt.Errorf("the deployment from version %s to %s did not start: %w", current, r.Version, err)
	}
	r.id = aws.ToString(out.DeploymentId)
	r.say("deployment %s shifts %s of %s from version %s to %s", r.id, r.Alias, r.Function, current, r.Version)
	return nil
}

// follow looks until the deployment has ended.
func (r *Rollout) follow(ctx context.Context) error {
	for elapsed := time.Duration(0); elapsed < r.Timeout; elapsed += r.Every {
		d, err := r.look(ctx)
		if err != nil {
			return r.unwatched(err)
		}
		if d.Status == types.DeploymentStatusSucceeded {
			return r.shifted(ctx)
		}
		if d.Status == types.DeploymentStatusFailed || d.Status == types.DeploymentStatusStopped {
			return r.failure(ctx, d)
		}
		if err := r.Wait(ctx, r.Every); err != nil {
			return r.unwatched(err)
		}
	}
	return r.stop(ctx)
}

// unwatched is when nobody looks any longer; the alarms still do.
func (r *Rollout) unwatched(err error) error {
	return fmt.Errorf("deployment %s goes on, under its alarms, and how it ends is not known: %w", r.id, err)
}

// look says what has changed since the last time.
func (r *Rollout) look(ctx context.Context) (*types.DeploymentInfo, error) {
	out, err := r.CodeDeploy.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: &r.id})
	if err != nil {
		return nil, err
	}
	_, weights, err := r.alias(ctx)
	if err != nil {
		return nil, err
	}
	said := string(out.DeploymentInfo.Status)
	if len(weights) > 0 {
		said += ", " + shares(weights)
	}
	if said != r.seen {
		r.seen = said
		r.say("%s", said)
	}
	return out.DeploymentInfo, nil
}

// shifted believes the alias, not the deployment.
func (r *Rollout) shifted(ctx context.Context) error {
	now, weights, err := r.alias(ctx)
	if err != nil {
		return err
	}
	if now != r.Version || len(weights) > 0 {
		return fmt.Errorf("deployment %s succeeded, and yet %s is at version %s and not at %s", r.id, r.Alias, now, r.Version)
	}
	r.say("%s of %s is at version %s", r.Alias, r.Function, now)
	return nil
}

// failure says why, and what is served now.
func (r *Rollout) failure(ctx context.Context, d *types.DeploymentInfo) error {
	why := "no reason is given"
	if e := d.ErrorInformation; e != nil {
		why = fmt.Sprintf("%s: %s", e.Code, aws.ToString(e.Message))
	}
	err := fmt.Errorf("deployment %s: %s (%s)", r.id, d.Status, why)
	if b := d.RollbackInfo; b != nil && aws.ToString(b.RollbackDeploymentId) != "" {
		err = fmt.Errorf("%w; it is rolled back by deployment %s", err, *b.RollbackDeploymentId)
	}
	if now, weights, errAlias := r.alias(ctx); errAlias != nil {
		err = errors.Join(err, errAlias)
	} else {
		err = fmt.Errorf("%w; %s is at version %s %s", err, r.Alias, now, shares(weights))
	}
	return err
}

// stop ends a deployment that takes too long, and has what it shifted taken back.
func (r *Rollout) stop(ctx context.Context) error {
	_, err := r.CodeDeploy.StopDeployment(ctx, &codedeploy.StopDeploymentInput{DeploymentId: &r.id, AutoRollbackEnabled: aws.Bool(true)})
	if err != nil {
		return r.unwatched(fmt.Errorf("it did not end in %v, and cannot be stopped: %w", r.Timeout, err))
	}
	return fmt.Errorf("deployment %s did not end in %v: it is stopped and rolled back", r.id, r.Timeout)
}
