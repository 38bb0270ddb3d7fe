package pullrequest

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"leasehold.example/stacks/program"
)

// ours refuses what these settings cannot have made, whatever its stack is called: resources of another
// account, region or project (a backend without projects lists the stacks of all), or something that is protected.
func (s *Stacks) ours(resources []apitype.ResourceV3) error {
	var problems []error
	for i := range resources {
		r := &resources[i]
		if project := string(r.URN.Project()); project != s.Settings.Project {
			problems = append(problems, fmt.Errorf("%s is of the project %s, and not of %s", r.URN, project, s.Settings.Project))
		}
		if r.Protect || r.RetainOnDelete {
			problems = append(problems, fmt.Errorf("%s is protected, which nothing of a pull request is", r.URN))
		}
		if r.Type == "pulumi:providers:aws" {
			problems = append(problems, s.samePlace(r))
		}
	}
	return errors.Join(problems...)
}

// samePlace compares the account and the region of a provider with those of the settings.
func (s *Stacks) samePlace(provider *apitype.ResourceV3) error {
	if accounts := accounts(provider.Inputs["allowedAccountIds"]); len(accounts) != 1 || accounts[0] != s.setting("accountId") {
		return fmt.Errorf("it is in account %q, and not in %s's %s", accounts, s.Settings.Stack, s.setting("accountId"))
	}
	if provider.Inputs["region"] != s.setting("region") {
		return fmt.Errorf("it is in region %v, and not in %s's %s", provider.Inputs["region"], s.Settings.Stack, s.setting("region"))
	}
	return nil
}

// accounts is a list, which a provider may also keep as the text of its JSON; empty for anything else.
func accounts(value any) (list []string) {
	text, ok := value.(string)
	if !ok {
		encoded, err := json.Marshal(value)
		if err != nil {
			return nil
		}
		text = string(encoded)
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil
	}
	return list
}

func (s *Stacks) setting(key string) string { return s.Settings.Config[program.Namespace+":"+key] }
