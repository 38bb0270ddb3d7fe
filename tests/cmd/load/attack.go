package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

const (
	modern = "2026-07-28"
	legacy = "2025-11-25"

	tool = "whoami" // any token may call it, it changes nothing, and every deployment has it

	timeout = 10 * time.Second // of one call
	maxBody = 64 << 10         // of an answer, in bytes
)

// era is one way to call the tool.
type era struct {
	version string
	header  http.Header
	params  string // of tools/call, beside the name and the arguments
}

// attack sends half of the calls in each era. Calls leave at their time whether or not
// earlier ones were answered: a slow server does not slow the load down.
func (p plan) attack(ctx context.Context) (*measured, error) {
	session, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	defer p.end(session)
	eras := []era{
		{
			modern,
			http.Header{"Mcp-Method": {"tools/call"}, "Mcp-Name": {tool}},
			`,"_meta":{"io.modelcontextprotocol/protocolVersion":"` + modern + `","io.modelcontextprotocol/clientCapabilities":{}}`,
		},
		{legacy, http.Header{"Mcp-Session-Id": {session}}, ""},
	}
	m := &measured{}
	var all sync.WaitGroup
	for _, e := range eras {
		all.Go(func() {
			attacker := p.attacker()
			stop := context.AfterFunc(ctx, func() { attacker.Stop() })
			defer stop()
			per := time.Duration(len(eras)) * time.Second
			pace := counted{vegeta.ConstantPacer{Freq: p.rate, Per: per}, uint64(p.rate) * uint64(p.duration) / uint64(per)}
			for r := range attacker.Attack(p.target(e), pace, 0, e.version) {
				m.add(r)
			}
		})
	}
	all.Wait()
	return m, nil
}

// counted ends a pace after so many calls, not after a time: on a busy machine, calls that should have left are
// made up for and not lost, so that each era has as many as the other.
type counted struct {
	vegeta.ConstantPacer
	calls uint64
}

func (c counted) Pace(elapsed time.Duration, made uint64) (wait time.Duration, stop bool) {
	if made >= c.calls {
		return 0, true
	}
	return c.ConstantPacer.Pace(elapsed, made)
}

func (p plan) attacker() *vegeta.Attacker {
	return vegeta.NewAttacker(
		vegeta.Client(p.client()), vegeta.MaxBody(maxBody),
		// So many are under way when each takes as long as it may: the rate is kept all the same.
		vegeta.MaxWorkers(uint64(p.rate)*uint64(timeout/time.Second)),
	)
}

// client follows no redirect, which could lead to another host. Connections are kept, as
// clients and API Gateway keep them.
func (p plan) client() *http.Client {
	return &http.Client{
		Timeout:       timeout,
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: maxRate},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// target makes calls with ids of their own.
func (p plan) target(e era) vegeta.Targeter {
	var id atomic.Uint64
	header := p.header(e.version)
	for name, v := range e.header {
		header[name] = v
	}
	return func(t *vegeta.Target) error {
		t.Method, t.URL, t.Header = http.MethodPost, p.url, header
		t.Body = fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":{}%s}}`, id.Add(1), tool, e.params)
		return nil
	}
}

func (p plan) header(version string) http.Header {
	return http.Header{
		"Authorization": {"Bearer " + p.token}, "Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
		"Mcp-Protocol-Version": {version},
	}
}

// open begins the session that the older era's calls are in.
func (p plan) open(ctx context.Context) (session string, err error) {
	header, status, err := p.send(ctx, http.MethodPost, "", `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"`+legacy+
		`","capabilities":{},"clientInfo":{"name":"load","version":"1"}}}`)
	if err != nil {
		return "", err
	}
	session = header.Get("Mcp-Session-Id")
	if status != http.StatusOK || session == "" {
		return "", fmt.Errorf("initialize was answered with %d; expected 200 and a session: is TOKEN good for this server?", status)
	}
	_, status, err = p.send(ctx, http.MethodPost, session, `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	if err == nil && status != http.StatusAccepted {
		err = fmt.Errorf("notifications/initialized was answered with %d; expected 202", status)
	}
	return session, err
}

// end ends the session, also when the load was interrupted. A failure leaves it to its idle timeout.
func (p plan) end(session string) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	_, _, _ = p.send(ctx, http.MethodDelete, session, "")
}

func (p plan) send(ctx context.Context, method, session, body string) (http.Header, int, error) {
	r, err := http.NewRequestWithContext(ctx, method, p.url, strings.NewReader(body))
	if err != nil {
		return nil, 0, errors.New("URL is not the address of an MCP endpoint")
	}
	r.Header = p.header(legacy)
	if session != "" {
		r.Header.Set("Mcp-Session-Id", session)
	}
	resp, err := p.client().Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxBody)); err != nil {
		return nil, 0, fmt.Errorf("read the answer: %w", err)
	}
	return resp.Header, resp.StatusCode, nil
}
