// Command jwks prints the public half of VERIFY_KEY as a JSON Web Key Set (RFC 7517), for the address that
// stacks trust as the jwks_url of the pipeline's issuer.
package main

import (
	"fmt"
	"os"

	"leasehold.example/tests/pipeline"
)

func main() {
	i, err := pipeline.NewIssuer("", os.Getenv("VERIFY_KEY"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "jwks:", err)
		os.Exit(1)
	}
	set, err := i.JWKS()
	if err != nil {
		fmt.Fprintln(os.Stderr, "jwks:", err)
		os.Exit(1)
	}
	fmt.Println(string(set))
}
