package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// Names of RFC 8693, sections 2.1 and 3.
const (
	grantType       = "urn:ietf:params:oauth:grant-type:token-exchange"
	typeAccessToken = "urn:ietf:params:oauth:token-type:access_token" //nolint:gosec // a name, not a token
	typeJWT         = "urn:ietf:params:oauth:token-type:jwt"
)

const (
	maxDocument = 64 << 10
	maxToken    = 16 << 10
	maxLife     = 24 * 60 * 60 // seconds: more is a mistake in units
)

// grant is what is asked for.
type grant struct {
	token, audience string
	scopes          []string
}

// answer is a successful response (RFC 8693, section 2.2.1). Other members, a refresh token
// among them, are not read.
type answer struct {
	AccessToken     string `json:"access_token"`
	IssuedTokenType string `json:"issued_token_type"`
	TokenType       string `json:"token_type"`
	ExpiresIn       *int64 `json:"expires_in"`
	Scope           string `json:"scope"`
}

// ask sends one request to the token endpoint.
func (e *Exchanger) ask(ctx context.Context, g grant) (answer, error) {
	r, err := e.request(ctx, g)
	if err != nil {
		return answer{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	res, err := e.client.Do(r)
	if err != nil {
		return answer{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer func() { _ = res.Body.Close() }()
	document, err := io.ReadAll(io.LimitReader(res.Body, maxDocument+1))
	switch {
	case err != nil:
		return answer{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	case len(document) > maxDocument:
		return answer{}, fmt.Errorf("%w: the answer is larger than %d bytes", ErrUnavailable, maxDocument)
	case res.StatusCode != http.StatusOK:
		return answer{}, refusal(res.StatusCode, document)
	}
	var a answer
	if json.Unmarshal(document, &a) != nil { // its error would quote what may be a token
		return answer{}, fmt.Errorf("%w: the answer is not the JSON of a token", ErrUnavailable)
	}
	return a, nil
}

func (e *Exchanger) request(ctx context.Context, g grant) (*http.Request, error) {
	form := url.Values{
		"grant_type":           {grantType},
		"subject_token":        {g.token},
		"subject_token_type":   {typeAccessToken},
		"requested_token_type": {typeAccessToken},
		"audience":             {g.audience},
	}
	if len(g.scopes) > 0 {
		form.Set("scope", strings.Join(g.scopes, " "))
	}
	secret := ""
	if e.options.Secret == nil {
		form.Set("client_id", e.options.ClientID)
	} else {
		var err error
		if secret, err = e.options.Secret(ctx); err != nil {
			return nil, fmt.Errorf("the client's secret: %w", err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.options.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	if e.options.Secret != nil { // encoded as RFC 6749, section 2.3.1, says
		r.SetBasicAuth(url.QueryEscape(e.options.ClientID), url.QueryEscape(secret))
	}
	return r, nil
}

// refusals are the errors that are about the caller's token, the audience or the scopes (RFC 6749
// section 5.2, RFC 8693 section 2.2.2). Those about the client are this server's own affair.
var refusals = []string{"invalid_request", "invalid_grant", "invalid_target", "invalid_scope", "access_denied"}

// refusal reads an error. What the server says in words stays out of the log: it may quote the token.
func refusal(status int, document []byte) error {
	var body struct {
		Error string `json:"error"`
	}
	if status != http.StatusBadRequest || json.Unmarshal(document, &body) != nil || !slices.Contains(refusals, body.Error) {
		return fmt.Errorf("%w: the token endpoint answered %d", ErrUnavailable, status)
	}
	return fmt.Errorf("%w: the token endpoint answered %s", ErrRefused, body.Error)
}

// check holds an answer to what was asked.
func (a answer) check(g grant) error {
	if missing := slices.DeleteFunc(slices.Clone(g.scopes), func(s string) bool {
		return slices.Contains(strings.Fields(a.Scope), s)
	}); a.Scope != "" && len(missing) > 0 { // absent means as asked (RFC 8693, section 2.2.1)
		return fmt.Errorf("%w: without the scopes %q", ErrRefused, missing)
	}
	if problem := a.problem(g); problem != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, problem)
	}
	return nil
}

func (a answer) problem(g grant) error {
	switch {
	case !isBearer(a.AccessToken):
		return errors.New("access_token is not a bearer token")
	case a.AccessToken == g.token:
		return errors.New("access_token is the caller's own token")
	case a.IssuedTokenType != typeAccessToken && a.IssuedTokenType != typeJWT:
		return errors.New("issued_token_type is not an access token")
	case !strings.EqualFold(a.TokenType, "Bearer"):
		return errors.New("token_type is not Bearer")
	case a.ExpiresIn != nil && (*a.ExpiresIn <= 0 || *a.ExpiresIn > maxLife):
		return fmt.Errorf("expires_in is %d, want 1 to %d", *a.ExpiresIn, maxLife)
	}
	return nil
}

// isBearer reports whether token is what a header can carry: a b64token (RFC 6750, section 2.1).
func isBearer(token string) bool {
	body := strings.TrimRight(token, "=")
	return body != "" && len(token) <= maxToken && !strings.ContainsFunc(body, func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("-._~+/", r)
	})
}
