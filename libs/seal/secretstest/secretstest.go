// Package secretstest is one secret of AWS Secrets Manager for tests: its versions and
// staging labels behave as the API reference says.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/Welcome.html
package secretstest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// ARN is the secret's.
const ARN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:keys-AbCdEf"

// The staging labels that Secrets Manager moves by itself.
const (
	Current  = "AWSCURRENT"
	Pending  = "AWSPENDING"
	Previous = "AWSPREVIOUS"
)

// Secret is a secret without a version, reached at URL.
type Secret struct {
	URL string

	arn      string
	mu       sync.Mutex
	rotates  bool
	versions []*version
	writes   int
}

// version has no value between the start of its rotation and the first step.
type version struct {
	id     string
	value  *string
	stages []string
}

// New returns a secret with an ARN of its own, which is a handler and listens nowhere.
func New(arn string) *Secret { return &Secret{arn: arn} }

// Serve returns the secret ARN, which listens on loopback until the test ends.
func Serve(t testing.TB) *Secret {
	t.Helper()
	s := New(ARN)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Client returns a client of the secret, with made-up credentials.
func (s *Secret) Client() *secretsmanager.Client {
	return secretsmanager.New(secretsmanager.Options{
		Region: "eu-central-1", BaseEndpoint: &s.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		}),
	})
}

// Rotate begins a rotation, as RotateSecret does before it calls the function: it enables
// rotation and makes the version id, pending and without a value.
func (s *Secret) Rotate(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rotates = true
	s.label(s.version(id), Pending)
}

// Value returns what the version with a label holds; empty when there is none.
func (s *Secret) Value(stage string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.at(stage); v != nil && v.value != nil {
		return *v.value
	}
	return ""
}

// Writes is the number of requests so far that changed the secret.
func (s *Secret) Writes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

// request has the members of all four requests.
type request struct {
	VersionID           string `json:"VersionId"`
	VersionStage        string
	ClientRequestToken  string
	SecretString        string
	VersionStages       []string
	MoveToVersionID     string `json:"MoveToVersionId"`
	RemoveFromVersionID string `json:"RemoveFromVersionId"`
}

// ServeHTTP answers DescribeSecret, GetSecretValue, PutSecretValue and
// UpdateSecretVersionStage. Other requests, and other secrets, are errors.
func (s *Secret) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		request
		SecretID string `json:"SecretId"`
	}
	err := json.NewDecoder(r.Body).Decode(&in)
	var out any
	if err == nil && in.SecretID != s.arn {
		err = errNotFound
	}
	if err == nil {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		out, err = s.answer(operation, in.request)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		out = map[string]string{"__type": err.Error(), "message": "no"}
	}
	_ = json.NewEncoder(w).Encode(out) // a client that left needs no answer
}

// Errors of the API, by name.
var (
	errNotFound = errors.New("ResourceNotFoundException")
	errExists   = errors.New("ResourceExistsException")
	errInvalid  = errors.New("InvalidParameterException")
)

func (s *Secret) answer(operation string, in request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch operation {
	case "DescribeSecret":
		stages := map[string][]string{}
		for _, v := range s.versions {
			if len(v.stages) > 0 {
				stages[v.id] = v.stages
			}
		}
		return map[string]any{"ARN": s.arn, "RotationEnabled": s.rotates, "VersionIdsToStages": stages}, nil
	case "GetSecretValue":
		return s.get(in)
	case "PutSecretValue":
		return s.put(in)
	case "UpdateSecretVersionStage":
		return s.update(in)
	}
	return nil, errInvalid
}

func (s *Secret) get(in request) (any, error) {
	if in.VersionID == "" && in.VersionStage == "" {
		in.VersionStage = Current
	}
	for _, v := range s.versions {
		if (in.VersionID == "" || v.id == in.VersionID) && (in.VersionStage == "" || slices.Contains(v.stages, in.VersionStage)) && v.value != nil {
			return map[string]any{"ARN": s.arn, "VersionId": v.id, "SecretString": *v.value, "VersionStages": v.stages}, nil
		}
	}
	return nil, errNotFound
}

// put refuses another value for a version that has one, and moves AWSCURRENT to the
// version unless it is to get other labels.
func (s *Secret) put(in request) (any, error) {
	v := s.version(in.ClientRequestToken)
	if v.value != nil && *v.value != in.SecretString {
		return nil, errExists
	}
	s.writes++
	v.value = &in.SecretString
	if in.VersionStages == nil || s.at(Current) == nil && len(s.versions) == 1 {
		in.VersionStages = append(in.VersionStages, Current)
	}
	for _, stage := range in.VersionStages {
		s.label(v, stage)
	}
	return map[string]any{"ARN": s.arn, "VersionId": v.id, "VersionStages": v.stages}, nil
}

// update moves a label, which must be taken from the version that has it.
func (s *Secret) update(in request) (any, error) {
	from, to := s.at(in.VersionStage), s.find(in.MoveToVersionID)
	if from != nil && from.id != in.RemoveFromVersionID || from == nil && in.RemoveFromVersionID != "" || to == nil {
		return nil, errInvalid
	}
	s.writes++
	s.label(to, in.VersionStage)
	return map[string]any{"ARN": s.arn}, nil
}

// label moves stage to v, and AWSPREVIOUS to where AWSCURRENT was.
func (s *Secret) label(v *version, stage string) {
	from := s.at(stage)
	if from == v {
		return
	}
	if from != nil {
		from.stages = slices.DeleteFunc(from.stages, func(have string) bool { return have == stage })
		if stage == Current {
			s.label(from, Previous)
		}
	}
	v.stages = append(v.stages, stage)
}

// version returns the version with an id, a new one when there is none.
func (s *Secret) version(id string) *version {
	if v := s.find(id); v != nil {
		return v
	}
	v := &version{id: id}
	s.versions = append(s.versions, v)
	return v
}

func (s *Secret) find(id string) *version {
	for _, v := range s.versions {
		if v.id == id {
			return v
		}
	}
	return nil
}

// at returns the version with a label; nil when there is none.
func (s *Secret) at(stage string) *version {
	for _, v := range s.versions {
		if slices.Contains(v.stages, stage) {
			return v
		}
	}
	return nil
}
