package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"leasehold.example/tests/gateway"
)

type served = gateway.Record

const columns = "%-6v  %-12s  %-32s  %8s  %s"

var heading = fmt.Sprintf(columns, "STATUS", "TENANT", "REQUEST", "TIME", "START")

// line is one of the dashboard.
func line(r served) string {
	start := "-" // no function
	switch {
	case r.Cold:
		start = "cold"
	case r.Invoked:
		start = "warm"
	}
	return fmt.Sprintf(columns, r.Status, tenant(r), request(r), r.Duration.Round(time.Millisecond), start)
}

// request is the method and name of a JSON-RPC message, or of the HTTP request.
func request(r served) string {
	var message struct {
		Method string
		Params struct{ Name string }
	}
	if err := json.Unmarshal(r.Body, &message); err != nil || message.Method == "" {
		return r.Method + " " + r.Path
	}
	return strings.TrimSpace(printable(message.Method) + " " + printable(message.Params.Name))
}

// tenant is what the token names, which has not been verified when the status is 401.
func tenant(r served) string {
	parts := strings.Split(r.Header.Get("Authorization"), ".")
	if len(parts) != 3 {
		return "-"
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct{ Tenant string }
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.Tenant == "" {
		return "-"
	}
	return printable(claims.Tenant)
}

// printable keeps control characters of a request off the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f {
			return '?'
		}
		return r
	}, s)
}
