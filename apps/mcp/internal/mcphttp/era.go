package mcphttp

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Protocol versions served here. An era is chosen by membership in these sets, never by
// comparing strings: "zzz" sorts behind every date (RULES 3).
const (
	version20260728 = "2026-07-28"
	version20251125 = "2025-11-25"
	version20250618 = "2025-06-18"
	version20250326 = "2025-03-26"
)

var (
	modernVersions = []string{version20260728}
	legacyVersions = []string{version20251125, version20250618, version20250326}
	// Versions are all that are served, newest first.
	Versions = slices.Concat(modernVersions, legacyVersions)
)

// Methods that the transport itself has to know.
const (
	methodInitialize   = "initialize"
	methodPing         = "ping"
	methodDiscover     = "server/discover"
	methodListTools    = "tools/list"
	methodCallTool     = "tools/call"
	methodListPrompts  = "prompts/list"
	methodGetPrompt    = "prompts/get"
	methodListRes      = "resources/list"
	methodListTemplate = "resources/templates/list"
	methodReadResource = "resources/read"
	methodComplete     = "completion/complete"
	methodSetLevel     = "logging/setLevel"
	methodListen       = "subscriptions/listen"
	methodSubscribe    = "resources/subscribe"
	methodUnsubscribe  = "resources/unsubscribe"

	notifyInitialized = "notifications/initialized"
	notifyCancelled   = "notifications/cancelled"
)

// operation says in which era a method exists and which of its params reach the SDK.
type operation struct {
	modern, legacy bool
	params         []string
}

// passes reports whether a member of params reaches the SDK.
func (o operation) passes(name string) bool { return slices.Contains(o.params, name) }

var (
	listParams = []string{"_meta", "cursor"}
	callParams = []string{"_meta", "name", "uri", "arguments"}
	operations = map[string]operation{
		methodInitialize:   {legacy: true, params: []string{"_meta", "protocolVersion", "capabilities", "clientInfo"}},
		methodPing:         {legacy: true, params: []string{"_meta"}},
		methodSetLevel:     {legacy: true, params: []string{"_meta", "level"}},
		methodSubscribe:    {legacy: true, params: []string{"_meta", "uri"}},
		methodUnsubscribe:  {legacy: true, params: []string{"_meta", "uri"}},
		methodDiscover:     {modern: true, params: []string{"_meta"}},
		methodListen:       {modern: true, params: []string{"_meta", "notifications"}},
		methodListTools:    {modern: true, legacy: true, params: listParams},
		methodListPrompts:  {modern: true, legacy: true, params: listParams},
		methodListRes:      {modern: true, legacy: true, params: listParams},
		methodListTemplate: {modern: true, legacy: true, params: listParams},
		methodCallTool:     {modern: true, legacy: true, params: callParams},
		methodGetPrompt:    {modern: true, legacy: true, params: callParams},
		methodReadResource: {modern: true, legacy: true, params: callParams},
		methodComplete:     {modern: true, legacy: true, params: []string{"_meta", "ref", "argument", "context"}},
	}
)

// roundParams carry the second round of a multi round-trip request, which only the modern
// era has: https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr.
var roundParams = []string{"inputResponses", "requestState"}

// twoRound reports whether a method may ask its client for input.
func twoRound(method string) bool {
	return method == methodCallTool || method == methodGetPrompt || method == methodReadResource
}

// meta is what a modern request says of itself in `params._meta`.
type meta struct {
	members  object
	version  string
	client   *mcp.Implementation
	features *mcp.ClientCapabilities
	logLevel mcp.LoggingLevel
}

// metaVersion is the protocol version that the body claims; empty when it claims none.
func (m *message) metaVersion() (string, object, error) {
	raw, ok := m.params.get("_meta")
	if !ok {
		return "", nil, nil
	}
	members, err := parseObject(raw, []string{
		mcp.MetaKeyProtocolVersion, mcp.MetaKeyClientInfo, mcp.MetaKeyClientCapabilities, mcp.MetaKeyLogLevel,
	})
	if err != nil {
		return "", nil, err
	}
	v, ok := members.get(mcp.MetaKeyProtocolVersion)
	if !ok {
		return "", members, nil
	}
	s, ok := stringOf(v)
	if !ok || s == "" {
		// A version that is no string claims the modern era, and no version of it.
		return "invalid", members, nil
	}
	return s, members, nil
}

// isModern chooses the era from the header and from what the body claims. The body
// counts as well: a modern body without the header is a header mismatch, not a request
// of an older protocol.
func isModern(header, claimed string) bool {
	if slices.Contains(modernVersions, header) {
		return true
	}
	return claimed != "" && !slices.Contains(legacyVersions, claimed)
}

// checkModern judges version and `_meta` of a modern request.
// https://modelcontextprotocol.io/specification/2026-07-28/basic#_meta
func checkModern(header, claimed string, members object) (meta, *rpcError) {
	switch {
	case header == "":
		return meta{}, mismatch("MCP-Protocol-Version is missing")
	case claimed == "":
		return meta{}, invalidMeta(mcp.MetaKeyProtocolVersion)
	case header != claimed:
		return meta{}, mismatch("MCP-Protocol-Version and _meta name different versions")
	case !slices.Contains(modernVersions, claimed):
		return meta{}, unsupportedVersion(claimed)
	}
	return readMeta(claimed, members)
}

func readMeta(version string, members object) (meta, *rpcError) {
	m := meta{members: members, version: version}
	raw, ok := members.get(mcp.MetaKeyClientCapabilities)
	if !ok || raw.Kind() != '{' {
		return meta{}, invalidMeta(mcp.MetaKeyClientCapabilities)
	}
	var err error
	if m.features, err = readCapabilities(raw); err != nil {
		return meta{}, invalidMeta(mcp.MetaKeyClientCapabilities)
	}
	if raw, ok := members.get(mcp.MetaKeyClientInfo); ok {
		if m.client, ok = readImplementation(raw); !ok {
			return meta{}, invalidMeta(mcp.MetaKeyClientInfo)
		}
	}
	if raw, ok := members.get(mcp.MetaKeyLogLevel); ok {
		level, _ := stringOf(raw)
		if !validLevel(level) {
			return meta{}, invalidMeta(mcp.MetaKeyLogLevel)
		}
		m.logLevel = mcp.LoggingLevel(level)
	}
	return m, nil
}

// validLevel reports whether level is one of RFC 5424's, as MCP names them.
func validLevel(level string) bool {
	switch level {
	case "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency":
		return true
	}
	return false
}

func readImplementation(raw jsontext.Value) (*mcp.Implementation, bool) {
	members, err := parseObject(raw, []string{"name", "version", "title"})
	if err != nil {
		return nil, false
	}
	read := func(name string) (string, bool) {
		v, ok := members.get(name)
		if !ok {
			return "", false
		}
		return stringOf(v)
	}
	name, ok := read("name")
	if !ok {
		return nil, false
	}
	version, ok := read("version")
	return &mcp.Implementation{Name: name, Version: version}, ok
}
