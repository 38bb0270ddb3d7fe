package main

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/mod/module"
)

// What is looked for. The parts are joined here, so that init does not rename what it looks for.
const (
	oldName   = "lease" + "hold"
	oldTitle  = "Lease" + "hold"
	oldModule = oldName + ".example"
)

// identity is whose the tree is to be. An empty owner or contact leaves its placeholder.
type identity struct{ module, name, owner, contact string }

// longestName leaves a stack's name eight characters of the 64 that a function or a role may
// have: stacks/program/patterns.go. The bootstrap program accepts no longer one either.
const longestName = 20

var (
	nameForm = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	// https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
	ownerForm = regexp.MustCompile(`^@[A-Za-z0-9-]{1,39}(/[A-Za-z0-9._-]{1,100})?$`)
)

// reserved are texts that a name may not have: Cognito refuses the first three in the prefix of a
// sign-in domain, Pulumi's settings begin with the fourth, and the last is how init finds what is not renamed yet.
// https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html
var reserved = []string{"aws", "amazon", "cognito", "pulumi", oldName}

// check returns all that is wrong, by the name of the make variable.
func (i identity) check() error {
	return errors.Join(checkModule(i.module), checkName(i.name), checkOwner(i.owner), checkContact(i.contact))
}

func checkModule(path string) error {
	const want = "MODULE: want a module path such as github.com/acme/mcp"
	if path == "" {
		return errors.New(want + ", it is not set")
	}
	if err := module.CheckPath(path); err != nil {
		return fmt.Errorf("%s: %w", want, err)
	}
	if path != strings.ToLower(path) {
		return fmt.Errorf("%s, in lower case (the module proxy and some file systems tell cases apart, others do not), got %q", want, path)
	}
	return nil
}

func checkName(name string) error {
	if !nameForm.MatchString(name) || len(name) < 3 || len(name) > longestName {
		return fmt.Errorf("NAME: want 3 to %d lower-case letters, digits and inner hyphens, a letter first, as Pulumi and names in AWS are made of it; got %q",
			longestName, name)
	}
	for _, text := range reserved {
		if strings.Contains(name, text) {
			return fmt.Errorf("NAME: want a name without %s, got %q", text, name)
		}
	}
	return nil
}

func checkOwner(owner string) error {
	if owner == "" || ownerForm.MatchString(owner) {
		return nil
	}
	return fmt.Errorf("OWNER: want @user or @organization/team, got %q", owner)
}

func checkContact(contact string) error {
	if a, err := mail.ParseAddress(contact); contact == "" || err == nil && a.Address == contact {
		return nil
	}
	if u, err := url.Parse(contact); err == nil && u.Scheme == "https" && u.Host != "" && !strings.ContainsAny(contact, "<> \n") {
		return nil
	}
	return fmt.Errorf("CONTACT: want a mail address or an https URL, got %q", contact)
}
