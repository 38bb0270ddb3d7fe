package seal

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"golang.org/x/sync/errgroup"
)

// Stages of a secret's versions, see
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version
const (
	stageCurrent  = "AWSCURRENT"
	stagePending  = "AWSPENDING"
	stagePrevious = "AWSPREVIOUS"
)

// SecretGetter is the one call that SecretsManager makes; *secretsmanager.Client has it.
type SecretGetter interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// SecretsManager is a Source over a secret whose versions hold one key each, in the form
// that ParseKey reads.
type SecretsManager struct {
	client SecretGetter
	arn    string
}

// NewSecretsManager returns the keys in the secret arn.
func NewSecretsManager(client SecretGetter, arn string) *SecretsManager {
	return &SecretsManager{client: client, arn: arn}
}

// Fetch asks for the three stages at once. A secret that was never rotated has neither
// a pending nor a previous version; all other failures fail the whole, because a
// set that lacks a key would call its values invalid.
func (s *SecretsManager) Fetch(ctx context.Context) (Keys, error) {
	var current, pending, previous *Key
	group, ctx := errgroup.WithContext(ctx)
	for stage, key := range map[string]**Key{
		stageCurrent: &current, stagePending: &pending, stagePrevious: &previous,
	} {
		group.Go(func() (err error) {
			*key, err = s.stage(ctx, stage)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return Keys{}, err
	}
	if current == nil {
		return Keys{}, fmt.Errorf("seal: the secret has no version %s", stageCurrent)
	}
	return Keys{Current: *current, Pending: pending, Previous: previous}, nil
}

// stage returns the key of the version at stage; nil when there is no such version.
func (s *SecretsManager) stage(ctx context.Context, stage string) (*Key, error) {
	out, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId: &s.arn, VersionStage: &stage,
	})
	var absent *types.ResourceNotFoundException
	if errors.As(err, &absent) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("seal: version %s of the secret: %w", stage, err)
	}
	if out.SecretString == nil {
		return nil, fmt.Errorf("seal: version %s of the secret has no SecretString", stage)
	}
	key, err := ParseKey([]byte(*out.SecretString))
	if err != nil {
		return nil, fmt.Errorf("seal: version %s of the secret: %w", stage, err)
	}
	return &key, nil
}
