package tenantsecret

import "log/slog"

// Check makes the tool as the server does when it starts.
func Check(s Settings) error {
	_, err := entries(s, slog.New(slog.DiscardHandler))
	return err
}
