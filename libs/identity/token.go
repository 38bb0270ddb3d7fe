package identity

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"
)

const (
	// maxToken bounds the work spent on what a stranger sends. API Gateway allows
	// 10,240 bytes for all headers, so no real token comes near.
	maxToken = 16 << 10
	// maxName bounds `sub` (OpenID Connect Core 2), `client_id` and `kid`, in bytes.
	maxName = 255
	// maxTime is the last second of the year 9999; later dates overflow somewhere.
	maxTime = 253402300799
)

// algorithms are the asymmetric ones of RFC 7518 and RFC 8037 that golang-jwt has.
var algorithms = []string{
	"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
}

// tokenTypes are the accepted values of `typ` in lower case (RFC 7515 section 4.1.9
// compares them without case, RFC 9068 section 2.1 names the last two).
var tokenTypes = []string{"jwt", "at+jwt", "application/at+jwt"}

// refusedHeaders either bring a key along, point to one, or change how the rest is read.
// None of them is needed by an issuer whose keys are configured.
var refusedHeaders = []string{"crit", "jku", "jwk", "x5u", "x5c", "b64", "zip", "enc"}

func refuse(reason string) *Error { return &Error{Problem: InvalidToken, Reason: reason} }

// explain turns what the parser says into an Error with a reason of ours. The parser's own
// text is dropped, because it can quote the token.
func explain(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	for _, known := range []struct {
		is     error
		reason string
	}{
		{jwt.ErrTokenMalformed, "the token is malformed"},
		{jwt.ErrTokenExpired, "the token has expired"},
		{jwt.ErrTokenNotValidYet, "the token is not valid yet"},
		{jwt.ErrTokenUsedBeforeIssued, "the token was issued in the future"},
		{jwt.ErrTokenRequiredClaimMissing, "the token lacks exp"},
		{jwt.ErrTokenSignatureInvalid, "the signature is wrong or of a kind not accepted"},
	} {
		if errors.Is(err, known.is) {
			return refuse(known.reason)
		}
	}
	return refuse("the token cannot be verified")
}

// checkForm reads the token's outside strictly, before anything is believed or fetched,
// and returns the `kid`.
func checkForm(token string) (string, error) {
	// The base64 decoder skips line breaks, so the alphabet is checked here.
	if strings.ContainsFunc(token, func(r rune) bool { return !isTokenRune(r) }) {
		return "", refuse("the token has characters that no JWT has")
	}
	first, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(first)
	if err != nil {
		return "", refuse("the header is not base64url")
	}
	var header members
	if err := json.Unmarshal(raw, &header); err != nil {
		return "", refuse("the header is not a strict JSON object")
	}
	return checkHeader(header)
}

func isTokenRune(r rune) bool {
	return r == '.' || r == '-' || r == '_' ||
		'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

func checkHeader(header members) (string, error) {
	for _, name := range refusedHeaders {
		if _, ok := header[name]; ok {
			return "", refuse("the header has " + name)
		}
	}
	typ, present, ok := header.text("typ")
	if !ok || present && !slices.Contains(tokenTypes, strings.ToLower(typ)) {
		return "", refuse("the typ is not that of an access token")
	}
	kid, _, ok := header.text("kid")
	if !ok || !isName(kid) {
		return "", refuse("the header lacks a usable kid")
	}
	return kid, nil
}

// isName accepts what may identify something: 1 to 255 bytes without control characters.
func isName(s string) bool {
	return s != "" && len(s) <= maxName &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || 0x7f <= r && r <= 0x9f })
}

// members is a JSON object read strictly: exact names, none twice, valid UTF-8.
type members map[string]jsontext.Value

// text is the string under name. An absent member is ok and not present; anything but a
// string, null included, is not ok.
func (m members) text(name string) (value string, present, ok bool) {
	raw, present := m[name]
	if !present {
		return "", false, true
	}
	value, ok = asText(raw)
	return value, true, ok
}

// texts is the string, or array of strings, under name; none when the member is absent.
func (m members) texts(name string) (values []string, ok bool) {
	raw, present := m[name]
	if !present {
		return nil, true
	}
	elements := []jsontext.Value{raw}
	if raw.Kind() == '[' {
		elements = nil
		if json.Unmarshal(raw, &elements) != nil {
			return nil, false
		}
	}
	for _, element := range elements {
		value, ok := asText(element)
		if !ok {
			return nil, false
		}
		values = append(values, value)
	}
	return values, true
}

func asText(raw jsontext.Value) (value string, ok bool) {
	return value, raw.Kind() == '"' && json.Unmarshal(raw, &value) == nil
}

// claims are a token's payload as golang-jwt wants it (jwt.Claims).
type claims struct{ members }

// UnmarshalJSON replaces encoding/json, which folds case and lets the last duplicate win.
func (c *claims) UnmarshalJSON(raw []byte) error { return json.Unmarshal(raw, &c.members) }

// date is a NumericDate (RFC 7519 section 2); nil when absent.
func (c claims) date(name string) (*jwt.NumericDate, error) {
	raw, present := c.members[name]
	if !present {
		return nil, nil
	}
	var seconds float64
	if raw.Kind() != '0' || json.Unmarshal(raw, &seconds) != nil || seconds < 0 || seconds > maxTime {
		return nil, refuse(name + " is not a date")
	}
	return jwt.NewNumericDate(time.Unix(int64(seconds), 0)), nil
}

// GetExpirationTime is `exp`.
func (c claims) GetExpirationTime() (*jwt.NumericDate, error) { return c.date("exp") }

// GetIssuedAt is `iat`.
func (c claims) GetIssuedAt() (*jwt.NumericDate, error) { return c.date("iat") }

// GetNotBefore is `nbf`.
func (c claims) GetNotBefore() (*jwt.NumericDate, error) { return c.date("nbf") }

// GetIssuer is `iss`, which every token must have.
func (c claims) GetIssuer() (string, error) {
	iss, present, ok := c.text("iss")
	if !present || !ok {
		return "", refuse("the token lacks iss")
	}
	return iss, nil
}

// GetSubject is `sub`, which every token must have.
func (c claims) GetSubject() (string, error) {
	sub, _, ok := c.text("sub")
	if !ok || !isName(sub) {
		return "", refuse("the token lacks a usable sub")
	}
	return sub, nil
}

// GetAudience is `aud`, a string or an array of strings; empty when absent.
func (c claims) GetAudience() (jwt.ClaimStrings, error) {
	aud, ok := c.texts("aud")
	if !ok {
		return nil, refuse("aud is neither a string nor an array of strings")
	}
	return aud, nil
}
