package httpapi

import (
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strconv"
	"strings"
)

// requestURL returns the URL that the client has asked for, whatever handlers on the way have stripped from it.
func requestURL(r *http.Request) *url.URL {
	if asked, err := url.ParseRequestURI(r.RequestURI); err == nil && asked.Path != "" {
		return asked
	}
	return r.URL
}

// mount returns the path at which the client sees the API, without a slash at the end, from a request for the route: it
// is the public URL's, or what stands before the route in the request's path. ok is false where that doesn't end with
// the route, since an application serves it under another name: then the places of the other routes aren't known.
func (a *API) mount(r *http.Request, from routePath) (prefix string, ok bool) {
	if a.public != nil {
		return strings.TrimSuffix(a.public.EscapedPath(), "/"), true
	}
	if prefix, ok = from.mount(requestURL(r).EscapedPath()); ok {
		return prefix, true
	}
	return from.mount(r.URL.EscapedPath()) // a handler on the way has changed more than the beginning
}

// setLocation sets the header Location to the route with the ID, in an answer to a request for the route from, unless
// its path isn't known, see mount.
func (a *API) setLocation(w http.ResponseWriter, r *http.Request, from, to routePath, id string) {
	if prefix, ok := a.mount(r, from); ok {
		w.Header().Set("Location", prefix+to.with(id))
	}
}

// link returns the URL of another page of the list that the request is for: the same query with some parameters
// changed, or removed where the value is empty.
func (a *API) link(r *http.Request, list routePath, p *parameters, changes map[string]string) *string {
	query := maps.Clone(p.values)
	for name, value := range changes {
		query.Del(name)
		if value != "" {
			query.Set(name, value)
		}
	}
	link := requestURL(r).EscapedPath()
	if prefix, ok := a.mount(r, list); ok {
		link = prefix + list.with(r.PathValue("id"))
	}
	link = a.origin(r) + link
	if len(query) > 0 {
		link += "?" + query.Encode()
	}
	return &link
}

// origin returns the scheme and host of the API as the client sees it. Without a public URL it is empty, so that links
// are relative, unless the request's Host is certain: a client that follows a link sends its password there, and a
// proxy or an attacker may have changed the Host.
func (a *API) origin(r *http.Request) string {
	switch {
	case a.public != nil:
		return a.public.Scheme + "://" + a.public.Host
	case !ownHost(r):
		return ""
	case r.TLS != nil:
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// ownHost reports whether the request's Host is the machine that the connection ends at: its address, or, where the
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

// redirectUnclean answers a request whose path has empty segments or dots as a ServeMux does, with the path without
// them, and reports whether it has. The mux itself doesn't know what was stripped from the path.
func redirectUnclean(w http.ResponseWriter, r *http.Request) bool {
	given := r.URL.EscapedPath()
	rooted := given
	if !strings.HasPrefix(given, "/") {
		rooted = "/" + given
	}
	clean := path.Clean(rooted)
	if strings.HasSuffix(given, "/") && clean != "/" {
		clean += "/"
	}
	if clean == given || r.Method == http.MethodConnect || r.RequestURI == "*" {
		return false
	}
	prefix, _ := strings.CutSuffix(requestURL(r).EscapedPath(), given)
	if strings.HasPrefix(prefix, "//") || prefix+given != requestURL(r).EscapedPath() {
		prefix = ""
	}
	to := prefix + clean
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	http.Redirect(w, r, to, http.StatusTemporaryRedirect)
	return true
}
