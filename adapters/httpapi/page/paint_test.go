//go:build !nopage

package page_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/stretchr/testify/require"

	pageui "github.com/products-importer/products-importer/adapters/httpapi/page"
)

// BenchmarkFirstPaint is how long it takes until a browser that has nothing of the page shows its frame, and until it
// shows the first place, beside what it takes to show a document of one sentence: medians, in turns.
func BenchmarkFirstPaint(b *testing.B) {
	files, err := pageui.New(pageui.Options{})
	require.NoError(b, err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/empty" {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, "<!doctype html><html lang=en><title>Empty</title><p>Loading")
			return
		}
		files.Beside(http.NotFoundHandler()).ServeHTTP(w, r)
	}))
	b.Cleanup(server.Close)
	var paint, ready, empty []float64
	for b.Loop() {
		tab := openTab(b)
		call(tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: readyScript})
		tab.visit(server.URL + "/")
		paint = append(paint, painted(tab))
		tab.until("window.ready")
		ready = append(ready, evaluate[float64](tab, "ready"))
		tab = openTab(b)
		tab.visit(server.URL + "/empty")
		empty = append(empty, painted(tab))
	}
	b.ReportMetric(median(paint), "paint-ms")
	b.ReportMetric(median(ready), "ready-ms")
	b.ReportMetric(median(empty), "empty-paint-ms")
}

// readyScript notes when the first place has its heading.
const readyScript = `new MutationObserver((_, observer) => {
	if (!document.querySelector('h1')) return;
	window.ready = performance.now();
	observer.disconnect();
}).observe(document, {subtree: true, childList: true});`

// painted returns when the first text was painted, in milliseconds.
func painted(b *tab) float64 {
	b.t.Helper()
	b.until("performance.getEntriesByName('first-contentful-paint').length > 0")
	return evaluate[float64](b, "performance.getEntriesByName('first-contentful-paint')[0].startTime")
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}
