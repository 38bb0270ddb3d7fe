package pack

import (
	"math"
	"regexp"
	"slices"

	server "leasehold.example/apps/mcp/config"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// mayBeSecret are variables whose value may be a Pulumi secret although it opens nothing:
// the issuers, which name an operator's customers.
var mayBeSecret = []string{server.EnvIssuers}

var (
	// secretName is the name of a variable that holds a secret, unless it says that it holds
	// where one is, or how long one lasts.
	secretName = regexp.MustCompile(`(?i)(PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|PRIVATE_?KEY|API_?KEY|ACCESS_?KEY)`)
	aboutName  = regexp.MustCompile(`(?i)_(ARN|NAME|ID|URL|URI|TTL|TIMEOUT|SECONDS|HEADER|TABLE|ENDPOINT)$`)
	// secretValue are forms of credentials: PEM, AWS, JWT, GitHub, Slack, Stripe, a URL with a password.
	secretValue = regexp.MustCompile(`-----BEGIN |\b(AKIA|ASIA)[0-9A-Z]{16}\b|\beyJ[\w-]{8,}\.eyJ|\bgh[pousr]_[A-Za-z0-9]{36}|\bxox[abprs]-|\b[rs]k_live_|://[^/\s:@]+:[^/\s@]+@`)
	// randomText could be a key: letters of both cases and digits, or hexadecimal, and long.
	randomText = regexp.MustCompile(`^[A-Za-z0-9+/_=-]{32,}$`)
	hexText    = regexp.MustCompile(`^[0-9a-fA-F]{32,}$`)
	lower      = regexp.MustCompile(`[a-z]`)
	upper      = regexp.MustCompile(`[A-Z]`)
	digit      = regexp.MustCompile(`[0-9]`)
)

// noSecretsInEnvironment names variables, and never shows a value.
func noSecretsInEnvironment(r item, report reporter) {
	variables := r.at("environment.variables")
	if !variables.IsMap() {
		return
	}
	for name, v := range variables.AsMap().AllStable {
		if reason := secretIn(name, v); reason != "" {
			report(r, "environment.variables.%s %s", name, reason)
		}
	}
}

// secretIn says why the variable seems to hold a secret; empty, when it does not.
func secretIn(name string, v property.Value) string {
	text, _ := textOf(v)
	switch {
	case v.Secret() && !slices.Contains(mayBeSecret, name):
		return "is a Pulumi secret, which Lambda shows in clear"
	case text == "":
		return ""
	case secretName.MatchString(name) && !aboutName.MatchString(name):
		return "has the name of a secret"
	case secretValue.MatchString(text):
		return "has the form of a credential"
	case hexText.MatchString(text), random(text):
		return "is as random as a key"
	}
	return ""
}

// random says that the text has all kinds of characters, and of each so few of the same that no
// word or name is made that way: 4.2 bits a character, where names have less than 4.
func random(text string) bool {
	return randomText.MatchString(text) && lower.MatchString(text) && upper.MatchString(text) && digit.MatchString(text) && entropy(text) > 4.2
}

// entropy is Shannon's, in bits a character.
func entropy(text string) float64 {
	counts := map[rune]float64{}
	for _, c := range text {
		counts[c]++
	}
	bits := 0.0
	for _, n := range counts {
		p := n / float64(len(text))
		bits -= p * math.Log2(p)
	}
	return bits
}
