package tenantsecret

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/memo"
)

const (
	// rememberFor is how long a secret, or that there is none, is believed: so long takes a
	// rotation to be seen.
	rememberFor = 5 * time.Minute
	// remembered bounds the secrets in memory.
	remembered = 256
	timeout    = 5 * time.Second
)

// ErrAbsent means that the tenant has no such secret.
var ErrAbsent = errors.New("tenantsecret: absent")

// Getter is the one call that is made; *secretsmanager.Client has it.
type Getter interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// Secrets reads secrets that belong to tenants: that of a tenant is named
// <prefix>/tenant/<tenant>/<name>. It is safe for concurrent use.
type Secrets struct {
	client Getter
	prefix string
	now    func() time.Time
	known  *memo.Memo[found]
}

// found is a secret; ok is false when there is none.
type found struct {
	value string
	ok    bool
}

// NewSecrets returns the secrets below prefix; now is the clock, nil means time.Now.
func NewSecrets(client Getter, prefix string, now func() time.Time) (*Secrets, error) {
	if now == nil {
		now = time.Now
	}
	known, err := memo.New[found](remembered, timeout, now)
	if err != nil {
		return nil, fmt.Errorf("tenantsecret: %w", err)
	}
	return &Secrets{client: client, prefix: prefix, now: now, known: known}, nil
}

// Of returns the secret called name of p's tenant, and ErrAbsent when it has none. It takes the
// principal, and no tenant, so that no argument of a call can become one. name is the tool's own.
func (s *Secrets) Of(ctx context.Context, p identity.Principal, name string) (string, error) {
	// A principal's tenant cannot be either. Here it ends a path, so it is looked at again.
	if p.Tenant == "" || strings.Contains(p.Tenant, "/") {
		return "", errors.New("tenantsecret: the principal has no tenant that can be part of a name")
	}
	id := s.prefix + "/tenant/" + p.Tenant + "/" + name
	secret, err := s.known.Get(ctx, id, func(ctx context.Context) (found, time.Time, error) {
		asked := s.now()
		value, err := s.fetch(ctx, id)
		if errors.Is(err, ErrAbsent) {
			return found{}, asked.Add(rememberFor), nil
		}
		return found{value, true}, asked.Add(rememberFor), err
	})
	if err == nil && !secret.ok {
		err = ErrAbsent
	}
	return secret.value, err
}

func (s *Secrets) fetch(ctx context.Context, id string) (string, error) {
	out, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id})
	var absent *types.ResourceNotFoundException
	switch {
	case errors.As(err, &absent):
		return "", ErrAbsent
	case err != nil:
		return "", fmt.Errorf("tenantsecret: %w", err)
	case out.SecretString == nil || *out.SecretString == "":
		return "", errors.New("tenantsecret: the secret has no text")
	}
	return *out.SecretString, nil
}
