package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
	"time"
)

// Handler serves the page at its root, and what the page consists of below page/. Requests to anything else are
// answered with 404. It is safe for concurrent use.
type Handler struct {
	files  map[string]file // by their path without a slash in front; the page itself has none
	policy string          // the value of Content-Security-Policy
}

// file is what a path is answered with.
type file struct {
	content []byte
	etag    string
	kind    string // the value of Content-Type
}

// New returns the page's handler.
func New(options Options) (*Handler, error) {
	api, err := options.api()
	if err != nil {
		return nil, err
	}
	ancestors, err := options.ancestors()
	if err != nil {
		return nil, err
	}
	h := &Handler{files: map[string]file{}, policy: "default-src 'self'; base-uri 'none'; form-action 'self'; " +
		"object-src 'none'; require-trusted-types-for 'script'; frame-ancestors " + ancestors}
	contents, err := contents(api)
	if err != nil {
		return nil, err
	}
	for name, content := range contents {
		sum := sha256.Sum256(content)
		h.files[name] = file{content: content, etag: `"` + hex.EncodeToString(sum[:12]) + `"`, kind: kindOf(name)}
	}
	return h, nil
}

// kindOf returns the type of a file, whatever the machine's tables of types say.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "text/html; charset=utf-8"
}

// ServeHTTP answers GET and HEAD with a file. Browsers keep it, and ask each time whether it has changed.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", h.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	f, found := h.find(r)
	switch {
	case !found:
		http.Error(w, "there is no such file of the page", http.StatusNotFound)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "the page is only read", http.StatusMethodNotAllowed)
		return
	}
	header.Set("ETag", f.etag)
	header.Set("Cache-Control", "no-cache")
	header.Set("Content-Type", f.kind)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.content))
}

// find returns the file that a request asks for.
func (h *Handler) find(r *http.Request) (f file, found bool) {
	f, found = h.files[strings.TrimPrefix(r.URL.Path, "/")]
	return f, found
}

// Beside returns a handler of the page and of an API at the same path: reads of the page's own files are answered by
// the page, and everything else by the API.
func (h *Handler) Beside(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, found := h.find(r); found && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			h.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
}
