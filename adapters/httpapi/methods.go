package httpapi

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
)

// methods is a resource: its handlers by method. HEAD is answered as GET is, without the body.
type methods map[string]http.Handler

// has reports whether there is a handler of the method.
func (m methods) has(method string) bool {
	return m[method] != nil || method == http.MethodHead && m[http.MethodGet] != nil
}

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if h := m[method]; h != nil {
		h.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Allow", m.allow())
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	p := newProblem(http.StatusMethodNotAllowed, "method_not_allowed", fmt.Sprintf("%s isn't possible here, only %s",
		r.Method, m.allow()))
	writeProblem(w, r, slog.New(slog.DiscardHandler), p)
}

func (m methods) allow() string {
	var names []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete} {
		if m.has(method) {
			names = append(names, method)
		}
	}
	return strings.Join(append(names, http.MethodOptions), ", ")
}
