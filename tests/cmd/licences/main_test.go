package main

import (
	"strings"
	"testing"

	"leasehold.example/tests/internal/shipped"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	fine := shipped.Module{Path: "example.org/fine", Version: "v1.0.0", Licences: []string{"Apache-2.0", "MIT"}}
	for _, tt := range []struct {
		name    string
		module  shipped.Module
		refused string
	}{
		{"accepted", fine, ""},
		{"ours", shipped.Module{Path: "leasehold.example/libs"}, ""},
		{"copyleft", shipped.Module{Path: "example.org/m", Version: "v1.0.0", Licences: []string{"GPL-3.0"}}, "example.org/m: GPL-3.0"},
		{"one of two", shipped.Module{Path: "example.org/m", Version: "v1.0.0", Licences: []string{"AGPL-3.0", "MIT"}}, "example.org/m: AGPL-3.0"},
		{"none", shipped.Module{Path: "example.org/m", Version: "v1.0.0", Licences: []string{shipped.None}}, "example.org/m: NONE"},
		{"nobody knows", shipped.Module{Path: "example.org/m", Version: "v1.0.0", Licences: []string{shipped.NoAssertion}}, "example.org/m: NOASSERTION"},
		{"excused for this one", shipped.Module{Path: excused[0].module, Version: "v1.0.0", Licences: []string{excused[0].licence}}, ""},
		{"excused for another", shipped.Module{Path: excused[1].module, Version: "v1.0.0", Licences: []string{excused[0].licence}}, excused[1].module},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			err := judge(&out, []shipped.Module{fine, tt.module})
			if (err != nil) != (tt.refused != "") || err != nil && !strings.Contains(err.Error(), tt.refused) {
				t.Errorf("%v; want %q", err, tt.refused)
			}
			if strings.Contains(out.String(), "NOT ACCEPTED") != (tt.refused != "") || !strings.Contains(out.String(), fine.Path) {
				t.Errorf("printed %s", out.String())
			}
		})
	}
}
