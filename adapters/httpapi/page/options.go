package page

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Options are settings of the page that a program may change. The zero value is a page beside its API.
type Options struct {
	// API is where the API is: a path such as /api/, or one relative to the page's own, such as ../api/. It must be of
	// the page's own origin, since the page's security policy lets a browser connect to no other. Empty is the page's
	// own place.
	API string
	// FrameAncestors are the origins whose pages may show this page in a frame, such as https://shop.example; nil for
	// none, and 'self' for the page's own origin.
	FrameAncestors []string
}

// api returns where the API is, as a URL that ends with a slash.
func (o *Options) api() (string, error) {
	u, err := url.Parse(o.API)
	switch {
	case err != nil || u.Scheme != "" || u.Host != "" || u.RawQuery != "" || u.Fragment != "" ||
		strings.HasPrefix(o.API, "//") || strings.Contains(o.API, `\`):
		return "", fmt.Errorf("page: Options.API must be a path, such as /api/, not %q", o.API)
	case o.API == "":
		return "./", nil
	}
	return strings.TrimSuffix(u.EscapedPath(), "/") + "/", nil
}

// ancestors returns the sources of the directive frame-ancestors.
func (o *Options) ancestors() (string, error) {
	if len(o.FrameAncestors) == 0 {
		return "'none'", nil
	}
	for _, origin := range o.FrameAncestors {
		if origin == "" || strings.ContainsAny(origin, " ;,\t\r\n") {
			return "", errors.New("page: Options.FrameAncestors has an entry that is no origin: want one such as " +
				"https://shop.example")
		}
	}
	return strings.Join(o.FrameAncestors, " "), nil
}
