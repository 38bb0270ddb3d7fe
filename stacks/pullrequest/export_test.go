package pullrequest

import "encoding/json"

// Ours is what is asked before a stack of this state is destroyed.
func (s *Stacks) Ours(state json.RawMessage) error { return s.ours(state) }
