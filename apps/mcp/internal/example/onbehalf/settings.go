package onbehalf

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/caarlos0/env/v11"

	"leasehold.example/apps/mcp/internal/mcphttp"
	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/libs/exchange"
	"leasehold.example/libs/outbound"
)

// Settings are read from the environment. The names do not begin with LEASEHOLD_: the shipped
// server refuses what it does not know. Without any of them the tool says that it is not connected.
type Settings struct {
	// TokenURL is the https token endpoint of the authorization server.
	TokenURL string `env:"ONBEHALF_TOKEN_URL"`
	// ClientID is this server there.
	ClientID string `env:"ONBEHALF_CLIENT_ID"`
	// SecretARN is the Secrets Manager secret that holds the client's secret, as text. Absent
	// means a public client.
	SecretARN string `env:"ONBEHALF_SECRET_ARN"`
	// APIURL is the https base of the upstream API.
	APIURL string `env:"ONBEHALF_API_URL"`
	// Audience is the API's name at the authorization server.
	Audience string `env:"ONBEHALF_AUDIENCE"`
	// Scope is what the tool needs at the API.
	Scope string `env:"ONBEHALF_SCOPE" envDefault:"invoices:read"`

	// Insecure is for the stand-ins on a developer's machine: both URLs are then on loopback.
	Insecure bool `env:"-"`
}

// LoadSettings reads the environment of the process.
func LoadSettings() (Settings, error) { return env.ParseAs[Settings]() }

// off reports whether nothing is configured.
func (s Settings) off() bool { return s == Settings{Scope: s.Scope} }

// Check names all that is wrong with what is configured.
func (s Settings) Check() error {
	var problems []error
	for _, v := range []struct{ name, value string }{{"ONBEHALF_TOKEN_URL", s.TokenURL}, {"ONBEHALF_API_URL", s.APIURL}} {
		if err := outbound.CheckURL(v.value, s.Insecure); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", v.name, err))
		}
	}
	for _, v := range []struct{ name, value string }{
		{"ONBEHALF_CLIENT_ID", s.ClientID}, {"ONBEHALF_AUDIENCE", s.Audience}, {"ONBEHALF_SCOPE", s.Scope},
	} {
		if v.value == "" {
			problems = append(problems, fmt.Errorf("%s: it is not set", v.name))
		}
	}
	return errors.Join(problems...)
}

// connect returns the API, and what gets tokens for it; none when nothing is configured.
func connect(s Settings, c tool.Options) (API, mcphttp.Exchange, error) {
	if s.off() {
		return API{}, nil, nil
	}
	if err := s.Check(); err != nil {
		return API{}, nil, err
	}
	o := exchange.Options{TokenURL: s.TokenURL, ClientID: s.ClientID, InsecureLoopback: s.Insecure, Logger: c.Logger}
	if s.SecretARN != "" {
		o.Secret = secret(s.SecretARN)
	}
	e, err := exchange.New(o)
	if err != nil {
		return API{}, nil, err
	}
	return API{URL: s.APIURL, Audience: s.Audience, Scope: s.Scope}, e.Exchange, nil
}

// secret reads the client's secret. The AWS configuration is loaded when it is first needed.
func secret(arn string) func(context.Context) (string, error) {
	client := sync.OnceValues(func() (*secretsmanager.Client, error) {
		c, err := awsconfig.LoadDefaultConfig(context.Background())
		return secretsmanager.NewFromConfig(c), err
	})
	return func(ctx context.Context) (string, error) {
		c, err := client()
		if err != nil {
			return "", err
		}
		out, err := c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.SecretString), nil
	}
}
