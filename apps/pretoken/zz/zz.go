package zz

import (
	_ "github.com/aws/aws-lambda-go/events"
	_ "github.com/aws/aws-lambda-go/lambda"
	_ "leasehold.example/libs/identity"
	_ "leasehold.example/libs/observe"
)
