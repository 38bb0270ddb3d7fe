// Package chromium starts browsers for tests.
package chromium

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"leasehold.example/tests/internal/need"
)

// New starts a Chromium with a profile of its own, which chromedp makes and removes, and returns the
// context of its first page. It ends with the test. Nothing in it asks the network by itself.
func New(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(need.Chromium(t)),
		chromedp.WSURLReadTimeout(time.Minute), // it starts beside other tests
		chromedp.NoSandbox,                     // CI runs as root, where the sandbox does not start
		chromedp.DisableGPU,
		chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
	)
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, quit := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits for the browser
		quit()
		stop()
	})
	if err := chromedp.Do(ctx); err != nil { // without a deadline, which would be the browser's
		t.Fatalf("Chromium: %v", err)
	}
	return ctx
}
