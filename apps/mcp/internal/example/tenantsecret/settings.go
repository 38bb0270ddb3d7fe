package tenantsecret

import (
	"context"
	"fmt"
	"regexp"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/caarlos0/env/v11"

	"leasehold.example/apps/mcp/internal/tool"
)

// Settings are read from the environment. The name does not begin with LEASEHOLD_: the shipped
// server refuses what it does not know.
type Settings struct {
	// Prefix begins the names of all tenants' secrets: <project>-<stack>, which is what the
	// permissions boundary of docs/bootstrap.md lets a function read. Absent means that there are
	// no secrets, and the tool says so.
	Prefix string `env:"TENANT_SECRET_PREFIX"`

	// Client is asked in place of AWS; for a developer's machine.
	Client Getter `env:"-"`
}

// LoadSettings reads the environment of the process.
func LoadSettings() (Settings, error) { return env.ParseAs[Settings]() }

// Without a slash, which would make two prefixes overlap.
var prefixPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)

func entries(s Settings, o tool.Options) ([]tool.Entry, error) {
	secrets, err := s.open()
	return New(secrets, o.Logger), err
}

// open returns the secrets; nil when nothing is configured.
func (s Settings) open() (*Secrets, error) {
	if s.Prefix == "" {
		return nil, nil
	}
	if !prefixPattern.MatchString(s.Prefix) {
		return nil, fmt.Errorf("TENANT_SECRET_PREFIX: want letters, digits and . _ -, such as leasehold-prod; it is %q", s.Prefix)
	}
	if s.Client == nil {
		c, err := awsconfig.LoadDefaultConfig(context.Background())
		if err != nil {
			return nil, fmt.Errorf("tenantsecret: AWS configuration: %w", err)
		}
		s.Client = secretsmanager.NewFromConfig(c)
	}
	return NewSecrets(s.Client, s.Prefix, nil)
}
