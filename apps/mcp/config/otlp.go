package config

import "strings"

// TracesURL is where spans go; empty means nowhere.
func (c Config) TracesURL() string { return c.signalURL(c.OTLPTracesEndpoint, "traces") }

// MetricsURL is where metrics go, beside the log; empty means nowhere.
func (c Config) MetricsURL() string { return c.signalURL(c.OTLPMetricsEndpoint, "metrics") }

// signalURL is own, or what is below the endpoint of all signals.
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp
func (c Config) signalURL(own, signal string) string {
	if own != "" || c.OTLPEndpoint == "" {
		return own
	}
	return strings.TrimSuffix(c.OTLPEndpoint, "/") + "/v1/" + signal
}
