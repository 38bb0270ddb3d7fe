package platform

import (
	"maps"
	"slices"
	"testing"
)

func TestWebAdapter(t *testing.T) {
	t.Parallel()
	for architecture, layer := range map[string]string{"arm64": "LambdaAdapterLayerArm64", "x86_64": "LambdaAdapterLayerX86"} {
		layers, environment, err := WebAdapter("eu-central-1", architecture)
		if err != nil || !slices.Equal(layers, []string{"arn:aws:lambda:eu-central-1:753240598075:layer:" + layer + ":27"}) {
			t.Errorf("%s: %v, %v", architecture, layers, err)
		}
		want := map[string]string{
			"AWS_LWA_PORT": "8080", "AWS_LWA_READINESS_CHECK_PATH": "/healthz",
			"AWS_LWA_READINESS_CHECK_HEALTHY_STATUS": "200", "AWS_LWA_INVOKE_MODE": "buffered",
		}
		if !maps.Equal(environment, want) {
			t.Errorf("environment %v", environment)
		}
	}
	for _, bad := range [][2]string{{"eu-central-1", ""}, {"eu-central-1", "riscv"}, {"", "arm64"}, {"cn-north-1", "arm64"}, {"us-gov-west-1", "arm64"}} {
		if _, _, err := WebAdapter(bad[0], bad[1]); err == nil {
			t.Errorf("%v: no error", bad)
		}
	}
}
