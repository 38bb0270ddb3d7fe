// Package notebook keeps notebooks: a title and entries of text, under a handle that is
// good for its owner only.
package notebook

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
)

// Registry is what notebooks need of a *session.Registry.
type Registry interface {
	Create(ctx context.Context, p identity.Principal, n session.New) (id string, rec session.Record, err error)
	Resolve(ctx context.Context, p identity.Principal, kind session.Kind, id string) (session.Record, error)
	Data(ctx context.Context, rec session.Record) (data []byte, version int64, err error)
	Update(ctx context.Context, rec session.Record, fn func(data []byte) ([]byte, error)) (version int64, err error)
	RevokeRecord(ctx context.Context, rec session.Record) error
}

// content is what is stored of a notebook.
type content struct {
	Title   string   `json:"title"`
	Entries []string `json:"entries"`
}

// notebooks is the logic. A handle that is not the principal's, for whatever reason, is
// session.ErrNotFound.
type notebooks struct{ registry Registry }

func (n notebooks) open(ctx context.Context, p identity.Principal, protocol, title string) (handle string, err error) {
	data, err := json.Marshal(content{Title: title})
	if err != nil {
		return "", fmt.Errorf("notebook: encode: %w", err)
	}
	handle, _, err = n.registry.Create(ctx, p, session.New{Kind: session.KindNotebook, Protocol: protocol, Data: data})
	return handle, err
}

// append adds text behind what is there when it is written. Of two at the same time
// both are kept, in either order. It returns the number of entries.
func (n notebooks) append(ctx context.Context, p identity.Principal, handle, text string) (entries int, err error) {
	rec, err := n.registry.Resolve(ctx, p, session.KindNotebook, handle)
	if err != nil {
		return 0, err
	}
	_, err = n.registry.Update(ctx, rec, func(data []byte) ([]byte, error) {
		book, err := decode(data)
		if err != nil {
			return nil, err
		}
		book.Entries = append(book.Entries, text)
		entries = len(book.Entries)
		return json.Marshal(book)
	})
	return entries, err
}

// read returns the notebook, and the record for a delete that may follow.
func (n notebooks) read(ctx context.Context, p identity.Principal, handle string) (content, session.Record, error) {
	rec, err := n.registry.Resolve(ctx, p, session.KindNotebook, handle)
	if err != nil {
		return content{}, session.Record{}, err
	}
	data, _, err := n.registry.Data(ctx, rec)
	if err != nil {
		return content{}, session.Record{}, err
	}
	book, err := decode(data)
	return book, rec, err
}

func decode(data []byte) (content, error) {
	var book content
	if err := json.Unmarshal(data, &book); err != nil {
		return content{}, fmt.Errorf("notebook: decode: %w", err)
	}
	return book, nil
}
