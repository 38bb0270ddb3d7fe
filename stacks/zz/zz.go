// Package zz pins.
package zz

import (
	_ "github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	_ "github.com/pulumi/pulumi/sdk/v3/go/auto"
	_ "github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	_ "github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	_ "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	_ "github.com/pulumi/pulumi/sdk/v3/proto/go"
	_ "google.golang.org/grpc"
	_ "google.golang.org/protobuf/types/known/structpb"
	_ "gopkg.in/yaml.v3"
	_ "leasehold.example/apps/mcp/config"
	_ "leasehold.example/libs/session/dynamostore/schema"
	_ "leasehold.example/platform/zz"
)
