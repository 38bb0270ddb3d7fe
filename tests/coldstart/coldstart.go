// Package coldstart measures how long a function takes from the start of its process to
// its first answer, against a hello-world function in the same run.
package coldstart

import (
	"context"
	"fmt"
	"slices"
	"time"

	"leasehold.example/tests/runtimeapi"
)

// Comparison is the start of two functions, time and again.
type Comparison struct {
	// A and B are the functions. Grace is not used: nobody waits for a farewell.
	A, B runtimeapi.Config
	// Event is what both are sent. What they answer does not matter, unless it is an error.
	Event []byte

	times  [2][]time.Duration
	rounds int
}

// Round starts each function once; which is first changes from round to round, so that a
// slow moment of the machine hits both alike.
func (c *Comparison) Round(ctx context.Context) error {
	pair := [2]runtimeapi.Config{c.A, c.B}
	for i := range pair {
		which := (i + c.rounds) % 2
		took, err := sample(ctx, pair[which], c.Event)
		if err != nil {
			return err
		}
		c.times[which] = append(c.times[which], took)
	}
	c.rounds++
	return nil
}

// Medians returns the median times of A and B; zero before the first round.
func (c *Comparison) Medians() (a, b time.Duration) {
	return median(c.times[0]), median(c.times[1])
}

// sample returns the time from before the start of the process to after its answer. The
// files are in the page cache, and Lambda's own download and unpacking are no part of it.
func sample(ctx context.Context, cfg runtimeapi.Config, event []byte) (time.Duration, error) {
	cfg.Grace = time.Nanosecond
	begin := time.Now()
	f, err := runtimeapi.Start(cfg)
	if err != nil {
		return 0, err
	}
	_, err = f.Invoke(ctx, event)
	took := time.Since(begin)
	_ = f.Close() // says only that it was killed
	if err != nil {
		return 0, fmt.Errorf("coldstart: %s: %w", cfg.Bootstrap, err)
	}
	return took, nil
}

// median returns the middle of d, the lower of the two middles if there are two; zero of none.
func median(d []time.Duration) time.Duration {
	if len(d) == 0 {
		return 0
	}
	d = slices.Sorted(slices.Values(d))
	return d[(len(d)-1)/2]
}
