//go:build !nopage

package page_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// TestChanges looks at what a dry run would change, product by product, and at what the import did.
func TestChanges(t *testing.T) {
	s := openShop(t, false)
	s.ended(s.submit("lamps.csv", "sku,name,price,stock\nA-1,Lamp,10,1\nA-2,Desk,20,2\nA-3,Chair,30,3\n", job.Settings{}))
	id := s.submit("more.csv", "sku,name,price,stock\nA-1,Lamp,12.5,1\nA-2,Table,20,\nA-3,Chair,30,3\nA-4,Sofa,40,4\n",
		job.Settings{Mode: products.Update, DryRun: true})
	s.ended(id)
	b := openTab(t)
	b.visit(s.url + "#/import/jobs/" + id)
	b.click("button", "Show what is changed")
	b.control("heading", "Changed: 2")
	rows := func() []string {
		return evaluate[[]string](b, `[...document.querySelectorAll('.windowed tbody:not(.pad) tr')].map((row) =>
			row.innerText.replace(/\s+/g, ' ').trim())`)
	}
	b.until("document.querySelectorAll('.windowed tbody:not(.pad) tr').length === 2")
	require.Equal(t, []string{"A-1 Price 10.00 → 12.50", "A-2 Name Desk → Table; Stock 2 → nothing"}, rows())
	b.audits("changes")
	b.choose("Field that changes", "Price")
	b.until("document.querySelectorAll('.windowed tbody:not(.pad) tr').length === 1")
	require.Equal(t, []string{"A-1 Price 10.00 → 12.50"}, rows())
	b.choose("Field that changes", "Description")
	b.sees("There are none of these.")
	b.choose("Field that changes", "any")
	b.until("document.querySelectorAll('.windowed tbody:not(.pad) tr').length === 2")
	b.walk("grid", "Changed")
	b.press("ArrowDown", "Enter")
	b.control("heading", "A-2")
	b.audits("a change")
	require.Equal(t, "Name Desk Table Stock 2 nothing", evaluate[string](b,
		`[...document.querySelectorAll('dialog:last-of-type tbody tr')].map((row) => row.innerText).join(' ').replace(/\s+/g, ' ')`))
	b.press("Escape")
	b.press("Escape")
	b.until("!document.querySelector('dialog')")
	b.click("button", "Show what is new")
	b.control("heading", "New: 1")
	b.until("document.querySelector('[data-row]')")
	require.Equal(t, []string{"A-4 Name Sofa; Status inactive; Price 40.00; Stock 4"}, rows())
	b.click("link", "Download all as CSV")
	name, text := b.download()
	require.Contains(t, name, "changes")
	require.Contains(t, text, "A-4")
	b.press("Escape")
	b.click("button", "Import 3 products now")
	b.sees("Imported")
	b.click("button", "Show what is changed")
	b.until("document.querySelectorAll('.windowed tbody:not(.pad) tr').length === 2")
	require.Contains(t, rows()[0], "12.50")
}
