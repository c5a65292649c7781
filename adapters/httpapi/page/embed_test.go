//go:build !nopage

package page_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy passes requests on to a shop.
func proxy(t testing.TB, s *shop) http.Handler {
	t.Helper()
	to, err := url.Parse(s.url)
	require.NoError(t, err)
	return &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}}
}

// TestEmbedded imports a file by the element on a page of an application's own, which has the importer below a path,
// and is told what has become of it.
func TestEmbedded(t *testing.T) {
	s := openShop(t, false)
	mux := http.NewServeMux()
	mux.Handle("/catalog/", http.StripPrefix("/catalog", proxy(t, s)))
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, `<!doctype html><html lang=en><meta name=viewport content="width=device-width">
			<title>Office</title>
			<script type=module src="/catalog/page/products-import.js"></script>
			<main><h1>Office</h1><products-import endpoint="/catalog"></products-import></main>`)
	})
	office := httptest.NewServer(mux)
	t.Cleanup(office.Close)
	b := openTab(t)
	b.visit(office.URL)
	evaluate[any](b, `window.told = [];
		for (const what of ['begun', 'ended']) {
			addEventListener('products-import-' + what, (e) => told.push(what + ' ' + (e.detail.state ?? '')));
		}`)
	b.control("button", "Choose a file")
	b.audits("embedded")
	b.drop(300, 300, writeFile(t, "lamps.csv", "sku,name\nA-1,Lamp\nA-2,\n"))
	b.control("heading", "How the file is read")
	b.audits("embedded, reading")
	b.click("button", "Show what would change")
	b.click("button", "Import 1 product now")
	b.control("heading", "Imported")
	b.control("button", "Choose a file")
	b.until("told.join() === 'begun ,ended SUCCESS,begun ,ended SUCCESS'")
	b.audits("embedded, imported")
	require.Equal(t, office.URL+"/", evaluate[string](b, "location.href"), "the address is the application's")
}
