package authserver_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// Rule 32: registration is JSON, capped, without CORS, and takes loopback redirects only.
func TestRegister(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	redirects := func(uris ...string) string { return `{"redirect_uris":["` + strings.Join(uris, `","`) + `"]}` }
	for name, tt := range map[string]struct{ body, code string }{
		"not JSON":             {"redirect_uris=x", "invalid_client_metadata"},
		"a key twice":          {`{"redirect_uris":["` + callback + `"],"redirect_uris":["` + callback + `"]}`, "invalid_client_metadata"},
		"trailing data":        {redirects(callback) + "{}", "invalid_client_metadata"},
		"no redirect":          {`{}`, "invalid_redirect_uri"},
		"eleven":               {redirects(slices.Repeat([]string{callback}, 11)...), "invalid_redirect_uri"},
		"another host":         {redirects(callback, "http://attacker.example/"), "invalid_redirect_uri"},
		"https elsewhere":      {redirects("https://attacker.example/"), "invalid_redirect_uri"},
		"https on loopback":    {redirects("https://127.0.0.1/"), "invalid_redirect_uri"},
		"another scheme":       {redirects("ftp://127.0.0.1/"), "invalid_redirect_uri"},
		"a private address":    {redirects("http://192.168.1.1/"), "invalid_redirect_uri"},
		"every interface":      {redirects("http://0.0.0.0/"), "invalid_redirect_uri"},
		"a look-alike":         {redirects("http://localhost.attacker.example/"), "invalid_redirect_uri"},
		"credentials":          {redirects("http://user@127.0.0.1/"), "invalid_redirect_uri"},
		"a fragment":           {redirects(callback + "#x"), "invalid_redirect_uri"},
		"an empty fragment":    {redirects(callback + "#"), "invalid_redirect_uri"},
		"a scheme of its own":  {redirects("cursor://callback"), "invalid_redirect_uri"},
		"javascript":           {redirects("javascript:alert(1)"), "invalid_redirect_uri"},
		"a zone":               {redirects("http://[::1%25lo]/"), "invalid_redirect_uri"},
		"a long one":           {redirects(callback + strings.Repeat("x", 2000)), "invalid_redirect_uri"},
		"an answer":            {`{"redirect_uris":["` + callback + `?iss=http://attacker.example"]}`, "invalid_redirect_uri"},
		"a machine":            {`{"redirect_uris":["` + callback + `"],"grant_types":["client_credentials"]}`, "invalid_client_metadata"},
		"a machine, too":       {`{"redirect_uris":["` + callback + `"],"grant_types":["authorization_code","client_credentials"]}`, "invalid_client_metadata"},
		"no code grant":        {`{"redirect_uris":["` + callback + `"],"grant_types":["implicit"]}`, "invalid_client_metadata"},
		"another response":     {`{"redirect_uris":["` + callback + `"],"response_types":["token"]}`, "invalid_client_metadata"},
		"another method":       {`{"redirect_uris":["` + callback + `"],"token_endpoint_auth_method":"private_key_jwt"}`, "invalid_client_metadata"},
		"a name that misleads": {`{"redirect_uris":["` + callback + `"],"client_name":"a\u202eb"}`, "invalid_client_metadata"},
		"a long name":          {`{"redirect_uris":["` + callback + `"],"client_name":"` + strings.Repeat("x", 201) + `"}`, "invalid_client_metadata"},
	} {
		if a := w.post(t, "/register", tt.body); a.StatusCode != http.StatusBadRequest || a.json(t)["error"] != tt.code || a.json(t)["client_id"] != nil {
			t.Errorf("%s: %s: %s, want %s", name, a.Status, a.body, tt.code)
		}
	}
	for name, tt := range map[string]struct {
		body   string
		header http.Header
		status int
	}{
		"too large":        {`{"x":"` + strings.Repeat("x", 16<<10) + `"}`, http.Header{"Content-Type": {"application/json"}}, http.StatusRequestEntityTooLarge},
		"as a form":        {redirects(callback), http.Header{"Content-Type": {"text/plain"}}, http.StatusUnsupportedMediaType},
		"no type":          {redirects(callback), nil, http.StatusUnsupportedMediaType},
		"a foreign Origin": {redirects(callback), http.Header{"Content-Type": {"application/json"}, "Origin": {"http://attacker.example"}}, http.StatusForbidden},
		"a null Origin":    {redirects(callback), http.Header{"Content-Type": {"application/json"}, "Origin": {"null"}}, http.StatusForbidden},
	} {
		a := w.do(t, http.MethodPost, "/register", tt.body, tt.header)
		if a.StatusCode != tt.status || a.json(t)["client_id"] != nil || a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %s: %s", name, a.Status, a.body)
		}
	}
	preflight := w.do(t, http.MethodOptions, "/register", "", http.Header{"Origin": {"http://attacker.example"}, "Access-Control-Request-Method": {"POST"}})
	if preflight.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("a preflight succeeds")
	}
	if a := w.post(t, "/register", redirects("http://localhost:1/", "http://[::1]/", "http://127.0.0.53/x?y=z")); a.StatusCode != http.StatusCreated {
		t.Errorf("loopback in three forms: %s: %s", a.Status, a.body)
	}
}

