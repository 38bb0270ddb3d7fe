package pack

// Analyzed is analyzed, for tests that change what policies see.
var Analyzed = analyzed

// Types are the types of resources that the policies of one resource look at, by policy.
func Types() map[string][]string {
	all := map[string][]string{}
	for _, r := range rules() {
		if r.stack == nil {
			all[r.name] = r.types
		}
	}
	return all
}
