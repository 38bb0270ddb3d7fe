package deployed

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// Secrets is as much of AWS Secrets Manager as a function asks for: one secret, never
// rotated, that everyone may read.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
type Secrets struct {
	URL      string
	key      string
	requests atomic.Int64
}

// ServeSecrets listens on loopback until the test ends.
func ServeSecrets(t testing.TB) *Secrets {
	t.Helper()
	root := make([]byte, 32)
	_, _ = rand.Read(root) // never fails
	s := &Secrets{key: base64.StdEncoding.EncodeToString(root)}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Key is the root key in the secret, in base64.
func (s *Secrets) Key() string { return s.key }

// Requests is how often the secret was asked for.
func (s *Secrets) Requests() int64 { return s.requests.Load() }

// ServeHTTP answers GetSecretValue for the stage AWSCURRENT; there is no other.
func (s *Secrets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var in struct {
		ID           string `json:"SecretId"`
		VersionStage string
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || operation != "GetSecretValue" {
		failed(w, "InvalidRequestException")
		return
	}
	if in.VersionStage != "AWSCURRENT" {
		failed(w, "ResourceNotFoundException")
		return
	}
	document, err := json.Marshal(map[string]string{"kid": "one", "key": s.key})
	if err != nil {
		failed(w, "InternalServiceError")
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{ // a client that left needs no answer
		"ARN": in.ID, "Name": "seal", "VersionId": "00000000-0000-0000-0000-000000000001",
		"SecretString": string(document), "VersionStages": []string{in.VersionStage},
	})
}

func failed(w http.ResponseWriter, name string) {
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": name, "message": "no"}) // as above
}
