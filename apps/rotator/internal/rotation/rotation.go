// Package rotation makes the keys of libs/seal in a Secrets Manager secret: the first one
// when it is told to, and later ones in the four steps of a rotation.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
//
// Applications seal with AWSCURRENT and open with AWSPENDING, AWSCURRENT and AWSPREVIOUS
// (RULES 31). A key is therefore complete under AWSPENDING before it becomes AWSCURRENT,
// and Secrets Manager keeps the one before as AWSPREVIOUS.
package rotation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"leasehold.example/libs/seal"
)

const (
	stageCurrent = "AWSCURRENT"
	stagePending = "AWSPENDING"
)

// StepEnsure is the step of an event of our own, which the stack sends once: it makes the
// first key in a secret that has none, and does nothing in one that has.
const StepEnsure = "ensureSecret"

// Client is what a Rotator uses of a *secretsmanager.Client.
type Client interface {
	seal.SecretGetter
	DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error)
	PutSecretValue(context.Context, *secretsmanager.PutSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error)
	UpdateSecretVersionStage(context.Context, *secretsmanager.UpdateSecretVersionStageInput, ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error)
}

// Rotator handles the events of secrets. It is safe for concurrent use.
type Rotator struct {
	client Client
	log    *slog.Logger
}

// New returns a Rotator. It makes no request.
func New(client Client, log *slog.Logger) *Rotator { return &Rotator{client: client, log: log} }

// Handle does one step. A step that was done before changes nothing. An error ends the
// rotation, which Secrets Manager tries again; the key in use stays what it was.
func (r *Rotator) Handle(ctx context.Context, e events.SecretsManagerSecretRotationEvent) error {
	versions, err := r.describe(ctx, e)
	if err != nil {
		return fmt.Errorf("rotator: %s: %w", e.Step, err)
	}
	if err := r.step(ctx, e, versions); err != nil {
		return fmt.Errorf("rotator: %s of version %s: %w", e.Step, e.ClientRequestToken, err)
	}
	r.log.InfoContext(ctx, "SealKeyRotation", "step", e.Step, "version", e.ClientRequestToken)
	return nil
}

// versions are the stages of each version of a secret, by its id.
type versions map[string][]string

// current is the id of the version in use; empty when there is none.
func (v versions) current() string {
	for id, stages := range v {
		if slices.Contains(stages, stageCurrent) {
			return id
		}
	}
	return ""
}

// describe returns the versions. That a secret rotates is not asked of one whose first
// key is to be made: its rotation is set up afterwards.
func (r *Rotator) describe(ctx context.Context, e events.SecretsManagerSecretRotationEvent) (versions, error) {
	out, err := r.client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &e.SecretID})
	if err != nil {
		return nil, err
	}
	if e.Step != StepEnsure && !aws.ToBool(out.RotationEnabled) {
		return nil, errors.New("rotation of the secret is not enabled")
	}
	return out.VersionIdsToStages, nil
}

func (r *Rotator) step(ctx context.Context, e events.SecretsManagerSecretRotationEvent, v versions) error {
	if e.Step == StepEnsure {
		return r.ensure(ctx, e, v)
	}
	switch stages := v[e.ClientRequestToken]; {
	case e.ClientRequestToken == "" || stages == nil:
		return errors.New("the secret has no such version")
	case slices.Contains(stages, stageCurrent):
		return nil // an event that came twice: all is done
	case !slices.Contains(stages, stagePending):
		return fmt.Errorf("the version is not %s", stagePending)
	}
	switch e.Step {
	case "createSecret":
		return r.create(ctx, e)
	case "setSecret":
		return nil // nobody else has to know the key
	case "testSecret":
		return r.test(ctx, e)
	case "finishSecret":
		return r.finish(ctx, e, v)
	default:
		return errors.New("unknown step")
	}
}

// ensure makes the first version. Two that run at once make two: the second is current
// and the first previous, and both open what they sealed.
func (r *Rotator) ensure(ctx context.Context, e events.SecretsManagerSecretRotationEvent, v versions) error {
	if v.current() != "" {
		return nil
	}
	return r.put(ctx, &secretsmanager.PutSecretValueInput{SecretId: &e.SecretID, VersionStages: []string{stageCurrent}})
}

// create fills the version that Secrets Manager has made without a value.
func (r *Rotator) create(ctx context.Context, e events.SecretsManagerSecretRotationEvent) error {
	_, err := r.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId: &e.SecretID, VersionId: &e.ClientRequestToken, VersionStage: aws.String(stagePending),
	})
	var absent *types.ResourceNotFoundException
	if !errors.As(err, &absent) {
		return err // nil: the step was done before, and another key would be a second one
	}
	err = r.put(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: &e.SecretID, ClientRequestToken: &e.ClientRequestToken, VersionStages: []string{stagePending},
	})
	var exists *types.ResourceExistsException
	if errors.As(err, &exists) {
		return nil // the same event, at the same time, was faster
	}
	return err
}

func (r *Rotator) put(ctx context.Context, in *secretsmanager.PutSecretValueInput) error {
	key, err := seal.NewDocument()
	if err != nil {
		return err
	}
	in.SecretString = aws.String(string(key))
	_, err = r.client.PutSecretValue(ctx, in)
	return err
}

// test reads the keys as an application does, and refuses a new one that it could not
// tell from another.
func (r *Rotator) test(ctx context.Context, e events.SecretsManagerSecretRotationEvent) error {
	keys, err := seal.NewSecretsManager(r.client, e.SecretID).Fetch(ctx)
	switch {
	case err != nil:
		return err
	case keys.Pending == nil:
		return errors.New("the version has no key yet")
	case keys.Pending.ID() == keys.Current.ID(), keys.Previous != nil && keys.Pending.ID() == keys.Previous.ID():
		return errors.New("the new key has the id of another")
	}
	return nil
}

// finish moves AWSCURRENT, and with it Secrets Manager moves AWSPREVIOUS. AWSPENDING may
// stay where AWSCURRENT is.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
func (r *Rotator) finish(ctx context.Context, e events.SecretsManagerSecretRotationEvent, v versions) error {
	in := &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &e.SecretID, VersionStage: aws.String(stageCurrent), MoveToVersionId: &e.ClientRequestToken,
	}
	if current := v.current(); current != "" {
		in.RemoveFromVersionId = &current
	}
	_, err := r.client.UpdateSecretVersionStage(ctx, in)
	return err
}
