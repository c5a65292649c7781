//go:build !nopage

package page_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// entries lists what stands in the history of the product that is open, without when it was.
func entries(b *tab) []string {
	b.t.Helper()
	b.until("document.querySelector('dialog section[aria-busy=false]')")
	return evaluate[[]string](b, `[...document.querySelectorAll('dialog section > ul > li')].map((entry) => {
		const copy = entry.cloneNode(true);
		for (const e of copy.querySelectorAll('summary')) e.remove();
		for (const time of copy.querySelectorAll('time')) time.replaceWith('then');
		for (const part of copy.querySelectorAll('ul, ul li')) part.prepend(' | ');
		return copy.textContent.replace(/\s+/g, ' ').trim();
	})`)
}

// TestProductHistory shows who changed a product, by hand, by an import and by an undo, and older changes when they are
// asked for.
func TestProductHistory(t *testing.T) {
	s := openShop(t, false)
	s.ended(s.submit("lamps.csv", "sku,name,price\nA-1,Lamp,10\nA-2,Desk,5\n", job.Settings{Changes: job.ChangesAll}))
	second := s.submit("more.csv", "sku,name,price\nA-1,Lamp,12.5\n",
		job.Settings{Mode: products.Update, Changes: job.ChangesAll})
	s.ended(second)

	b := openTab(t)
	b.visit(s.url + "#/products")
	b.click("button", "A-1")
	require.Equal(t, []string{"Changed then, in the import of more.csv | | Price: 10.00 → 12.50",
		"Created then, in the import of lamps.csv | | Name: Lamp | Status: inactive | Price: 10.00"}, entries(b))
	b.audits("by imports")
	b.fill("textbox", "Price", "")
	b.fill("textbox", "Name (needed)", strings.Repeat("Reading lamp ", 12))
	b.click("button", "Save changes")
	b.until("!document.querySelector('dialog')")
	b.click("button", "A-1")
	require.Contains(t, entries(b)[0], "Changed then by ann | | Name: Lamp → Reading lamp Reading")
	require.Contains(t, entries(b)[0], "Price: 12.50 → nothing")
	b.click(unfold, "What it had")
	b.audits("by hand and by imports")
	b.click("link", "more.csv")
	b.control("heading", "Imported")
	b.until("!document.querySelector('dialog')")

	// Of many changes the newest are shown.
	b.visit(s.url + "#/products/2")
	require.Len(t, entries(b), 1)
	for i := range 24 {
		name := fmt.Sprintf("Desk %d", i)
		_, err := s.notifying.Update(t.Context(), 2, 0, products.Patch{Name: &name})
		require.NoError(t, err)
	}
	b.visit("about:blank")
	b.visit(s.url + "#/products/2")
	require.Len(t, entries(b), 10)
	b.walk("button", "Show older changes")
	b.press("Enter")
	b.until("document.querySelectorAll('dialog section > ul > li').length === 20")
	b.until("document.activeElement.innerText.includes('Desk 12 → Desk 13')") // the first of those that came
	b.until("document.querySelector('#announcements').textContent === '10 older changes shown'")
	b.audits("older changes")
	b.click("button", "Show older changes")
	b.until("document.querySelectorAll('dialog section > ul > li').length === 25")
	require.Contains(t, entries(b)[24], "lamps.csv")
	require.False(t, b.has("button", "Show older changes"))
}

// TestHistoryWithoutEntries says that nothing is kept of a product, and what became of a list that can't be had, which
// can be asked for again.
func TestHistoryWithoutEntries(t *testing.T) {
	s := openShop(t, true)
	s.add(1) // without an entry
	b := openTab(t)
	b.visit(s.url + "#/products")
	b.click("button", "SKU-001")
	b.sees("No change of it is kept.")
	scroll := `document.querySelector('dialog section').scrollIntoView()` // for the pictures
	evaluate[any](b, scroll)
	b.audits("nothing is kept")
	b.press("Escape")
	b.until("!document.querySelector('dialog')")
	answer := func(status int, code string) {
		evaluate[any](b, fmt.Sprintf(`{
			window.send ??= fetch;
			window.fetch = (url, options) => String(url).includes('/history') ? Promise.resolve(new Response(
				'{"detail": "the history is out of reach", "code": "%s"}', {status: %d})) : window.send(url, options);
		}`, code, status))
	}
	answer(500, "internal")
	b.click("button", "SKU-001")
	b.sees("The history is out of reach.")
	evaluate[any](b, scroll)
	b.audits("an error")
	evaluate[any](b, "window.fetch = window.send")
	b.click("button", "Try again")
	b.sees("No change of it is kept.")
	b.press("Escape")
	answer(404, "no_history")
	b.click("button", "SKU-001")
	b.control("button", "Save changes")
	b.until("!document.querySelector('dialog section')")
	require.False(t, b.has("heading", "History"))
}
