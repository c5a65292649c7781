package httpapi

import (
	"fmt"
	"maps"
	"math"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// parameters are a request's query parameters, read strictly: one that is unknown, or comes twice where it may not, is
// an error that names it.
type parameters struct {
	values url.Values
	err    error // the first there was
}

// parameters reads the query. Names that end in "..." may come several times.
func readParameters(r *http.Request, names ...string) *parameters {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return &parameters{err: newProblem(http.StatusBadRequest, "malformed_query", "the query is malformed: "+err.Error())}
	}
	p := &parameters{values: values}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		switch {
		case slices.Contains(names, name+"..."):
		case !slices.Contains(names, name):
			known := make([]string, len(names))
			for i := range names {
				known[i] = strings.TrimSuffix(names[i], "...")
			}
			want := "none is known here"
			if len(known) > 0 {
				want = "want " + strings.Join(known, ", ")
			}
			p.fail(products.Shorten(name), codeUnknown, fmt.Sprintf("there is no parameter %q: %s", products.Shorten(name), want))
		case len(values[name]) > 1:
			p.fail(name, codeTwice, name+" is given twice")
		}
	}
	return p
}

func (p *parameters) fail(name, code, message string) {
	if p.err == nil {
		p.err = badParameter(name, code, message)
	}
}

func (p *parameters) text(name string) string { return p.values.Get(name) }

func (p *parameters) has(name string) bool { return p.values.Has(name) }

// boolean takes true, false, 1 and 0; nil without the parameter.
func (p *parameters) boolean(name string) *bool {
	switch text := p.text(name); text {
	case "":
		return nil
	case "true", "True", "1":
		value := true
		return &value
	case "false", "False", "0":
		return new(bool)
	default:
		p.fail(name, codeValue, fmt.Sprintf("%s must be true or false, not %q", name, products.Shorten(text)))
		return nil
	}
}

// number takes a whole number within the bounds; without the parameter it is the usual one.
func (p *parameters) number(name string, least, most, usual int) int {
	text := p.text(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		bounds := fmt.Sprintf("between %d and %d", least, most)
		if most >= math.MaxInt32 {
			bounds = fmt.Sprintf("%d or more", least)
		}
		p.fail(name, codeValue, fmt.Sprintf("%s must be a whole number, %s, not %q", name, bounds, products.Shorten(text)))
		return usual
	}
	return n
}

// readStates takes those of the known states that the parameter state names, spelled as fold spells it.
func readStates[S ~string](p *parameters, known []S, fold func(text string) string) (states []S) {
	for _, text := range p.values["state"] {
		state := S(fold(text))
		if !slices.Contains(known, state) {
			p.fail("state", codeValue, fmt.Sprintf("state must be one of %v, not %q", known, products.Shorten(text)))
		}
		states = append(states, state)
	}
	return states
}

// origin is scheme, host and path prefix of the API as the client sees it, without a slash at the end. Without a public
// URL it is empty, so that links are relative, unless the request's Host is certain: a client that follows a link sends
// its password there, and whoever stands between may have had another say in the Host than the client.
func (a *API) origin(r *http.Request) string {
	if a.public != nil {
		return strings.TrimSuffix(a.public.String(), "/")
	}
	if !ownHost(r) {
		return ""
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return (&url.URL{Scheme: scheme, Host: r.Host}).String()
}

// ownHost tells whether the request's Host is the machine that the connection ends at: its address, or, where the
// connection comes from the machine itself, one of its names for itself.
func ownHost(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		return false
	}
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		host, port = strings.Trim(r.Host, "[]"), map[bool]string{false: "80", true: "443"}[r.TLS != nil]
	}
	if port != strconv.Itoa(local.Port) {
		return false
	}
	if strings.EqualFold(host, "localhost") {
		return local.IP.IsLoopback()
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap() == local.AddrPort().Addr().Unmap()
}

// location is the path of something of the API as the client sees it.
func (a *API) location(format string, arguments ...any) string {
	path := fmt.Sprintf(format, arguments...)
	if a.public != nil {
		path = strings.TrimSuffix(a.public.EscapedPath(), "/") + path
	}
	return path
}

// link is the URL of another page of the list that the request is for: the same query with some parameters changed, or
// removed where the value is empty.
func (a *API) link(r *http.Request, path string, p *parameters, changes map[string]string) *string {
	query := maps.Clone(p.values)
	for name, value := range changes {
		query.Del(name)
		if value != "" {
			query.Set(name, value)
		}
	}
	link := a.origin(r) + path
	if len(query) > 0 {
		link += "?" + query.Encode()
	}
	return &link
}

// pageOf is a page of a list.
type pageOf[V any] struct {
	Count    *int64  `json:"count"` // null where they weren't counted
	Next     *string `json:"next"`
	Previous *string `json:"previous"`
	Results  []V     `json:"results"`
}

// offsetLinks returns the links of a page by limit and offset.
func (a *API) offsetLinks(r *http.Request, path string, p *parameters, limit, offset int, more bool) (next, previous *string) {
	if more && offset <= math.MaxInt32-limit {
		next = a.link(r, path, p, map[string]string{"offset": strconv.Itoa(offset + limit)})
	}
	if offset > 0 {
		before := ""
		if offset > limit {
			before = strconv.Itoa(offset - limit)
		}
		previous = a.link(r, path, p, map[string]string{"offset": before})
	}
	return next, previous
}

// writePage answers with a page of a list that is asked for by limit and offset, and has so many entries in all.
func writePage[E, V any](a *API, w http.ResponseWriter, r *http.Request, path string, p *parameters, limit, offset int, count int64, page []E, view func(e *E) V) {
	list := pageOf[V]{Count: &count, Results: make([]V, len(page))}
	for i := range page {
		list.Results[i] = view(&page[i])
	}
	list.Next, list.Previous = a.offsetLinks(r, path, p, limit, offset, int64(offset)+int64(len(page)) < count && len(page) > 0)
	writeJSON(w, http.StatusOK, "application/json", &list)
}
