package authserver

import (
	"sync"
	"time"
)

const maxCodes = 1000

// grant is what a code stands for.
type grant struct {
	Client, Redirect, Challenge string
	Person                      person
	Scopes                      []string
	// Refreshable tells whether the client may have a refresh token, as it said of itself
	// when it asked.
	Refreshable bool
	// Until is when the code can no longer be redeemed.
	Until time.Time
	// Family is the id of what the code gives.
	Family string

	redeemed bool
}

// codes are the authorization codes, in memory: nobody waits that long for a restart.
// They are remembered for as long as what they gave can be good without a refresh.
type codes struct {
	// mu is held for a whole redemption, so that who comes second finds what the first
	// one was given.
	mu      sync.Mutex
	now     func() time.Time
	granted *shelf[*grant]
}

func newCodes(now func() time.Time) *codes {
	return &codes{now: now, granted: newShelf[*grant](maxCodes, accessTTL, now)}
}

// give returns a code for g.
func (c *codes) give(g grant) string {
	g.Until = c.now().Add(codeTTL)
	return c.granted.put(&g)
}

// redeem uses a code up, whatever comes of it. The caller holds mu. It is errReused, with
// the family that the first use gave, or errNoGrant.
func (c *codes) redeem(code string) (grant, error) {
	g, ok := c.granted.get(code)
	switch {
	case !ok:
		return grant{}, errNoGrant
	case g.redeemed:
		return *g, errReused
	}
	g.redeemed = true
	if !c.now().Before(g.Until) {
		return grant{}, errNoGrant
	}
	return *g, nil
}
