package identity_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	it "leasehold.example/libs/identity/identitytest"

	"leasehold.example/libs/identity"
)

// battlefield is two trusted issuers, a third that is trusted by client id, and an
// attacker with a server and keys of their own.
type battlefield struct {
	a, b, c, attacker *it.Issuer
	rsa, p384         *it.Key // published by a; ES384 is not allowed for it
	evil              *it.Key
	verifier          *identity.Verifier
}

func newBattlefield(t *testing.T) *battlefield {
	t.Helper()
	f := &battlefield{
		a: it.NewIssuer(t, "https://a.example"), b: it.NewIssuer(t, "https://b.example"),
		c: it.NewIssuer(t, "https://c.example"), attacker: it.NewIssuer(t, "https://evil.example"),
		rsa: it.NewKey(t, "RS256"), p384: it.NewKey(t, "ES384"), evil: it.NewKey(t, "ES256"),
	}
	f.a.Publish(f.rsa, f.p384)
	var trust []identity.Issuer
	for _, iss := range []*it.Issuer{f.a, f.b, f.c} {
		i := iss.Trust()
		i.Tenants = []string{"acme"}
		trust = append(trust, i)
	}
	clientIDMode(&trust[2])
	f.verifier = newVerifier(t, trust, f.a, f.b, f.c, f.attacker)
	return f
}

// sign returns a token of issuer a with these raw parts, signed by a's own key.
func (f *battlefield) sign(changes ...it.Change) string { return f.a.Token(changes...) }

// claimsWith is the JSON of good claims, with more members at the end.
func claimsWith(more string) it.Change {
	return func(d *it.Draft) {
		good, err := json.Marshal(d.Claims)
		if err != nil {
			panic(err)
		}
		d.RawClaims = string(bytes.TrimSuffix(good, []byte("}"))) + more + "}"
	}
}

// headerWith is the JSON of the good header, with more members at the end.
func headerWith(more string) it.Change {
	return func(d *it.Draft) {
		d.RawHeader = fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":"JWT"%s}`, d.Header["alg"], d.Header["kid"], more)
	}
}

// hmacWith signs with a secret under the kid of k.
func hmacWith(alg string, k *it.Key, secret []byte) it.Change {
	return it.SignedBy(&it.Key{ID: k.ID, Alg: alg, Private: secret})
}

func unsigned(alg string, token string) string {
	header := base64.RawURLEncoding.EncodeToString([]byte(fmt.Sprintf(`{"alg":%q,"kid":"k"}`, alg)))
	return header + "." + strings.Split(token, ".")[1] + "."
}

// nextInAlphabet changes the last character of a signature in the bits that the decoding of
// 64 bytes leaves over.
func nextInAlphabet(c byte) byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, c)+1]
}

func pemOf(t *testing.T, k *it.Key) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(k.Public())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// Rules 13 to 17: every one of these tokens is refused, and none of them makes the verifier
// ask the attacker's server for anything.
func TestAttacks(t *testing.T) {
	t.Parallel()
	f := newBattlefield(t)
	good := f.sign()
	mustVerify(t, f.verifier, good)
	mustVerify(t, f.verifier, f.sign(it.SignedBy(f.rsa)))
	mustVerify(t, f.verifier, f.b.Token())
	mustVerify(t, f.verifier, f.c.Token(it.Without("aud"), it.Claim("token_use", "access")))

	attacks := map[string]map[string]string{
		"form":      f.formAttacks(good),
		"header":    f.headerAttacks(t),
		"signature": f.signatureAttacks(t, good),
		"issuer":    f.issuerAttacks(),
		"audience":  f.audienceAttacks(),
		"time":      f.timeAttacks(),
		"claim":     f.claimAttacks(),
	}
	count := 0
	for group, table := range attacks {
		for name, token := range table {
			count++
			t.Run(group+" "+name, func(t *testing.T) {
				t.Parallel()
				wantProblem(t, f.verifier, token, identity.InvalidToken)
			})
		}
	}
	if count < 40 {
		t.Errorf("only %d attacks", count)
	}
	t.Cleanup(func() {
		if n := f.attacker.Requests(""); n != 0 {
			t.Errorf("rule 13: the attacker's server was asked %d times", n)
		}
	})
}

