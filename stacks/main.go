// Command stacks is the Pulumi program of every stack of this repository.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/stacks/program"
)

func main() {
	p := program.Program{Root: ".."} // Pulumi runs it in its directory
	pulumi.Run(
		func(ctx *pulumi.Context) error { return p.Deploy(ctx) }, //nolint:gocritic // p.Deploy would be of p without settings
		func(info *pulumi.RunInfo) { p.Settings = info.Config },
	)
}
