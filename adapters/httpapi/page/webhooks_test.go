//go:build !nopage

package page_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// receiver is a server that is told, and checks who tells it.
type receiver struct {
	url    string
	status atomic.Int64
	got    chan string // the types of events
}

func newReceiver(t testing.TB) *receiver {
	r := &receiver{got: make(chan string, 100)}
	r.status.Store(http.StatusNoContent)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		var event struct{ Type string }
		_ = json.Unmarshal(body, &event)
		r.got <- event.Type
		w.WriteHeader(int(r.status.Load()))
		if r.status.Load() != http.StatusNoContent {
			_, _ = io.WriteString(w, "<b>broken</b>")
		}
	}))
	t.Cleanup(server.Close)
	r.url = server.URL + "/hook"
	return r
}

// TestOperator makes a webhook, keeps its secret, tests it, looks at what it was sent, and sends again what failed.
func TestOperator(t *testing.T) {
	s, r := openShop(t, false), newReceiver(t)
	b := openTab(t)
	b.visit(s.url + "#/webhooks")
	b.sees("Nobody is told yet")
	b.audits("no webhook")
	b.click("button", "New webhook")
	b.fill("textbox", "Address (needed)", "ftp://wrong")
	b.click("button", "Create webhook")
	b.sees("The webhook was not created")
	b.audits("errors")
	b.fill("textbox", "Address (needed)", r.url)
	b.fill("textbox", "Whose it is", "Shop")
	b.click("button", "Create webhook")
	b.sees("It is shown this once")
	b.audits("a secret")
	secret := value(b, "textbox", "Secret")
	require.Contains(t, secret, "whsec_")
	b.press("Escape")
	require.Equal(t, secret, value(b, "textbox", "Secret"), "Escape doesn't lose it")
	b.click("button", "I have kept it")
	b.control("heading", "Shop")
	require.NotContains(t, evaluate[string](b, "document.documentElement.outerHTML"), secret)

	b.click("button", "Send a test")
	b.sees("The test arrived")
	require.Equal(t, "webhook.test", <-r.got)
	r.status.Store(http.StatusInternalServerError)
	b.click("button", "Send a test")
	b.sees("The test failed")
	b.sees("<b>broken</b>")
	require.Equal(t, "webhook.test", <-r.got)
	b.audits("a test")

	r.status.Store(http.StatusGone) // gives up at once
	_, err := s.notifying.Create(t.Context(), products.Product{SKU: "A-1", Name: "Lamp"})
	require.NoError(t, err)
	require.Equal(t, "product.created", <-r.got)
	s.hookState(webhooks.Disabled)
	b.click("button", "Look again")
	b.sees("New products")
	r.status.Store(http.StatusNoContent)
	b.visit("about:blank")
	b.visit(s.url + "#/webhooks")
	b.sees("Given up")
	b.audits("a list")
	b.click("link", r.url)
	b.click("button", "Resume")
	b.sees("Active")
	b.choose("State", "failed")
	b.click("button", "New products")
	b.sees("Attempts")
	b.sees("410")
	b.audits("a delivery")
	b.click("button", "Send again")
	require.Equal(t, "product.created", <-r.got)
	b.choose("State", "delivered")
	b.control("button", "New products")

	b.click("button", "Pause")
	b.sees("Paused")
	b.click("button", "New secret")
	b.click("button", "Make a new secret")
	require.NotEqual(t, secret, value(b, "textbox", "Secret"))
	b.click("button", "I have kept it")
	b.click("button", "Change")
	b.click("checkbox", "Changed products")
	b.click(unfold, "Further headers")
	b.click("button", "Add a header")
	b.fill("textbox", "Header", "X-Shop")
	b.fill("textbox", "Value", "lamps")
	b.audits("headers")
	b.click("button", "Save changes")
	b.until("!document.querySelector('dialog') && !document.querySelector('.pairs').innerText.includes('everything')")
	all, _, err := s.db.Webhooks().ListEndpoints(t.Context(), 1, 0)
	require.NoError(t, err)
	require.Equal(t, "lamps", all[0].Headers["X-Shop"])
	b.click("button", "Change")
	b.click(unfold, "Further headers")
	b.click("button", "Remove X-Shop")
	b.click("button", "Save changes")
	b.until("!document.querySelector('dialog') && !document.querySelector('.pairs').innerText.includes('X-Shop')")
	b.visit("about:blank")
	b.visit(s.url + "#/webhooks")
	b.click("link", r.url)
	b.sees("1 arrived, 0 failed")
	b.audits("a chart")
	b.click(unfold, "As a table")
	b.control("table", "Deliveries by the hour")

	b.click("button", "Delete")
	b.fill("textbox", "Type Shop to confirm", "Shop")
	b.click("button", "Delete the webhook")
	b.sees("Nobody is told yet")
}
