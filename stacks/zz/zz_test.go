package zz

import (
	_ "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	_ "github.com/getkin/kin-openapi/openapi3"
	_ "golang.org/x/term"
	_ "pgregory.net/rapid"
)
