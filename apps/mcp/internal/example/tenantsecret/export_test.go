package tenantsecret

// Open returns the secrets as the server does when it starts.
func (s Settings) Open() (*Secrets, error) { return s.open() }
