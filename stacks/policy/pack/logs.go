package pack

import "slices"

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
	{
		name: "audit-log-apart",
		why:  "The audit has a group that no function logs to: it would end with that log, and a copy that is sent to what it was copied from has no end",
		page: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Subscriptions-recursion-prevention.html", stack: auditApart,
	},
	{
		name:    "audit-log-kept",
		why:     "Who asked for what is not theirs is asked after months; the audit is kept for a year, and Pulumi refuses to delete it",
		control: "CloudWatch.16", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html#cloudwatch-16",
		protected: true, stack: auditKept,
	},
}

// auditGroup is the variable that tells a function the log group to copy the audit into.
const auditGroup = "environment.variables.LEASEHOLD_AUDIT_GROUP"

// auditApart wants, for each function that copies the audit, a group of the stack's to copy
// it into, to which no function logs.
func auditApart(s *stack, report reporter) {
	for _, copying := range s.of(lambda) {
		if !isSet(copying.at(auditGroup)) {
			continue
		}
		if !slices.ContainsFunc(s.of(logGroup), func(group item) bool { return copying.points(auditGroup, group) }) {
			report(copying, "%s is %s; expected a log group of the stack", auditGroup, show(copying.at(auditGroup)))
		}
		group, known := copying.text(auditGroup)
		for _, logging := range s.of(lambda) {
			if own, _ := logging.text("loggingConfig.logGroup"); known && own == group {
				report(copying, "the audit would be in the log of %s", logging.Name)
			}
		}
	}
}

// auditKept looks at the groups that are named for certain: any other may be a log.
func auditKept(s *stack, report reporter) {
	for _, group := range s.of(logGroup) {
		name, _ := group.text("name")
		if !slices.ContainsFunc(s.of(lambda), func(f item) bool {
			into, known := f.text(auditGroup)
			return known && into != "" && into == name
		}) {
			continue
		}
		want("retentionInDays", "365 days or more", atLeast(365))(group, report)
		if !group.Options.Protect {
			report(group, "the resource option protect is not set")
		}
	}
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
