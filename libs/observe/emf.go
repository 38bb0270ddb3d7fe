package observe

import (
	"log/slog"
	"strconv"
	"time"

	"leasehold.example/libs/observe/metric"
)

// maxValues is how many values of one metric a line may hold.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
const maxValues = 100

// directive is the member `_aws` of a line in the embedded metric format, which tells
// CloudWatch which other members of the line are metrics. It is written by hand, because the
// line is the summary of the request: github.com/prozz/aws-embedded-metrics-golang writes
// lines of its own, so that each request would cost two, and cannot be told of a log's
// level, time and fields.
type directive struct {
	at    time.Time
	names []string
}

func (d directive) attr() slog.Attr { return slog.Any("_aws", d) }

// MarshalJSON implements json.Marshaler.
func (d directive) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 160+48*len(d.names))
	b = append(b, `{"Timestamp":`...)
	b = strconv.AppendInt(b, d.at.UnixMilli(), 10)
	b = append(b, `,"CloudWatchMetrics":[{"Namespace":"`+metric.Namespace+
		`","Dimensions":[["`+metric.DimensionService+`","`+metric.DimensionStage+`"]],"Metrics":[`...)
	for i, name := range d.names {
		if i > 0 {
			b = append(b, ',')
		}
		unit := metric.Count
		if name == metric.Latency || name == metric.StoreLatency {
			unit = metric.Milliseconds
		}
		b = append(b, `{"Name":"`+name+`","Unit":"`+unit+`"}`...)
	}
	return append(b, `]}]}`...), nil
}
