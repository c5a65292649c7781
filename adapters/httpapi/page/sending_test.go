//go:build !nopage

package page_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
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

// TestSendingBreaks has the connection break in the middle of a file: it is sent again by itself, and all that was chosen
// stays. A file that was changed meanwhile is not.
func TestSendingBreaks(t *testing.T) {
	s := openShop(t, false)
	var breaks, posts atomic.Int32
	breaks.Store(2)
	behind := proxy(t, s)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/uploads/" {
			posts.Add(1)
			if breaks.Add(-1) >= 0 {
				w.Header().Set("Content-Length", "100") // once an answer has begun, Chromium doesn't ask again by itself
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}
		}
		behind.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	_, err := s.jobs.PutProfile(t.Context(), job.Profile{Name: "things", Settings: job.Settings{
		Map: map[string]string{"sku": "Thing"}}})
	require.NoError(t, err)
	b := openTab(t)
	b.visit(server.URL)
	b.choose("Read the file", "things")
	path := writeFile(t, "lamps.csv", "Thing,name\n"+strings.Repeat("A-1,Lamp\n", 500))
	b.attach(path)
	b.sees("The connection broke. The file is sent again from its beginning once the server answers.")
	b.audits("broken")
	b.sees("A-1")
	b.control("heading", "How the file is read")
	require.EqualValues(t, 3, posts.Load())
	b.until("location.hash.includes('map=sku%3DThing')")

	breaks.Store(1)
	b.visit(server.URL + "/#/import")
	b.attach(path)
	b.sees("The connection broke.")
	require.NoError(t, os.WriteFile(path, []byte("sku\n"), 0o600))
	b.sees("The file was changed or removed meanwhile. Choose it again.")
}

// TestTooLong says how long a file may be, without sending it.
func TestTooLong(t *testing.T) {
	s := newShop(t)
	s.maxUpload = 2000
	s.start("127.0.0.1:0", false)
	var sent atomic.Bool
	behind := proxy(t, s)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent.Store(sent.Load() || r.Method == http.MethodPost && r.URL.Path == "/uploads/")
		behind.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	b := openTab(t)
	b.visit(server.URL)
	b.sees("Import products")
	b.attach(writeFile(t, "long.csv", "sku,name\n"+strings.Repeat("A-1,Lamp\n", 500)))
	b.sees("long.csv was not taken. It has 4.5 kB, and the server takes 2 kB at most.")
	require.False(t, sent.Load())
	b.attach(writeFile(t, "short.csv", "sku,name\nA-1,Lamp\n"))
	b.sees("short.csv")
	b.sees("A-1")
}
