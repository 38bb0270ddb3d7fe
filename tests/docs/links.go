package docs

import (
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// CheckLinks returns one line for each link of the pages that leads nowhere: to a file that the
// repository does not have, or to an anchor that the page does not have. Of addresses elsewhere only
// the syntax is checked, as no test uses the network: `make links` visits them. external has them, without
// their fragments, and where the links are, as page:line.
func CheckLinks(root string, pages []Page) (broken []string, external map[string][]string) {
	external = map[string][]string{}
	anchors := map[string]map[string]bool{}
	for _, p := range pages {
		anchors[p.Path] = p.Anchors
	}
	for _, p := range pages {
		for _, l := range p.Links {
			u, err := url.Parse(l.To)
			switch {
			case err != nil:
				err = fmt.Errorf("%q is no address", l.To)
			case u.Scheme == "mailto":
			case u.Scheme != "" || u.Host != "":
				if err = checkExternal(u); err == nil {
					u.Fragment = ""
					external[u.String()] = append(external[u.String()], fmt.Sprintf("%s:%d", p.Path, l.Line))
				}
			default:
				err = checkInternal(root, anchors, p.Path, u)
			}
			if err != nil {
				broken = append(broken, fmt.Sprintf("%s:%d: %v", p.Path, l.Line, err))
			}
		}
	}
	return broken, external
}

// Loopback reports whether a URL is one of this machine.
func Loopback(u *url.URL) bool { return u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost" }

func checkExternal(u *url.URL) error {
	if u.Hostname() == "" || u.Scheme != "https" && (u.Scheme != "http" || !Loopback(u)) {
		return fmt.Errorf("%s: expected https:// and a host", u)
	}
	return nil
}

func checkInternal(root string, anchors map[string]map[string]bool, from string, u *url.URL) error {
	to := from
	if strings.HasPrefix(u.Path, "/") {
		return fmt.Errorf("%s: expected a relative link, which GitHub and the site both follow", u)
	}
	if u.Path != "" {
		to = path.Join(path.Dir(from), u.Path)
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(to))); err != nil || strings.HasPrefix(to, "../") {
			return fmt.Errorf("%s: no file %s in the repository", u, to)
		}
	}
	if u.Fragment == "" {
		return nil
	}
	if known, ok := anchors[to]; ok && !known[u.Fragment] {
		return fmt.Errorf("%s: no heading of %s has the anchor #%s", u, to, u.Fragment)
	} else if !ok {
		return fmt.Errorf("%s: #%s is an anchor in a file that is not Markdown", u, u.Fragment)
	}
	return nil
}
