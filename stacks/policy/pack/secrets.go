package pack

var secretRules = []rule{
	{
		name:    "secret-rotation",
		why:     "A sealing key that never changes makes one leak permanent; every secret has a rotation",
		control: "SecretsManager.1", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/secretsmanager-controls.html#secretsmanager-1",
		stack: func(s *stack, report reporter) {
			rotations := s.of("aws:secretsmanager/secretRotation:SecretRotation")
			for _, r := range s.of(secret) {
				if !anyPoints(rotations, "secretId", r) {
					report(r, "no SecretRotation names this secret")
				}
			}
		},
	},
	{
		name:    "secret-rotation-interval",
		why:     "A rotation that comes once in years is none; at most 90 days",
		control: "SecretsManager.4", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/secretsmanager-controls.html#secretsmanager-4",
		types: []string{"aws:secretsmanager/secretRotation:SecretRotation"}, each: rotatesWithin90Days,
	},
	{
		name: "secret-recovery-window",
		why:  "A secret deleted without a waiting period takes with it whatever it sealed",
		page: "https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html", protected: true, types: []string{secret},
		each: func(r item, report reporter) {
			if v := r.at("recoveryWindowInDays"); v.IsNumber() && v.AsNumber() < 7 {
				report(r, "recoveryWindowInDays is %v; expected 7 to 30, or nothing, which is 30", v.AsNumber())
			}
		},
	},
	{
		name: "secret-value-not-in-state",
		why:  "A value that the program sets is in Pulumi's state, in its history and in the memory of whoever ran it; the rotation function makes values where they are used",
		page: "https://docs.aws.amazon.com/secretsmanager/latest/userguide/best-practices.html", types: []string{"aws:secretsmanager/secretVersion:SecretVersion"},
		each: func(r item, report reporter) {
			for _, path := range []string{"secretString", "secretBinary"} {
				if isSet(r.at(path)) {
					report(r, "%s is set by the program", path)
				}
			}
		},
	},
}

// rotatesWithin90Days reads the interval of a rotation. A schedule in words is not judged:
// rate() and cron() say the same in too many ways.
func rotatesWithin90Days(r item, report reporter) {
	days := r.at("rotationRules.automaticallyAfterDays")
	schedule := r.at("rotationRules.scheduleExpression")
	switch {
	case days.IsComputed() || schedule.IsComputed() || days.IsNull() && isSet(schedule):
	case !days.IsNumber() || days.AsNumber() < 1 || days.AsNumber() > 90:
		report(r, "rotationRules.automaticallyAfterDays is %s; expected 1 to 90", show(days))
	}
}
