//go:build !nopage

package page_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	pageui "github.com/products-importer/products-importer/adapters/httpapi/page"
)

// A page one of whose files doesn't come loads itself again, and gives up when it never comes.
func TestLoadsAgain(t *testing.T) {
	h := newPage(t, pageui.Options{})
	for name, failures := range map[string]int32{"once": 1, "for ever": 1_000} {
		t.Run(name, func(t *testing.T) {
			var asked, visits atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/page/router.js" && asked.Add(1) <= failures:
					http.Error(w, "the server starts", http.StatusServiceUnavailable)
					return
				case r.URL.Path == "/" && r.Method == http.MethodGet:
					visits.Add(1)
				}
				h.ServeHTTP(w, r)
			}))
			t.Cleanup(server.Close)
			b := openTab(t)
			b.visit(server.URL + "/")
			if failures == 1 {
				b.control("heading", "Import products")
			} else {
				b.until("JSON.parse(sessionStorage.getItem('loaded-again')).length === 3 && performance.now() > 2000")
				b.sees("reload the page")
			}
			// A network that changes meanwhile, as it does when containers start, is one more reason to load it again;
			// none is left where the browser asks once more for the file by itself.
			noted := evaluate[int32](b, "JSON.parse(sessionStorage.getItem('loaded-again') ?? '[]').length")
			require.LessOrEqual(t, noted, int32(3))
			require.LessOrEqual(t, visits.Load(), 1+noted, "it loads itself again once for each time that a file didn't come")
		})
	}
}

// A page that begins to load while the server goes away waits for it.
func TestLoadsWhenTheServerIsBack(t *testing.T) {
	h := newPage(t, pageui.Options{})
	var away atomic.Bool
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/page/router.js" && asked.Add(1) == 1 {
			away.Store(true)
		}
		if away.Load() {
			if r.Method == http.MethodHead && asked.Add(1) > 2 {
				away.Store(false)
			}
			panic(http.ErrAbortHandler)
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	b := openTab(t)
	b.visit(server.URL + "/")
	b.sees("reload the page")
	b.control("heading", "Import products")
	require.GreaterOrEqual(t, asked.Load(), int32(3))
}