func (f *battlefield) formAttacks(good string) map[string]string {
	parts := strings.Split(good, ".")
	return map[string]string{
		"empty":                   "",
		"not a JWT":               "hunter2",
		"only dots":               "..",
		"two segments":            parts[0] + "." + parts[1],
		"four segments":           good + ".x",
		"five segments (JWE)":     good + ".x.y",
		"leading space":           " " + good,
		"trailing space":          good + " ",
		"trailing newline":        good + "\n",
		"newline in signature":    parts[0] + "." + parts[1] + "." + parts[2][:10] + "\n" + parts[2][10:],
		"tab in payload":          parts[0] + "." + parts[1][:10] + "\t" + parts[1][10:] + "." + parts[2],
		"padding":                 good + "==",
		"standard base64":         parts[0] + "." + parts[1] + ".+/" + parts[2][2:],
		"second token after it":   good + "," + good,
		"null byte":               good + "\x00",
		"too long":                f.sign(it.Claim("filler", strings.Repeat("x", 16<<10))),
		"payload is an array":     f.sign(it.RawClaims(`["https://a.example"]`)),
		"payload is null":         f.sign(it.RawClaims(`null`)),
		"payload is a string":     f.sign(it.RawClaims(`"x"`)),
		"payload has a tail":      f.sign(claimsWith(`}{"sub":"root"`)),
		"payload is not UTF-8":    f.sign(claimsWith(",\"x\":\"\xff\"")),
		"payload is a nested JWT": f.sign(it.RawClaims(good)),
		"header is not an object": f.sign(it.RawHeader(`[]`)),
		"header is null":          f.sign(it.RawHeader(`null`)),
		"header has a tail":       f.sign(headerWith(`}{`)),
	}
}

func (f *battlefield) headerAttacks(t *testing.T) map[string]string {
	evilJWK := f.evil.JWK(t)
	return map[string]string{
		"rule 13 no kid":               f.sign(it.WithoutHeader("kid")),
		"rule 13 empty kid":            f.sign(it.Header("kid", "")),
		"rule 13 null kid":             f.sign(it.Header("kid", nil)),
		"rule 13 numeric kid":          f.sign(it.Header("kid", 1)),
		"rule 13 long kid":             f.sign(it.Header("kid", strings.Repeat("k", 256))),
		"unknown kid":                  f.sign(it.Header("kid", "nobody")),
		"kid of another issuer":        f.sign(it.Header("kid", f.b.SigningKey().ID)),
		"kid in another case":          f.sign(it.Header("kid", strings.ToUpper(f.a.SigningKey().ID))),
		"kid as a path":                f.sign(it.Header("kid", "../../dev/null")),
		"rule 13 crit":                 f.sign(it.Header("crit", []string{"exp"})),
		"rule 13 empty crit":           f.sign(it.Header("crit", []string{})),
		"rule 13 null crit":            f.sign(it.Header("crit", nil)),
		"b64 false":                    f.sign(it.Header("b64", false)),
		"b64 false and crit":           f.sign(it.Header("b64", false), it.Header("crit", []string{"b64"})),
		"rule 13 embedded jwk":         f.sign(it.SignedBy(f.evil), it.Header("jwk", evilJWK)),
		"rule 13 jwk with a good kid":  f.sign(it.ForgedBy(f.evil), it.Header("jwk", evilJWK)),
		"rule 13 jku of the attacker":  f.sign(it.SignedBy(f.attacker.SigningKey()), it.Header("jku", "https://evil.example/jwks")),
		"rule 13 x5u of the attacker":  f.sign(it.SignedBy(f.attacker.SigningKey()), it.Header("x5u", "https://evil.example/cert")),
		"rule 13 jku, else good":       f.sign(it.Header("jku", "https://a.example/jwks")),
		"rule 13 x5u, else good":       f.sign(it.Header("x5u", "https://a.example/cert")),
		"rule 13 jwk, else good":       f.sign(it.Header("jwk", f.a.SigningKey().JWK(t))),
		"rule 13 x5c":                  f.sign(it.Header("x5c", []string{"MIIB"})),
		"zip":                          f.sign(it.Header("zip", "DEF")),
		"enc":                          f.sign(it.Header("enc", "A256GCM")),
		"rule 13 typ of an ID token":   f.sign(it.Header("typ", "id+jwt")),
		"rule 13 typ of a DPoP proof":  f.sign(it.Header("typ", "dpop+jwt")),
		"rule 13 typ of a logout":      f.sign(it.Header("typ", "logout+jwt")),
		"rule 13 typ null":             f.sign(it.Header("typ", nil)),
		"rule 13 typ empty":            f.sign(it.Header("typ", "")),
		"rule 13 typ array":            f.sign(it.Header("typ", []string{"JWT"})),
		"alg twice":                    f.sign(headerWith(`,"alg":"none"`)),
		"kid twice":                    f.sign(headerWith(`,"kid":"x"`)),
		"member twice, deep down":      f.sign(headerWith(`,"x":{"y":1,"y":2}`)),
		"no alg":                       f.sign(it.WithoutHeader("alg")),
		"alg null":                     f.sign(it.Header("alg", nil)),
		"alg array":                    f.sign(it.Header("alg", []string{"ES256"})),
		"alg in another case":          f.sign(it.Header("alg", "es256")),
		"alg unknown":                  f.sign(it.Header("alg", "XX256")),
		"kid of a key of another type": f.sign(it.Header("kid", f.rsa.ID)),
	}
}

