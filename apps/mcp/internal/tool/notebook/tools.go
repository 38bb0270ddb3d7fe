package notebook

import (
	"context"
	"fmt"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/libs/scopes"
)

type openIn struct {
	Title string `json:"title" jsonschema:"what the notebook is about" length:"1,200"`
}

type openOut struct {
	Notebook string `json:"notebook" jsonschema:"the handle, for the other notebook tools; keep it, there is no list of notebooks"`
}

type appendIn struct {
	Notebook string `json:"notebook" jsonschema:"the handle that notebook_open gave"`
	Text     string `json:"text" jsonschema:"the entry to add" length:"1,4000"`
}

type appendOut struct {
	Entries int `json:"entries" jsonschema:"how many entries the notebook has now"`
}

type readIn struct {
	Notebook string `json:"notebook" jsonschema:"the handle that notebook_open gave"`
}

type readOut struct {
	Title   string   `json:"title" jsonschema:"what the notebook is about"`
	Entries []string `json:"entries" jsonschema:"the entries, oldest first"`
}

type deleteIn struct {
	Notebook string `json:"notebook" jsonschema:"the handle that notebook_open gave"`
	Confirm  bool   `json:"confirm,omitzero" jsonschema:"that the user agrees; needed up to protocol version 2025-11-25, later the user is asked directly and this is ignored"`
}

type deleteOut struct {
	Deleted bool `json:"deleted" jsonschema:"false when the user did not agree; the notebook is then unchanged"`
}

// New returns the tools, which keep notebooks in r.
func New(r Registry) []tool.Entry {
	n := notebooks{registry: r}
	return []tool.Entry{n.openTool(), n.appendTool(), n.readTool(), n.deleteTool()}
}

func (n notebooks) openTool() tool.Tool {
	return tool.New(tool.Spec{
		Name: "notebook_open", Title: "Open a notebook",
		Description: "Opens a new, empty notebook and gives its handle. A notebook belongs to you alone and is gone when it has not been used for some time.",
		Scope:       scopes.Of(scopes.Tool, "notebook_open"),
	}, func(ctx context.Context, c *tool.Call, in openIn) (openOut, error) {
		handle, err := n.open(ctx, c.Principal, c.Protocol, in.Title)
		return openOut{Notebook: handle}, err
	})
}

func (n notebooks) appendTool() tool.Tool {
	return tool.New(tool.Spec{
		Name: "notebook_append", Title: "Write into a notebook",
		Description: "Adds an entry to the end of a notebook. Entries that are added at the same time are all kept.",
		Scope:       scopes.Of(scopes.Tool, "notebook_append"),
	}, func(ctx context.Context, c *tool.Call, in appendIn) (appendOut, error) {
		entries, err := n.append(ctx, c.Principal, in.Notebook, in.Text)
		return appendOut{Entries: entries}, err
	})
}

func (n notebooks) readTool() tool.Tool {
	return tool.New(tool.Spec{
		Name: "notebook_read", Title: "Read a notebook",
		Description: "Gives the title and all entries of a notebook.",
		Scope:       scopes.Of(scopes.Tool, "notebook_read"), ReadOnly: true, Idempotent: true,
	}, func(ctx context.Context, c *tool.Call, in readIn) (readOut, error) {
		book, _, err := n.read(ctx, c.Principal, in.Notebook)
		return readOut(book), err
	})
}

func (n notebooks) deleteTool() tool.Tool {
	return tool.New(tool.Spec{
		Name: "notebook_delete", Title: "Delete a notebook",
		Description: "Deletes a notebook with all its entries, for good, after the user has agreed.",
		Scope:       scopes.Of(scopes.Tool, "notebook_delete"), Destructive: true, Idempotent: true,
	}, func(ctx context.Context, c *tool.Call, in deleteIn) (deleteOut, error) {
		book, rec, err := n.read(ctx, c.Principal, in.Notebook)
		if err != nil {
			return deleteOut{}, err
		}
		ok, err := c.Confirm(ctx, fmt.Sprintf("Delete the notebook %q with all its entries?", book.Title), in.Confirm)
		if err != nil || !ok {
			return deleteOut{}, err
		}
		return deleteOut{Deleted: true}, n.registry.RevokeRecord(ctx, rec)
	})
}
