package program

import (
	"strings"
	"testing"
)

// Each stack is asked for the archives that it deploys.
func TestArchivesOfStacks(t *testing.T) {
	t.Parallel()
	for edge, want := range map[string]string{EdgeREST: "mcp authorizer rotator auditor", EdgeHTTP: "server rotator auditor"} {
		if got := strings.Join((&Config{Edge: edge}).archives(), " "); got != want {
			t.Errorf("edge %s: %s, want %s", edge, got, want)
		}
	}
	names := (&Config{Edge: EdgeREST, Identity: IdentityCognito}).archives()
	if got := strings.Join(names, " "); got != "mcp authorizer rotator auditor pretoken" {
		t.Errorf("with a user pool: %s", got)
	}
}
