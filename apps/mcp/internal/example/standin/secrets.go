package standin

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// Secrets answers GetSecretValue as Secrets Manager does, by exact name.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
type Secrets struct {
	mu     sync.Mutex
	values map[string]string
	asked  []string
	down   bool
}

// NewSecrets returns the secrets with these names and values.
func NewSecrets(values map[string]string) *Secrets { return &Secrets{values: values} }

// Set changes a secret, or makes one.
func (s *Secrets) Set(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[name] = value
}

// SetDown makes every request fail, or succeed again.
func (s *Secrets) SetDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// Asked are the names that were asked for, in order.
func (s *Secrets) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.asked...)
}

// ServeHTTP implements http.Handler.
func (s *Secrets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		SecretID string `json:"SecretId"`
	}
	err := json.NewDecoder(r.Body).Decode(&in)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, in.SecretID)
	value, ok := s.values[in.SecretID]
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	fail := func(code string) {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": code}) // who left needs no answer
	}
	switch {
	case err != nil || r.Header.Get("X-Amz-Target") != "secretsmanager.GetSecretValue":
		fail("InvalidRequestException")
	case s.down:
		fail("AccessDeniedException")
	case !ok:
		fail("ResourceNotFoundException")
	default:
		_ = json.NewEncoder(w).Encode(map[string]string{"Name": in.SecretID, "SecretString": value})
	}
}

// SecretsClient returns a client of what listens at url, with made-up credentials.
func SecretsClient(url string) *secretsmanager.Client {
	return secretsmanager.New(secretsmanager.Options{
		Region: "eu-central-1", BaseEndpoint: &url, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		}),
	})
}