func (f *battlefield) signatureAttacks(t *testing.T, good string) map[string]string {
	parts := strings.Split(good, ".")
	other := strings.Split(f.sign(it.Subject("root")), ".")
	rs := *f.rsa
	rs.Alg = "RS512" // the JWK says RS256
	es384 := *f.p384
	return map[string]string{
		"none":                          unsigned("none", good),
		"None":                          unsigned("None", good),
		"NONE":                          unsigned("NONE", good),
		"nOnE":                          unsigned("nOnE", good),
		"none with the signature":       unsigned("none", good) + parts[2],
		"none with a good kid":          f.sign(it.Header("alg", "none")),
		"signature cut off":             parts[0] + "." + parts[1] + ".",
		"signature of another token":    parts[0] + "." + parts[1] + "." + other[2],
		"payload exchanged":             parts[0] + "." + other[1] + "." + parts[2],
		"header exchanged":              strings.Split(f.sign(it.Header("typ", "JWT")), ".")[0] + "." + parts[1] + "." + parts[2],
		"signature shortened":           good[:len(good)-4],
		"signature with stray bits":     good[:len(good)-1] + string(nextInAlphabet(good[len(good)-1])),
		"signature of zeros":            parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64)),
		"signature in DER":              parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString([]byte("\x30\x06\x02\x01\x01\x02\x01\x01")),
		"signed by a stranger":          f.sign(it.ForgedBy(f.evil)),
		"HS256 with the PEM":            f.sign(hmacWith("HS256", f.rsa, pemOf(t, f.rsa))),
		"HS256 with the trimmed PEM":    f.sign(hmacWith("HS256", f.rsa, bytes.TrimSpace(pemOf(t, f.rsa)))),
		"HS256 with the DER":            f.sign(hmacWith("HS256", f.rsa, x509.MarshalPKCS1PublicKey(f.rsa.Public().(*rsa.PublicKey)))),
		"HS256 with the modulus":        f.sign(hmacWith("HS256", f.rsa, f.rsa.Public().(*rsa.PublicKey).N.Bytes())),
		"HS384 with the EC key":         f.sign(hmacWith("HS384", f.a.SigningKey(), pemOf(t, f.a.SigningKey()))),
		"HS512 with nothing":            f.sign(hmacWith("HS512", f.a.SigningKey(), []byte{})),
		"ES256 header, RSA signature":   f.sign(it.ForgedBy(f.rsa), it.Header("alg", "ES256")),
		"RS256 header, EC key":          f.sign(it.Header("alg", "RS256")),
		"algorithm not the key's":       f.sign(it.SignedBy(&rs)),
		"algorithm not the issuer's":    f.sign(it.SignedBy(&es384)),
		"ES256 header on a P-384 key":   f.sign(it.Header("kid", f.p384.ID)),
		"PS256 with an RS256 key":       f.sign(it.SignedBy(&it.Key{ID: f.rsa.ID, Alg: "PS256", Private: f.rsa.Private})),
		"rule 13 b's key, a's claims":   f.sign(it.SignedBy(f.b.SigningKey())),
		"rule 13 b's key under a's kid": f.sign(it.ForgedBy(f.b.SigningKey())),
	}
}

