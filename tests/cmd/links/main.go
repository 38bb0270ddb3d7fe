// Command links visits the addresses elsewhere that the repository's Markdown links to, and fails when one is dead:
//
//	links [-timeout 20s]
//
// It runs in the root of the repository; `make links` calls it. Many sites refuse what is not a browser (401, 403) or
// comes too often (429): such an address is listed as not known, and is no failure. Addresses of this machine are
// not visited.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"time"

	"leasehold.example/tests/docs"
)

// atOnce is how many addresses are visited at a time. Most are of one site.
const atOnce = 4

func main() {
	timeout := flag.Duration("timeout", 20*time.Second, "how `long` an address may take to answer")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, ".", &http.Client{Timeout: *timeout}, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "links:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, root string, client *http.Client, out io.Writer) error {
	pages, err := docs.ReadPages(ctx, root)
	if err != nil {
		return err
	}
	places := elsewhere(root, pages)
	return report(out, visitAll(ctx, client, slices.Collect(maps.Keys(places))), places)
}

// elsewhere returns the addresses that are not of this machine, and where the links to them are. Testdata has
// pages of nobody.
func elsewhere(root string, pages []docs.Page) map[string][]string {
	pages = slices.DeleteFunc(pages, func(p docs.Page) bool { return strings.Contains(p.Path, "testdata/") })
	_, places := docs.CheckLinks(root, pages) // the broken ones are a test's
	maps.DeleteFunc(places, func(address string, _ []string) bool {
		u, err := url.Parse(address)
		return err != nil || docs.Loopback(u)
	})
	return places
}

// visit is what became of one address. Its error is nil when it answers.
type visit struct {
	address string
	known   bool // false: the site did not say
	err     error
}

// visitAll visits each, atOnce at a time, those that seem dead once more at the end, and returns the
// visits by address.
func visitAll(ctx context.Context, client *http.Client, addresses []string) []visit {
	visits, slots := make([]visit, len(addresses)), make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i, address := range addresses {
		slots <- struct{}{}
		all.Go(func() {
			visits[i] = get(ctx, client, address)
			<-slots
		})
	}
	all.Wait()
	for i, v := range visits {
		if v.known && v.err != nil { // a bad moment of somebody else's is no dead link
			visits[i] = get(ctx, client, v.address)
		}
	}
	slices.SortFunc(visits, func(a, b visit) int { return cmp.Compare(a.address, b.address) })
	return visits
}

// get asks with GET, as some sites do not answer HEAD, and reads no body.
func get(ctx context.Context, client *http.Client, address string) visit {
	v := visit{address: address, known: true}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		v.err = err
		return v
	}
	req.Header.Set("User-Agent", "Mozilla/5.0 (compatible; link check)")
	res, err := client.Do(req)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err // without the address, which is in front of it
		}
		v.err = err
		return v
	}
	_ = res.Body.Close()
	if res.StatusCode >= 300 {
		v.err = errors.New(res.Status)
		v.known = !slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests}, res.StatusCode)
	}
	return v
}

// report prints what did not answer, with the pages that link there.
func report(out io.Writer, visits []visit, places map[string][]string) error {
	dead := 0
	for _, v := range visits {
		if v.err == nil {
			continue
		}
		what := "not known"
		if v.known {
			what = "dead"
			dead++
		}
		if _, err := fmt.Fprintf(out, "%s: %s: %v\n    %s\n", what, v.address, v.err, strings.Join(places[v.address], "\n    ")); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(out, "%d addresses, %d dead\n", len(visits), dead); err != nil || dead == 0 {
		return err
	}
	return fmt.Errorf("%d dead links", dead)
}
