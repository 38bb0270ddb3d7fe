package examples

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// person signs in on the pages of the local authorization server as a browser does: tests/signin
// drives a real one through the same pages.
type person struct {
	name    string // tenant/subject
	browser *http.Client
}

func newPerson(t *testing.T, name string) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &person{name: name, browser: &http.Client{Jar: jar}}
}

// signIn opens the page that a client asks for, signs in where nobody is signed in yet, allows
// what is asked for, and is sent back to the client.
func (p *person) signIn(address string) error {
	page, at, err := p.open(address)
	if err != nil {
		return err
	}
	if !strings.Contains(page, `name="decision"`) {
		form := hidden(page)
		form.Set("person", p.name)
		if page, at, err = p.submit(at, page, form); err != nil {
			return err
		}
	}
	form := hidden(page)
	form.Set("decision", "allow")
	form["scope"] = offered(page)
	_, _, err = p.submit(at, page, form)
	return err
}

// open follows redirects, and the Refresh header with which a page of the same site begins.
func (p *person) open(address string) (page string, at *url.URL, err error) {
	for {
		res, err := p.browser.Get(address)
		if err != nil {
			return "", nil, err
		}
		if page, err = read(res); err != nil {
			return "", nil, err
		}
		at = res.Request.URL
		_, next, more := strings.Cut(res.Header.Get("Refresh"), "url=")
		if !more {
			return page, at, nil
		}
		to, err := at.Parse(next)
		if err != nil {
			return "", nil, err
		}
		address = to.String()
	}
}

var (
	actions = regexp.MustCompile(`<form method="post" action="(/(?:signin|consent)[^"]*)"`)
	inputs  = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)
	scopes  = regexp.MustCompile(`<input type="checkbox"[^>]* name="scope" value="([^"]+)"`)
)

// submit posts a form of a page.
func (p *person) submit(at *url.URL, page string, form url.Values) (string, *url.URL, error) {
	action := actions.FindStringSubmatch(page)
	if action == nil {
		return "", nil, fmt.Errorf("no form at %s:\n%s", at, page)
	}
	to, err := at.Parse(html.UnescapeString(action[1]))
	if err != nil {
		return "", nil, err
	}
	r, err := http.NewRequest(http.MethodPost, to.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return "", nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", at.Scheme+"://"+at.Host)
	res, err := p.browser.Do(r)
	if err != nil {
		return "", nil, err
	}
	next, err := read(res)
	return next, res.Request.URL, err
}

func read(res *http.Response) (string, error) {
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s at %s:\n%s", res.Status, res.Request.URL, data)
	}
	return string(data), err
}

func hidden(page string) url.Values {
	form := url.Values{}
	for _, m := range inputs.FindAllStringSubmatch(page, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	return form
}

func offered(page string) (all []string) {
	for _, m := range scopes.FindAllStringSubmatch(page, -1) {
		all = append(all, html.UnescapeString(m[1]))
	}
	return all
}