// A client that registers with a secret needs it, either way that it may be sent.
func TestRegisterSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, method := range []string{"", "client_secret_basic", "client_secret_post"} {
		body := `{"redirect_uris":["` + callback + `"],"grant_types":["authorization_code"],"token_endpoint_auth_method":"` + method + `"}`
		v := w.post(t, "/register", body).json(t)
		id, _ := v["client_id"].(string)
		secret, _ := v["client_secret"].(string)
		if id == "" || secret == "" || v["client_secret_expires_at"] != 0.0 || v["token_endpoint_auth_method"] == "" {
			t.Fatalf("%q registers as %v", method, v)
		}
		refused(t, w.form(t, "/token", redemption(id, w.code(t, id, "acme/alice"))), http.StatusUnauthorized, "invalid_client")
		values := redemption(id, w.code(t, id, "acme/alice"))
		values.Set("client_secret", secret)
		if got := w.given(t, w.form(t, "/token", values)); got.refresh != "" {
			t.Error("a client that did not ask for refresh tokens gets one") // RFC 7591 section 2, grant_types
		}
		refused(t, w.form(t, "/token", url.Values{
			"grant_type": {"refresh_token"}, "client_id": {id}, "client_secret": {secret}, "refresh_token": {"x"},
		}), http.StatusBadRequest, "unauthorized_client")
	}
}

// Rule 32: registrations are capped. Clients that somebody is signed in with stay.
func TestRegisterMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	used, idle := w.register(t), w.register(t)
	got := w.signedIn(t, used)
	for range 199 {
		w.sleep(time.Second)
		w.register(t)
	}
	if a := w.do(t, http.MethodGet, "/authorize?"+w.asks(idle, nil).Encode(), "", nil); a.StatusCode != http.StatusBadRequest {
		t.Errorf("the oldest of 201 clients is known still: %s", a.Status)
	}
	w.given(t, w.form(t, "/token", refreshment(used, got.refresh)))
}

// web is where client-id metadata documents are.
type web map[string]func() *http.Response

func (f web) RoundTrip(r *http.Request) (*http.Response, error) {
	if page, ok := f[r.URL.String()]; ok {
		res := page()
		res.Request = r
		return res, nil
	}
	return nil, errors.New("no such host")
}

func document(body string) func() *http.Response {
	return func() *http.Response {
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)),
		}
	}
}