func (f *battlefield) issuerAttacks() map[string]string {
	iss := func(v any) string { return f.sign(it.Claim("iss", v)) }
	return map[string]string{
		"missing":               f.sign(it.Without("iss")),
		"empty":                 iss(""),
		"null":                  iss(nil),
		"number":                iss(1),
		"array":                 iss([]string{"https://a.example"}),
		"unknown":               f.attacker.Token(),
		"trailing slash":        iss("https://a.example/"),
		"upper case host":       iss("https://A.example"),
		"upper case scheme":     iss("HTTPS://a.example"),
		"default port":          iss("https://a.example:443"),
		"prefix":                iss("https://a.exampl"),
		"longer":                iss("https://a.example.evil.example"),
		"leading space":         iss(" https://a.example"),
		"http":                  iss("http://a.example"),
		"the other issuer":      iss("https://b.example"),
		"twice":                 f.sign(claimsWith(`,"iss":"https://b.example"`)),
		"only in another case":  f.sign(it.Without("iss"), it.Claim("ISS", "https://a.example")),
		"twice, escaped name":   f.sign(claimsWith(`,"i\u0073s":"https://b.example"`)),
		"twice, deep in a list": f.sign(claimsWith(`,"x":[{"y":1,"y":1}]`)),
	}
}

func (f *battlefield) audienceAttacks() map[string]string {
	aud := func(v any) string { return f.sign(it.Claim("aud", v)) }
	return map[string]string{
		"missing":                 f.sign(it.Without("aud")),
		"null":                    aud(nil),
		"empty":                   aud(""),
		"empty array":             aud([]string{}),
		"other":                   aud("https://other.example/mcp"),
		"others":                  aud([]string{"https://other.example/mcp", ""}),
		"prefix of ours":          aud("https://mcp.example"),
		"ours as a prefix":        aud(it.Audience + "/admin"),
		"trailing slash":          aud(it.Audience + "/"),
		"in another case":         aud(strings.ToUpper(it.Audience)),
		"ours among words":        aud("https://other.example " + it.Audience),
		"object":                  aud(map[string]string{"aud": it.Audience}),
		"array with a number":     aud([]any{it.Audience, 1}),
		"array in an array":       aud([]any{[]string{it.Audience}}),
		"array with null":         aud([]any{it.Audience, nil}),
		"twice":                   f.sign(claimsWith(`,"aud":"x"`)),
		"ID token of token_use":   f.sign(it.Claim("token_use", "id")),
		"rule 14 ID token at c":   f.c.Token(it.Claim("aud", "client-1"), it.Claim("token_use", "id")),
		"rule 14 no token_use":    f.c.Token(it.Without("aud")),
		"rule 14 foreign client":  f.c.Token(it.Without("aud"), it.Claim("token_use", "access"), it.Client("x")),
		"rule 14 mode of another": f.sign(it.Without("aud"), it.Claim("token_use", "access")),
	}
}

