// Package docs checks the documentation: every link, every command and every block of code.
//
// A page is read as Markdown. What its fences hold is checked by the rule of their language
// (rules.go); blocks of commands are typed into a shell in a clean clone of the repository, page
// by page and in order, and what they print is compared with what the page says they print.
// docs/writing-docs.md describes it for who writes pages.
package docs
