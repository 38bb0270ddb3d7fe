package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
)

// plan is what init writes, all of it worked out before the first file is touched.
type plan struct {
	to    identity
	files []change
	count map[kind]int
	left  []string // what still has the old name, and where
}

type change struct {
	name    string
	mode    fs.FileMode
	content []byte
}

func newPlan(t *tree, to identity) (*plan, error) {
	p := &plan{to: to, count: map[kind]int{}}
	r := newRewriter(to, t.commit)
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
