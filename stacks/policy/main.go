// Command policy serves the policy pack to Pulumi's engine:
//
//	pulumi preview --policy-pack stacks/policy
//
// The level of the findings is the stack's setting leasehold:policies.
package main

import (
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "policy pack:", err)
		os.Exit(1)
	}
}

// serve listens on a free port of the loopback address and tells it to the engine, which
// reads it from the first line of the output and ends the process when it is done.
func serve() error {
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Init: func(s *grpc.Server) error {
		pulumirpc.RegisterAnalyzerServer(s, newServer())
		return nil
	}})
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	fmt.Println(handle.Port)
	return <-handle.Done
}
