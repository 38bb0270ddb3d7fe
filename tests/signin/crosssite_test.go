package signin

import (
	"fmt"
	"html"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"leasehold.example/tests/internal/local"
)

// TestCrossSite: localhost and 127.0.0.1 are two sites to a browser. A link of one to the
// sign-in of the other finds who is signed in there, although the cookie is SameSite=Strict;
// a form of one changes nothing of the other; a frame of one shows nothing of the other.
func TestCrossSite(t *testing.T) {
	t.Parallel()
	server := local.Start(t, local.Shipped)
	back := newCallback(t)
	redirect := strings.Replace(back.url, "127.0.0.1", "localhost", 1)
	registered, err := oauthex.RegisterClient(t.Context(), server.URL+"/register", &oauthex.ClientRegistrationMetadata{
		ClientName: "another site", RedirectURIs: []string{redirect}, TokenEndpointAuthMethod: "none",
	}, http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	authorize := server.URL + "/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {registered.ClientID}, "redirect_uri": {redirect}, "state": {"s"},
		"code_challenge": {strings.Repeat("x", 43)}, "code_challenge_method": {"S256"},
	}.Encode()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<!doctype html><a id="link" href="%[1]s">sign in</a>
			<form method="post" action="%[2]s/sessions/revoke-all"><button id="forge">win</button></form>`, html.EscapeString(authorize), server.URL)
	}))
	defer site.Close()
	_, port, err := net.SplitHostPort(site.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	there := "http://localhost:" + port + "/"

	b := newBrowser(t)
	b.do(t, "sign in", chromedp.Navigate(server.URL+"/sessions"), click(asPerson("acme/alice")), visible("main .empty"))
	b.do(t, "follow the link", chromedp.Navigate(there), click("#link"), visible(allowed), click(allowed))
	if answer := back.wait(t); answer.Get("code") == "" || answer.Get("state") != "s" || answer.Get("iss") != server.URL {
		t.Errorf("the client gets %v", answer)
	}
	// Only then is that navigation over; the browser would abort the next one for it.
	b.do(t, "come back", visible("#back"))
	b.do(t, "forge a form", chromedp.Navigate(there), click("#forge"), visible("main h1"))
	if said := ask(t, b, "read", chromedp.Text(chromedp.CSS("main"))); !has(said, "did not come from here") {
		t.Errorf("a form of another site: %s", said)
	}
}
