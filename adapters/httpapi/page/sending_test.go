//go:build !nopage

package page_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSending gives up a file that is being sent, and sends another one in the place of one.
func TestSending(t *testing.T) {
	s := openShop(t, false)
	var slow atomic.Bool
	slow.Store(true)
	behind := proxy(t, s)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/uploads/" && slow.Load() {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done() // the tab has given it up
			return
		}
		behind.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	b := openTab(t)
	first, second := writeFile(t, "first.csv", "sku,name\nA-1,Lamp\n"), writeFile(t, "second.csv", "sku,name\nB-1,Table\n")
	b.visit(server.URL)
	b.sees("Import products")
	b.attach(first)
	b.sees("Sending first.csv")
	b.audits("sending")
	b.click("button", "Cancel")
	b.sees("Choose a file")
	require.Equal(t, "Choose a file", evaluate[string](b, "document.activeElement.textContent"))
	b.drop(300, 300, first)
	b.sees("Sending first.csv")
	b.drop(300, 300, second)
	b.sees("Sending second.csv")
	b.click("button", "Cancel")
	b.sees("Choose a file")
	slow.Store(false)
	b.drop(300, 300, second)
	b.sees("B-1")
	b.sees("second.csv")
}
