package main

import (
	"errors"
	"testing"

	"github.com/aws/smithy-go"
)

// TestRetryer repeats what IAM denies, because a new role is not known everywhere at once,
// and nothing that stays wrong.
func TestRetryer(t *testing.T) {
	t.Parallel()
	r := retryer()
	for code, want := range map[string]bool{
		"AccessDeniedException": true, "ThrottlingException": true,
		"ResourceNotFoundException": false, "InvalidParameterException": false,
	} {
		if got := r.IsErrorRetryable(&smithy.GenericAPIError{Code: code}); got != want {
			t.Errorf("%s: retryable %v", code, got)
		}
	}
	if r.IsErrorRetryable(errors.New("something else")) || r.MaxAttempts() != 8 {
		t.Errorf("%d attempts", r.MaxAttempts())
	}
}
