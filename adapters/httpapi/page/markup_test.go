//go:build !nopage

package page_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// planted is markup that runs a script wherever it is taken as markup.
const planted = `<img src=x onerror="document.title='ran'"><script>document.title='ran'</script>{{7*7}}`

// TestMarkup plants markup wherever somebody else's text comes onto the page: it stands there as text.
func TestMarkup(t *testing.T) {
	s := openShop(t, false)
	p := products.Product{SKU: planted, Name: "name " + planted, Description: planted,
		Attributes: map[string]string{planted: planted}, Fields: map[string]products.Value{
			"brand": s.db.Products().Schema().Find("brand").Value(planted)}}
	_, err := s.db.Products().Create(t.Context(), p)
	require.NoError(t, err)
	cell := func(more string) string { return `"` + strings.ReplaceAll(planted+more, `"`, `""`) + `"` }
	id := s.submit(planted+".csv", "sku,name,status,"+cell("")+"\nA,Apple,yes,\n"+cell("1")+",x,"+cell("")+",\n",
		job.Settings{})
	_, err = s.db.Webhooks().CreateEndpoint(t.Context(), webhooks.Endpoint{URL: "http://127.0.0.1:1/", ClientName: planted,
		State: webhooks.Active, Events: []string{"*"}, Concurrency: 1, Timeout: webhooks.MaxTimeout})
	require.NoError(t, err)

	b := openTab(t)
	shows := func(address, text string) {
		b.t.Helper()
		b.visit("about:blank")
		b.visit(s.url + address)
		b.until("document.body.textContent.includes(" + quote(text) + ")")
		require.Empty(t, evaluate[string](b, `document.querySelector('img, main script')?.src ?? ''`))
		require.NotEqual(t, "ran", evaluate[string](b, "document.title"))
	}
	shows("#/products", "name <img src=x")
	shows("#/products/1", "name <img src=x")
	require.Equal(t, planted, value(b, "textbox", "SKU (needed)"))
	b.press("Escape")
	shows("#/products?search="+strings.ReplaceAll(planted[:20], " ", "+"), "<img src=x")
	shows("#/import/jobs/"+id, "<img src=x")
	b.sees("Imported")
	b.click("button", "Show what is not taken")
	b.until(`document.querySelector('dialog td .wrong')?.textContent.includes('<img')`)
	require.NotEqual(t, "ran", evaluate[string](b, "document.title"))
	shows("#/imports", "<img src=x")
	shows("#/import", "<img src=x")
	shows("#/webhooks", "<img src=x")
	b.click("link", "http://127.0.0.1:1/")
	b.until("document.querySelector('h1').textContent.includes('<img')")
	b.click("button", "Delete")
	b.until("document.querySelector('dialog label').textContent.includes('<img')")
	require.Empty(t, b.troubles())
}
