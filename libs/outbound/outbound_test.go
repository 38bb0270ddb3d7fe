package outbound_test

import (
	"slices"
	"strings"
	"testing"

	"leasehold.example/libs/outbound"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	public := []string{"8.8.8.8:443", "1.1.1.1:8443", "[2606:4700::1111]:443", "[2606:4700:4700::1111]:443", "172.15.0.1:443", "172.32.0.1:443"}
	loopback := []string{"127.0.0.1:80", "127.9.9.9:443", "[::1]:443", "[::ffff:127.0.0.1]:443"}
	neither := []string{
		"10.0.0.1:443", "172.16.0.1:443", "192.168.1.1:443", "169.254.169.254:80", "100.64.0.1:443",
		"0.0.0.0:443", "0.1.2.3:443", "224.0.0.1:443", "255.255.255.255:443", "240.0.0.1:443",
		"192.0.0.192:443", "198.18.0.1:443", "[::]:443", "[fe80::1]:443", "[fe80::1%eth0]:443", "[fc00::1]:443", "[fd00:ec2::254]:80",
		"[::ffff:10.0.0.1]:443", "[::ffff:169.254.169.254]:80", "[64:ff9b::a00:1]:443", "[2002:a00:1::]:443",
		"[::10.0.0.1]:443", "[::ffff:100.64.0.1]:443", "[fec0::1%eth0]:443", "[2001:db8::1]:443", "[ff02::1]:443", "not an address", "",
	}
	for _, address := range slices.Concat(public, loopback, neither) {
		if got, want := outbound.CheckAddress(address, false) == nil, slices.Contains(public, address); got != want {
			t.Errorf("rule 17: %s may be dialled: %v", address, got)
		}
		if got, want := outbound.CheckAddress(address, true) == nil, slices.Contains(loopback, address); got != want {
			t.Errorf("rule 17: %s may be dialled for the local issuer: %v", address, got)
		}
	}
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]struct{ public, loopback bool }{
		"https://issuer.example":       {true, false},
		"https://issuer.example:8443/": {true, false},
		"http://issuer.example":        {false, false},
		"https://127.0.0.1:8080":       {true, true}, // the transport refuses to dial it
		"http://127.0.0.1:8080":        {false, true},
		"http://localhost:8080/token":  {false, true},
		"http://[::1]:8080":            {false, true},
		"http://127.0.0.1.example":     {false, false},
		"https://u:p@issuer.example":   {false, false},
		"https:issuer.example":         {false, false},
		"https:///token":               {false, false},
		"ftp://127.0.0.1":              {false, false},
		"":                             {false, false},
		"://":                          {false, false},
	} {
		if got := outbound.CheckURL(raw, false) == nil; got != want.public {
			t.Errorf("%q is accepted: %v", raw, got)
		}
		if got := outbound.CheckURL(raw, true) == nil; got != want.loopback {
			t.Errorf("%q is accepted on loopback: %v", raw, got)
		}
	}
}

// Rule 17: behind a proxy nobody sees which address is dialled.
func TestNoProxy(t *testing.T) {
	t.Parallel()
	for _, loopback := range []bool{true, false} {
		if outbound.Transport(loopback).Proxy != nil {
			t.Errorf("loopback %v: proxies of the environment are used", loopback)
		}
	}
}

// TestNoPassword: the errors of a configuration are in a log.
func TestNoPassword(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"https://u:hush@issuer.example", "http://u:hush@127.0.0.1", "https://u:hush@", "ftp://u:hush@issuer.example", "https:u:hush@issuer.example", "https://u:hush@[::1"} {
		for _, loopback := range []bool{true, false} {
			if err := outbound.CheckURL(raw, loopback); err == nil || strings.Contains(err.Error(), "hush") {
				t.Errorf("%q, loopback %v: %v", raw, loopback, err)
			}
		}
	}
}
