package everything

import (
	"context"
	_ "embed" // the two smallest files of their kind
	"errors"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

//go:embed media/pixel.png
var pixel []byte

//go:embed media/silence.wav
var silence []byte

func text(s string) *mcp.TextContent { return &mcp.TextContent{Text: s} }

func image() *mcp.ImageContent { return &mcp.ImageContent{Data: pixel, MIMEType: "image/png"} }

func embedded(uri, body string) *mcp.EmbeddedResource {
	return &mcp.EmbeddedResource{Resource: &mcp.ResourceContents{URI: uri, MIMEType: "text/plain", Text: body}}
}

// says is a result of one text.
func says(s string) *mcp.CallToolResult {
	return &mcp.CallToolResult{Content: []mcp.Content{text(s)}}
}

// constant registers a tool that always answers the same. The result is made anew for each
// call, since the transport adds to it.
func constant(content ...mcp.Content) func(*mcp.Server, *mcp.Tool) {
	return plain(func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return &mcp.CallToolResult{Content: content}, nil
	})
}

var contentTools = []fixture{
	{"test_simple_text", "Answers with a text.", constant(text("This is a simple text response for testing."))},
	{"test_image_content", "Answers with an image.", constant(image())},
	{"test_audio_content", "Answers with a sound.", constant(&mcp.AudioContent{Data: silence, MIMEType: "audio/wav"})},
	{
		"test_embedded_resource", "Answers with a resource.",
		constant(embedded("test://embedded-resource", "This is an embedded resource content.")),
	},
	{
		"test_multiple_content_types", "Answers with a text, an image and a resource.",
		constant(text("Multiple content types test:"), image(), embedded("test://mixed-content-resource", "mixed")),
	},
	{
		"test_error_handling", "Always fails.",
		plain(func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return nil, errors.New("this tool intentionally returns an error for testing")
		}),
	},
	{
		"test_streaming_elicitation", "Answers at once; whatever a response stream carries, it carries no request.",
		constant(text("done")),
	},
}
