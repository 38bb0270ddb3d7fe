package docs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// CLI checks calls of a program against the help that it prints.
type CLI struct {
	name string
	help func(words ...string) string
	seen map[string]string
}

// NewCLI returns the CLI of a program. help returns what it prints for subcommands, and is asked once for each.
func NewCLI(name string, help func(words ...string) string) *CLI {
	return &CLI{name: name, help: help, seen: map[string]string{}}
}

var (
	subcommand = regexp.MustCompile(`^[a-z][a-z-]*$`)
	longFlag   = regexp.MustCompile(`^--[a-z][a-z-]*`)
)

// Check returns one error for each subcommand and flag in the script's calls that there is not.
func (c *CLI) Check(script string) []error {
	var unknown []error
	for _, words := range calls(script) {
		if words[0] != c.name {
			continue
		}
		sub := 1
		for sub < len(words) && subcommand.MatchString(words[sub]) && c.has(words[1:sub+1]) {
			sub++
		}
		if sub == 1 && len(words) > 1 && subcommand.MatchString(words[1]) {
			unknown = append(unknown, fmt.Errorf("%s has no command %s", c.name, words[1]))
			continue
		}
		for _, word := range words[sub:] {
			flag := longFlag.FindString(word)
			if flag != "" && !regexp.MustCompile(flag+`\b`).MatchString(c.text(words[1:sub])) {
				unknown = append(unknown, fmt.Errorf("%s has no flag %s", strings.Join(words[:sub], " "), flag))
			}
		}
	}
	return unknown
}

// has reports whether the words are a subcommand: the help of what is none is that of the words before it.
func (c *CLI) has(words []string) bool {
	return c.text(words) != c.text(words[:len(words)-1])
}

func (c *CLI) text(words []string) string {
	key := strings.Join(words, " ")
	if _, ok := c.seen[key]; !ok {
		c.seen[key] = c.help(slices.Clone(words)...)
	}
	return c.seen[key]
}
