// Command lambda is the pre token generation trigger of a Cognito user pool, on
// provided.al2023. Exactly one of two variables says where a user's tenant stands:
// LEASEHOLD_TENANT_ATTRIBUTE names an attribute, such as custom:tenant, and
// LEASEHOLD_TENANT_GROUP_PREFIX what the name of the user's one tenant group begins with.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"leasehold.example/apps/pretoken/internal/tenancy"
	"leasehold.example/libs/observe"
)

func main() {
	log, signals := observe.Helper(os.Stdout, "pretoken")
	trigger, err := tenancy.New(os.Getenv("LEASEHOLD_TENANT_ATTRIBUTE"), os.Getenv("LEASEHOLD_TENANT_GROUP_PREFIX"), log)
	if err != nil {
		log.Error("the configuration is wrong", "error", err)
		os.Exit(1)
	}
	lambda.Start(observe.Function(signals, trigger.Handle))
}
