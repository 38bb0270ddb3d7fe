package platform

import (
	"fmt"
	"strings"
)

// The Lambda Web Adapter, v1.0.0, as AWS publishes it for its commercial regions.
// https://github.com/aws/aws-lambda-web-adapter
const (
	webAdapterAccount = "753240598075"
	webAdapterVersion = 27
	webAdapterPort    = "8080"
)

// WebAdapter is what a function needs to run cmd/server unchanged: the layers, and the
// variables that the adapter reads. region is such as eu-central-1, architecture arm64 or
// x86_64.
//
// The server has to listen on port 8080, which is its default. AWS_LAMBDA_EXEC_WRAPPER is
// not set: it is for managed runtimes, and on provided.al2023 the zip's bootstrap is the
// server itself, with the adapter beside it as an extension.
func WebAdapter(region, architecture string) (layers []string, environment map[string]string, err error) {
	layer, ok := map[string]string{"arm64": "LambdaAdapterLayerArm64", "x86_64": "LambdaAdapterLayerX86"}[architecture]
	if !ok {
		return nil, nil, fmt.Errorf("web adapter: architecture %q is neither arm64 nor x86_64", architecture)
	}
	if region == "" || strings.HasPrefix(region, "cn-") || strings.HasPrefix(region, "us-gov-") {
		return nil, nil, fmt.Errorf("web adapter: no layer is known for region %q", region)
	}
	arn := fmt.Sprintf("arn:aws:lambda:%s:%s:layer:%s:%d", region, webAdapterAccount, layer, webAdapterVersion)
	return []string{arn}, map[string]string{
		"AWS_LWA_PORT":                           webAdapterPort,
		"AWS_LWA_READINESS_CHECK_PATH":           healthPath,
		"AWS_LWA_READINESS_CHECK_HEALTHY_STATUS": "200",
		// An HTTP API cannot stream.
		"AWS_LWA_INVOKE_MODE": "buffered",
	}, nil
}
