package zz

import (
	_ "github.com/aws/aws-lambda-go/events"
	_ "github.com/aws/aws-lambda-go/lambda"
	_ "go.uber.org/fx"
	_ "leasehold.example/apps/mcp/config"
	_ "leasehold.example/libs/identity"
	_ "leasehold.example/libs/observe"
	_ "leasehold.example/libs/identity/identitytest"
	_ "github.com/go-json-experiment/json"
)
