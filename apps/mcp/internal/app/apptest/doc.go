// Package apptest is the whole server for tests: wired by the modules that the binaries
// use, over a store of the test's choice, with issuers that need no network; and a client
// that speaks both eras and hides nothing of the answers.
package apptest