func (f *battlefield) timeAttacks() map[string]string {
	now := time.Now()
	raw := func(name, value string) string {
		return f.sign(it.Without(name), claimsWith(fmt.Sprintf(`,%q:%s`, name, value)))
	}
	future := fmt.Sprint(now.Add(time.Hour).Unix())
	return map[string]string{
		"rule 13 no exp":     f.sign(it.Without("exp")),
		"expired":            f.sign(it.Expires(now.Add(-time.Minute))),
		"expired long ago":   f.sign(it.Claim("exp", 1)),
		"exp zero":           f.sign(it.Claim("exp", 0)),
		"exp negative":       f.sign(it.Claim("exp", -1)),
		"exp null":           f.sign(it.Claim("exp", nil)),
		"exp as a string":    raw("exp", `"`+future+`"`),
		"exp as an array":    raw("exp", `[`+future+`]`),
		"exp true":           raw("exp", `true`),
		"exp beyond time":    raw("exp", `253402300800`),
		"exp beyond int64":   raw("exp", `9223372036854775808`),
		"exp beyond float":   raw("exp", `1e400`),
		"exp twice":          f.sign(claimsWith(`,"exp":` + future)),
		"exp only in caps":   f.sign(it.Without("exp"), it.Claim("EXP", now.Add(time.Hour).Unix())),
		"exp as a fraction":  raw("exp", fmt.Sprintf("%d.9", now.Add(-time.Minute).Unix())),
		"not yet valid":      f.sign(it.Claim("nbf", now.Add(time.Minute).Unix())),
		"nbf as a string":    raw("nbf", `"0"`),
		"nbf null":           f.sign(it.Claim("nbf", nil)),
		"nbf negative":       f.sign(it.Claim("nbf", -1)),
		"issued later":       f.sign(it.Claim("iat", now.Add(time.Minute).Unix())),
		"iat as a string":    f.sign(it.Claim("iat", "0")),
		"iat beyond integer": raw("iat", `1e300`),
	}
}

func (f *battlefield) claimAttacks() map[string]string {
	sub := func(v any) string { return f.sign(it.Claim("sub", v)) }
	return map[string]string{
		"rule 13 no sub":          f.sign(it.Without("sub")),
		"rule 13 sub empty":       sub(""),
		"rule 13 sub too long":    sub(strings.Repeat("s", 256)),
		"rule 13 sub null":        sub(nil),
		"sub number":              sub(1),
		"sub array":               sub([]string{"user-1"}),
		"sub with a null byte":    sub("user-1\x00"),
		"sub with a newline":      sub("user-1\nuser-2"),
		"sub with a delete":       sub("user-1\x7f"),
		"sub with a C1 control":   sub("user-1\u0085"),
		"sub half a surrogate":    f.sign(it.Without("sub"), claimsWith(`,"sub":"\ud800"`)),
		"sub twice":               f.sign(claimsWith(`,"sub":"root"`)),
		"tenant twice":            f.sign(claimsWith(`,"tenant":"globex"`)),
		"rule 13 cnf":             f.sign(it.Claim("cnf", map[string]string{"jkt": "x"})),
		"rule 13 cnf null":        f.sign(it.Claim("cnf", nil)),
		"scope as an array":       f.sign(it.Claim("scope", []string{"admin"})),
		"scope twice":             f.sign(it.Scopes("a"), claimsWith(`,"scope":"admin"`)),
		"scp with a number":       f.sign(it.Claim("scp", []any{"a", 1})),
		"scp as an object":        f.sign(it.Claim("scp", map[string]string{"a": "a"})),
		"client id empty":         f.sign(it.Client("")),
		"client id too long":      f.sign(it.Client(strings.Repeat("c", 256))),
		"client id not a string":  f.sign(it.Claim("client_id", 1)),
		"client id with controls": f.sign(it.Client("c\r\n")),
	}
}