// A client can be the URL of its own description. What is not exactly that is unknown,
// and rule 32: no redirect leads to one.
func TestDocument(t *testing.T) {
	t.Parallel()
	const id = "https://client.example/client.json"
	describe := func(id, more string) string {
		return `{"client_id":"` + id + `","client_name":"documented","redirect_uris":["` + callback + `"]` + more + `}`
	}
	fetches := 0
	pages := web{
		id: func() *http.Response {
			fetches++
			return document(describe(id, `,"grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"none"`))()
		},
		"https://code.example/client":  document(describe("https://code.example/client", `,"grant_types":["authorization_code"]`)),
		"https://bad.example/other":    document(describe(id, "")),
		"https://bad.example/secret":   document(describe("https://bad.example/secret", `,"token_endpoint_auth_method":"client_secret_basic"`)),
		"https://bad.example/twice":    document(describe("https://bad.example/twice", `,"client_name":"x"`)),
		"https://bad.example/large":    document(describe("https://bad.example/large", "") + strings.Repeat(" ", 64<<10)),
		"https://bad.example/machine":  document(describe("https://bad.example/machine", `,"grant_types":["client_credentials"]`)),
		"https://bad.example/redirect": document(strings.Replace(describe("https://bad.example/redirect", ""), callback, "https://bad.example/callback", 1)),
		"https://bad.example/moved": func() *http.Response {
			return &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {"https://bad.example/there"}}, Body: http.NoBody}
		},
		"https://bad.example/there": document(describe("https://bad.example/moved", "")), // good but for the way to it
		"https://bad.example/html": func() *http.Response {
			res := document(describe("https://bad.example/html", ""))()
			res.Header.Set("Content-Type", "text/html")
			return res
		},
	}
	w := newWorld(t, pages)
	const codeOnly = "https://code.example/client"
	if got := w.given(t, w.form(t, "/token", redemption(codeOnly, w.code(t, codeOnly, "acme/alice")))); got.refresh != "" {
		t.Error("a client that did not ask for a refresh token has one")
	}
	code := w.code(t, id, "acme/alice")
	got := w.given(t, w.form(t, "/token", redemption(id, code)))
	w.given(t, w.form(t, "/token", refreshment(id, got.refresh)))
	w.code(t, id, "acme/bob")
	if fetches != 1 {
		t.Errorf("%d fetches", fetches)
	}
	w.sleep(5 * time.Minute)
	w.code(t, id, "acme/bob")
	if fetches != 2 {
		t.Errorf("%d fetches after five minutes", fetches)
	}
	bad := []string{
		"https://client.example/nowhere", "https://client.example", "https://client.example/", "http://client.example/client.json",
		"https://user@client.example/client.json", id + "#x", "https://client.example/a/../client.json",
		"https://client.example/" + strings.Repeat("x", 500),
	}
	for page := range pages {
		if page != id && page != codeOnly {
			bad = append(bad, page)
		}
	}
	for _, client := range bad {
		a := w.do(t, http.MethodGet, "/authorize?"+w.asks(client, nil).Encode(), "", nil)
		if a.StatusCode != http.StatusBadRequest || a.Header.Get("Refresh") != "" {
			t.Errorf("%s: %s", client, a.Status)
		}
	}
}

// Rule 32: fetches of client-id metadata documents keep off private addresses. The server
// behind one would answer; it must not even be asked.
func TestDocumentAddresses(t *testing.T) {
	t.Parallel()
	asked := false
	private := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	private.Config.ErrorLog = nil
	defer private.Close()
	w := newWorld(t, nil)
	_, port, _ := strings.Cut(strings.TrimPrefix(private.URL, "https://"), ":")
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"} {
		client := "https://" + host + ":" + port + "/client.json"
		if a := w.do(t, http.MethodGet, "/authorize?"+w.asks(client, nil).Encode(), "", nil); a.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s", client, a.Status)
		}
	}
	if asked {
		t.Error("a private address was asked")
	}
	if !bytes.Contains([]byte(w.log.String()), []byte("not one that may be dialled")) {
		t.Errorf("the log does not say why: %s", w.log)
	}
}
