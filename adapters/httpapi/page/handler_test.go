//go:build !nopage

package page_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	pageui "github.com/products-importer/products-importer/adapters/httpapi/page"
)

// ask returns the answer of a handler.
func ask(t testing.TB, h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func newPage(t testing.TB, options pageui.Options) *pageui.Handler {
	t.Helper()
	h, err := pageui.New(options)
	require.NoError(t, err)
	return h
}

// TestFiles follows everything that the page names, at several places.
func TestFiles(t *testing.T) {
	references := regexp.MustCompile(`(?:href|src)="(page/[^"]+)"`)
	names := regexp.MustCompile(`data-modules="([^"]*)"`)
	for _, prefix := range []string{"", "/catalog", "/a/b"} {
		h := http.StripPrefix(prefix, newPage(t, pageui.Options{}))
		index := ask(t, h, "GET", prefix+"/")
		require.Equal(t, 200, index.Code)
		require.Equal(t, "text/html; charset=utf-8", index.Header().Get("Content-Type"))
		for _, reference := range references.FindAllStringSubmatch(index.Body.String(), -1) {
			require.Equal(t, 200, ask(t, h, "GET", prefix+"/"+reference[1]).Code, reference[1])
		}
		modules := strings.Fields(names.FindStringSubmatch(index.Body.String())[1])
		require.Greater(t, len(modules), 20)
		for _, name := range modules {
			require.Equal(t, 200, ask(t, h, "GET", prefix+"/page/"+name+".js").Code, name)
		}
		w := ask(t, h, "GET", prefix+"/page/app.js")
		require.Equal(t, "text/javascript; charset=utf-8", w.Header().Get("Content-Type"))
		require.Equal(t, "text/css; charset=utf-8", ask(t, h, "GET", prefix+"/page/style.css").Header().Get("Content-Type"))
		require.Equal(t, 304, ask(t, h, "GET", prefix+"/page/app.js", "If-None-Match", w.Header().Get("ETag")).Code)
		require.Empty(t, ask(t, h, "HEAD", prefix+"/page/app.js").Body.String())
		require.Equal(t, 405, ask(t, h, "POST", prefix+"/").Code)
		for _, nothing := range []string{"/page/", "/page/index.html", "/page/../handler.go", "/index.html", "/imports/"} {
			require.Equal(t, 404, ask(t, h, "GET", prefix+nothing).Code, nothing)
		}
	}
}

func TestSecurity(t *testing.T) {
	h := newPage(t, pageui.Options{})
	for _, path := range []string{"/", "/page/app.js", "/nothing"} {
		header := ask(t, h, "GET", path).Header()
		require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'self';")
		require.Contains(t, header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
		require.NotContains(t, header.Get("Content-Security-Policy"), "unsafe")
		require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
		require.Equal(t, "no-referrer", header.Get("Referrer-Policy"))
	}
	framed := newPage(t, pageui.Options{FrameAncestors: []string{"'self'", "https://shop.example"}})
	require.Contains(t, ask(t, framed, "GET", "/").Header().Get("Content-Security-Policy"),
		"frame-ancestors 'self' https://shop.example")
	require.NotContains(t, ask(t, h, "GET", "/").Body.String(), "style=")
}

func TestOptions(t *testing.T) {
	index := ask(t, newPage(t, pageui.Options{API: "/shop/api"}), "GET", "/").Body.String()
	require.Contains(t, index, `data-api="/shop/api/"`)
	require.Contains(t, ask(t, newPage(t, pageui.Options{}), "GET", "/").Body.String(), `data-api="./"`)
	require.Contains(t, ask(t, newPage(t, pageui.Options{API: `a"b`}), "GET", "/").Body.String(), `data-api="a%22b/"`)
	for _, wrong := range []string{"https://elsewhere.example/", "//elsewhere.example", `/\elsewhere.example`, "/api?a=b",
		"%"} {
		_, err := pageui.New(pageui.Options{API: wrong})
		require.ErrorContains(t, err, "Options.API", wrong)
	}
	_, err := pageui.New(pageui.Options{FrameAncestors: []string{"a; script-src *"}})
	require.ErrorContains(t, err, "Options.FrameAncestors")
}

// TestBeside has the page and an API at one path: the page takes reads of its own files alone.
func TestBeside(t *testing.T) {
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })
	both := http.StripPrefix("/catalog", newPage(t, pageui.Options{}).Beside(api))
	require.Equal(t, 200, ask(t, both, "GET", "/catalog/").Code)
	require.Equal(t, 200, ask(t, both, "HEAD", "/catalog/page/app.js").Code)
	for _, call := range [][2]string{{"POST", "/catalog/"}, {"GET", "/catalog/imports/"}, {"GET", "/catalog/page/x"}} {
		require.Equal(t, http.StatusTeapot, ask(t, both, call[0], call[1]).Code, call)
	}
}

// TestModules holds what the page promises of itself: small files, small in all, and nothing that runs text.
func TestModules(t *testing.T) {
	forbidden := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|` +
		`DOMParser|https?://[^w]|setAttribute\('(style|on)`)
	files := os.DirFS("files")
	names, err := fs.Glob(files, "*")
	require.NoError(t, err)
	h, total := newPage(t, pageui.Options{}), ask(t, newPage(t, pageui.Options{}), "GET", "/").Body.Len()
	for _, name := range names {
		content, err := fs.ReadFile(files, name)
		require.NoError(t, err)
		require.Less(t, strings.Count(string(content), "\n"), 250, name)
		require.Empty(t, forbidden.FindAllString(string(content), -1), name)
		require.NotRegexp(t, `(?m)^ *(if|for|while) \([^()]*(\([^()]*\)[^()]*)*\);$`, string(content),
			"%s: a statement without a body loses its end", name)
		if name == "style.css" {
			require.Equal(t, strings.Count(string(content), "{"), strings.Count(string(content), "}"),
				"one that is left over takes the next rule with it")
		}
		if name != "index.html" {
			total += ask(t, h, "GET", "/page/"+name).Body.Len()
		}
	}
	require.Less(t, total, 150_000, "bytes in all")
	require.Greater(t, total, 100_000, "the test looks at the page")
}
