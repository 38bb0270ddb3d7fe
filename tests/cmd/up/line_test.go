package main

import (
	"net/http"
	"testing"
	"time"
)

func TestLine(t *testing.T) {
	t.Parallel()
	const token = "Bearer e30.eyJ0ZW5hbnQiOiJhY21lIn0.sig" // {"tenant":"acme"}
	for want, r := range map[string]served{
		"200     acme          tools/call math                       12ms  cold": {
			Status: 200, Header: http.Header{"Authorization": {token}}, Duration: 12*time.Millisecond + 300*time.Microsecond, Invoked: true, Cold: true,
			Body: []byte(`{"method":"tools/call","params":{"name":"math"}}`),
		},
		"401     -             tools/list                             1ms  -": {
			Status: 401, Duration: time.Millisecond, Body: []byte(`{"method":"tools/list"}`),
		},
		"200     -             GET /healthz                           3ms  warm": {
			Status: 200, Method: "GET", Path: "/healthz", Duration: 3 * time.Millisecond, Invoked: true,
		},
		"400     -             a?[2J                                   0s  -": {
			Status: 400, Header: http.Header{"Authorization": {"Bearer a.b.c"}}, Body: []byte(`{"method":"a\u001b[2J"}`),
		},
	} {
		if got := line(r); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
