package main

import (
	"bytes"
	"path"
	"slices"
	"strings"
)

// kind is how a file is treated. Every file of the repository has one; a test looks.
type kind string

const (
	unknown  kind = ""
	goSource kind = "Go files"                   // string literals and comments
	goModule kind = "go.mod files"               // paths, in the order that go mod tidy gives them
	text     kind = "other texts"                // wherever the words stand
	npmLock  kind = "npm lock files"             // the name of our package, nothing else
	locked   kind = "checksums and requirements" // hashes and versions of other people's packages
	binary   kind = "binary files"               // not read
	kept     kind = "files to keep"              // they tell where the tree comes from
)

var kinds = []kind{goSource, goModule, text, npmLock, locked, binary, kept}

// byName comes first, then byExtension.
var (
	byName = map[string]kind{
		"go.mod": goModule, "go.sum": locked, "go.work.sum": locked, "package-lock.json": npmLock, "requirements.txt": locked,
		"LICENSE": kept, "NOTICE": kept,
		"Makefile": text, "CODEOWNERS": text, "Dockerfile": text, ".gitignore": text, ".gitattributes": text, ".editorconfig": text,
		".npmrc": text, ".nvmrc": text,
	}
	byExtension = map[string]kind{
		".go": goSource, ".md": text, ".yaml": text, ".yml": text, ".json": text, ".mk": text, ".sh": text, ".work": text, ".toml": text,
		".txt": text, ".tmpl": text, ".txtar": text, ".golden": text, ".html": text, ".css": text, ".mmd": text, ".xml": text, ".svg": text, ".csv": text,
		".mjs": text, ".js": text, ".ts": text, ".mts": text, ".vue": text, ".py": text, ".in": text, ".java": text,
		".png": binary, ".wav": binary, ".ico": binary, ".woff2": binary,
	}
	// pages keep the old names, as they say what they are replaced with.
	pages = []string{"docs/your-own.md"}
)

func kindOf(name string, content []byte) kind {
	switch base := path.Base(name); {
	case slices.Contains(pages, name):
		return kept
	case byName[base] != unknown:
		return byName[base]
	case path.Ext(base) == "" && bytes.HasPrefix(content, []byte("#!")):
		return text
	default:
		return byExtension[strings.ToLower(path.Ext(base))]
	}
}
