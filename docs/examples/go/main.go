// Command leasehold-client calls an MCP server from a bare 401 on: the SDK finds the
// authorization server, registers, and asks for a sign-in with PKCE; the page to sign in on is
// printed. The token stays in memory.
//
//	leasehold-client [URL]
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

func main() {
	address := "http://127.0.0.1:8080/mcp"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	if err := run(context.Background(), address); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run signs in, and uses the server.
func run(ctx context.Context, address string) error {
	back, err := listen(ctx)
	if err != nil {
		return err
	}
	config := &auth.AuthorizationCodeHandlerConfig{RedirectURL: back.url, AuthorizationCodeFetcher: back.fetch}
	if id := os.Getenv("MCP_CLIENT_ID"); id != "" {
		config.PreregisteredClient = &oauthex.ClientCredentials{ClientID: id}
	} else {
		config.DynamicClientRegistrationConfig = &auth.DynamicClientRegistrationConfig{Metadata: &oauthex.ClientRegistrationMetadata{
			ClientName: "Go example", RedirectURIs: []string{back.url}, TokenEndpointAuthMethod: "none",
			GrantTypes: []string{"authorization_code", "refresh_token"},
		}}
	}
	handler, err := auth.NewAuthorizationCodeHandler(config)
	if err != nil {
		return err
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "go-example", Version: "1.0.0"}, nil)
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: address, OAuthHandler: handler}, nil)
	if err != nil {
		return err
	}
	return errors.Join(use(ctx, session), session.Close())
}

// loopback is the redirect URI of a program on the user's machine (RFC 8252, section 7.3).
type loopback struct {
	url     string
	answers chan url.Values
}

func listen(ctx context.Context) (*loopback, error) {
	port := os.Getenv("MCP_CALLBACK_PORT")
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:"+cmp.Or(port, "0"))
	if err != nil {
		return nil, err
	}
	b := &loopback{url: "http://" + l.Addr().String() + "/callback", answers: make(chan url.Values, 1)}
	if port != "" { // registered by name: Amazon Cognito takes http for no other host
		b.url = "http://localhost:" + port + "/callback"
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "You can close this page.\n") // the answer counts, not who reads this
		select {
		case b.answers <- r.URL.Query():
		case <-r.Context().Done():
		}
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // ends with the process
	return b, nil
}

// fetch has the user sign in. The SDK compares state and issuer.
func (b *loopback) fetch(ctx context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
	fmt.Println("Open this page in a browser:", args.URL)
	select {
	case answer := <-b.answers:
		if refusal := answer.Get("error"); refusal != "" {
			return nil, fmt.Errorf("the sign-in ended with %q", refusal)
		}
		return &auth.AuthorizationResult{Code: answer.Get("code"), State: answer.Get("state"), Iss: answer.Get("iss")}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// use calls some tools.
func use(ctx context.Context, session *mcp.ClientSession) error {
	var me struct{ Tenant, Subject string }
	if err := call(ctx, session, "whoami", map[string]any{}, &me); err != nil {
		return err
	}
	fmt.Println("signed in:", me.Subject, "of", me.Tenant)
	var names []string
	for tool, err := range session.Tools(ctx, nil) {
		if err != nil {
			return err
		}
		names = append(names, tool.Name)
	}
	fmt.Println("tools:", strings.Join(names, ", "))
	var math struct{ Sum float64 }
	if err := call(ctx, session, "math", map[string]any{"a": 2, "b": 3}, &math); err != nil {
		return err
	}
	fmt.Println("math: 2 + 3 =", math.Sum)
	// The token does not have the scope of this tool: the server answers 403 with the scopes
	// that it takes, and the SDK asks the user once more.
	var opened struct{ Notebook string }
	if err := call(ctx, session, "notebook_open", map[string]any{"title": "Groceries"}, &opened); err != nil {
		return err
	}
	// The handle is as good as a session id: it goes into calls, and is not shown.
	var added struct{ Entries int }
	if err := call(ctx, session, "notebook_append", map[string]any{"notebook": opened.Notebook, "text": "Milk"}, &added); err != nil {
		return err
	}
	fmt.Println("notebook: entries =", added.Entries)
	return nil
}

// call decodes the structured content of a tool's result into out.
func call(ctx context.Context, session *mcp.ClientSession, name string, args map[string]any, out any) error {
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if result.IsError {
		return fmt.Errorf("%s: the tool refused", name)
	}
	data, err := json.Marshal(result.StructuredContent)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return json.Unmarshal(data, out)
}
