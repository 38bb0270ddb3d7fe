package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// plan is what init writes, all of it worked out before the first file is touched.
type plan struct {
	to    identity
	files []change
	count map[kind]int
	left  []string // what still has the old name, and where; and what was given in vain
}

type change struct {
	name    string
	mode    fs.FileMode
	content []byte
}

func newPlan(t *tree, to identity) (*plan, error) {
	p := &plan{to: to, count: map[kind]int{}}
	r := newRewriter(to, t.commit)
	owner, contact := to.owner == "", to.contact == "" // whether each is where it belongs, or not given
	for _, name := range t.files {
		before, mode, err := t.read(name)
		if err != nil {
			return nil, err
		}
		k := kindOf(name, before)
		after, err := r.rewrite(k, name, before)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if !bytes.Equal(before, after) {
			p.files = append(p.files, change{name, mode, after})
			p.count[k]++
		}
		p.left = append(p.left, r.leftovers(k, name, after)...)
		owner = owner || path.Base(name) == ownerFile && slices.Contains(strings.Fields(string(after)), to.owner)
		contact = contact || name == contactFile && bytes.Contains(after, []byte("<"+to.contact+">"))
	}
	if !owner {
		p.left = append(p.left, "OWNER, which is set already: .github/CODEOWNERS is where to change it")
	}
	if !contact {
		p.left = append(p.left, "CONTACT, which is set already: SECURITY.md is where to change it")
	}
	return p, nil
}

func (p *plan) write(ctx context.Context, t *tree) error {
	for _, c := range p.files {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("interrupted: %w", err)
		}
		if err := t.replace(c); err != nil {
			return err
		}
	}
	return nil
}
