package platform

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// place is where a resource is, by its ARN.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
type place struct{ partition, region, account string }

func parseARN(arn string) (place, error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" {
		return place{}, fmt.Errorf("%q is not an ARN", arn)
	}
	return place{partition: parts[1], region: parts[3], account: parts[4]}, nil
}

// beside makes a text of the place of arn.
func beside(arn pulumi.StringInput, text func(place) string) pulumi.StringOutput {
	out := arn.ToStringOutput().ApplyT(func(arn string) (string, error) {
		p, err := parseARN(arn)
		return text(p), err
	})
	return out.(pulumi.StringOutput) //nolint:errcheck,forcetypeassert // what ApplyT makes of a function to string
}
