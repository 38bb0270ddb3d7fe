package smoke

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"leasehold.example/tests/wire"
)

// modern lists the tools and has 2 and 3 added.
func (s *Server) modern(ctx context.Context) (string, error) {
	me := s.user()
	list, err := me.Modern(ctx, "tools/list", "", "")
	if err != nil {
		return "", err
	}
	if err := s.lists(list); err != nil {
		return "", err
	}
	sum, err := me.Tool(ctx, "math", `{"a":2,"b":3}`)
	return added(sum, err)
}

// legacy does so in a session, and ends it.
func (s *Server) legacy(ctx context.Context) (said string, err error) {
	me := s.user()
	session, err := me.Open(ctx)
	if err != nil {
		return "", err
	}
	defer func() {
		a, errEnd := me.End(ctx, session)
		if errEnd == nil && a.Status != http.StatusNoContent {
			errEnd = fmt.Errorf("DELETE of the session: %s, want 204", s.brief(a))
		}
		err = errors.Join(err, errEnd)
	}()
	list, err := me.Old(ctx, session, `"id":1,"method":"tools/list"`)
	if err != nil {
		return "", err
	}
	if err := s.lists(list); err != nil {
		return "", err
	}
	a, err := me.OldTool(ctx, session, "math", `{"a":2,"b":3}`)
	if err != nil {
		return "", err
	}
	return added(a.Result("math"))
}

func (s *Server) user() wire.Caller {
	me := s.caller
	me.Token = s.Token
	return me
}

func (s *Server) lists(a wire.Answer) error {
	if a.Status != http.StatusOK || !strings.Contains(a.Body, `"math"`) {
		return fmt.Errorf("tools/list: %s, want 200 and the tool math", s.brief(a))
	}
	return nil
}

func added(r wire.Result, err error) (string, error) {
	if err == nil && r.StructuredContent["sum"] != 5.0 {
		err = fmt.Errorf("math: 2 + 3 = %v", r.StructuredContent["sum"])
	}
	return "2 + 3 = 5", err
}
