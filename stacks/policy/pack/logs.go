package pack

var logRules = []rule{
	{
		name:    "log-retention",
		why:     "A log without an end is kept for ever: it is paid for, and what it says of people outlives its purpose",
		control: "CloudWatch.16", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html#cloudwatch-16",
		types: []string{logGroup}, each: want("retentionInDays", "a number of days above 0", atLeast(1)),
	},
	{
		name: "log-customer-key",
		why:  "Where a stack's data is under a key of its own, logs that speak of that data are, too",
		page: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html", stack: logsUnderKey,
	},
}

// logsUnderKey holds log groups to a key when tables or secrets have one. A key for
// something else, such as a topic of alarms, asks nothing of logs.
func logsUnderKey(s *stack, report reporter) {
	keyed := false
	for _, r := range s.of(table) {
		keyed = keyed || isSet(r.at("serverSideEncryption.kmsKeyArn"))
	}
	for _, r := range s.of(secret) {
		keyed = keyed || isSet(r.at("kmsKeyId"))
	}
	if !keyed {
		return
	}
	for _, r := range s.of(logGroup) {
		want("kmsKeyId", "the key of the stack's data", isSet)(r, report)
	}
}
