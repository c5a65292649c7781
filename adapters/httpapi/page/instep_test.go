//go:build !nopage

package page_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// listOf returns a file with products of a brand, whose SKUs go on from one number to another.
func listOf(brand string, from, to int) (text string) {
	for i := from; i < to; i++ {
		text += fmt.Sprintf("%s-%02d,Lamp %d,%s,true\n", brand, i, i, brand)
	}
	return text
}

const listHeader = "sku,name,brand,status\n"

// missingRows lists the rows of the list that is open.
func missingRows(b *tab, want int) []string {
	b.t.Helper()
	b.until(fmt.Sprintf("document.querySelectorAll('.windowed tbody:not(.pad) tr').length === %d", want))
	return evaluate[[]string](b, `[...document.querySelectorAll('.windowed tbody:not(.pad) tr')].map((row) =>
		row.innerText.replace(/\s+/g, ' ').trim())`)
}

// isActive tells whether a product is active.
func (s *shop) isActive(id int64) bool {
	s.t.Helper()
	p, err := s.db.Products().Get(s.t.Context(), id)
	require.NoError(s.t, err)
	return p.Status
}

// TestInStep says what happens to products that a file doesn't have: too many of them are refused with the figures, those
// of one brand are listed before they go, deactivated, and brought back.
func TestInStep(t *testing.T) {
	s := openShop(t, false)
	s.ended(s.submit("all.csv", listHeader+listOf("Acme", 0, 30)+listOf("Other", 0, 10), job.Settings{}))
	require.True(t, s.isActive(30))
	b := openTab(t)
	b.choosing(s, writeFile(t, "acme.csv", "sku,name,brand\n"+
		strings.ReplaceAll(listOf("Acme", 0, 28), ",true", "")+"Acme-99,New lamp,Acme\n"))
	b.control("button", "Show what would change")
	require.False(t, b.has("textbox", "At most"), "what is missing is kept")
	evaluate[any](b, "document.querySelector('[data-key=missing-keep]').focus()")
	b.press("ArrowDown")
	b.control("textbox", "At most")
	b.until("document.activeElement.dataset.key === 'missing-deactivate'")
	evaluate[any](b, "document.activeElement.scrollIntoView()")
	b.audits("products that the file does not have")
	b.click("button", "Show what would change")
	b.control("heading", "This could not be tried out")
	b.sees("The file does not have 12 of 40 products, and at most 2 may be missing. Nothing was written.")
	b.audits("too many are missing")

	b.click("button", "Change settings")
	b.choose("Only products with", "Brand")
	b.fill("textbox", "Value", "Acme")
	b.press("Enter")
	b.control("button", "Remove Brand: Acme")
	b.fill("textbox", "At most", "many")
	b.press("Tab")
	b.sees("This can not be set")
	b.fill("textbox", "At most", "2")
	b.press("Tab")
	b.until("location.hash.includes('missing=deactivate&max_missing=2&scope=brand%3DAcme') && !document.querySelector('[aria-busy=true]')")
	evaluate[any](b, "document.querySelector('[data-key=missing-deactivate]').scrollIntoView()")
	b.audits("products of one brand")
	b.click("button", "Show what would change")
	b.sees("2 products that the file does not have would be deactivated.")
	require.Equal(t, []string{"1", "0", "0", "28", "0", "0", "2", "0"}, counts(b))
	require.False(t, b.has("term", "Kept"), "nothing was")
	b.audits("what is missing, tried out")
	b.walk("button", "Look at them")
	b.press("Enter")
	require.Equal(t, []string{"Acme-28 Status active → inactive", "Acme-29 Status active → inactive"}, missingRows(b, 2))
	b.audits("what is missing")
	b.press("Escape")
	b.until("!document.querySelector('dialog')")
	require.True(t, s.isActive(30))

	b.click("button", "Import 1 product and deactivate 2 now")
	b.sees("Imported")
	require.Equal(t, []string{"1", "0", "0", "28", "0", "0", "2", "0"}, counts(b))
	b.audits("in step")
	require.False(t, s.isActive(30))
	require.True(t, s.isActive(31), "another brand's")
	b.click("button", "Undo this import")
	b.click("button", "Undo 3 changes now")
	b.sees("Undone")
	require.True(t, s.isActive(30))
	b.visit(s.url + "#/imports")
	b.sees("What exists is left alone, 2 deactivated")
	b.audits("in step, among all")
}

// TestInStepDeletes has products deleted that a file doesn't have, beside those that it changes; a mended file of what was
// not taken lacks nothing.
func TestInStepDeletes(t *testing.T) {
	s := openShop(t, false)
	s.ended(s.submit("all.csv", listHeader+listOf("Acme", 0, 10), job.Settings{}))
	id := s.submit("some.csv", "sku,name,stock\nAcme-00,Desk lamp,1\nAcme-01,Lamp 1,many\n"+
		"Acme-02,Lamp 2,2\n", job.Settings{Mode: products.Update, DryRun: true, Missing: "delete", MaxMissing: "50"})
	s.ended(id)
	b := openTab(t)
	b.visit(s.url + "#/import/jobs/" + id)
	b.sees("7 products that the file does not have would be deleted.")
	b.click("button", "Show what is deleted")
	require.Contains(t, missingRows(b, 7)[0], "Acme-03 Name Lamp 3")
	b.press("Escape")
	b.click("button", "Show what is changed")
	require.Len(t, missingRows(b, 2), 2)
	b.press("Escape")
	b.click("button", "Import 2 products and delete 7 now")
	b.sees("Imported")
	require.Equal(t, []string{"0", "2", "0", "0", "0", "1", "7", "0"}, counts(b))
	b.audits("deleted")
	_, err := s.db.Products().Get(t.Context(), 4)
	require.ErrorIs(t, err, products.ErrNotFound)

	b.drop(400, 500, writeFile(t, "mended.csv", "sku,name,stock\nAcme-01,Lamp 1,4\n"))
	b.control("heading", "How the file is read")
	b.until("document.querySelector('[data-key=missing-keep]').checked")
	b.until("location.hash.includes('mode=update') && !location.hash.includes('missing')")
}

// TestInStepUpdates keeps what a file changes apart from what it doesn't have, where that is deactivated.
func TestInStepUpdates(t *testing.T) {
	s := openShop(t, false)
	s.ended(s.submit("all.csv", listHeader+listOf("Acme", 0, 4), job.Settings{}))
	id := s.submit("some.csv", "sku,name\nAcme-00,Desk lamp\nAcme-01,Lamp 1\nAcme-02,Lamp 2\n",
		job.Settings{Mode: products.Update, DryRun: true, Missing: "deactivate", MaxMissing: "50%"})
	s.ended(id)
	b := openTab(t)
	b.visit(s.url + "#/import/jobs/" + id)
	b.click("button", "Show what is changed")
	require.Equal(t, []string{"Acme-00 Name Lamp 0 → Desk lamp"}, missingRows(b, 1))
	b.press("Escape")
	b.click("button", "Look at it")
	require.Equal(t, []string{"Acme-03 Status active → inactive"}, missingRows(b, 1))
}

// TestInStepKeeps leaves alone what somebody changes while the import goes on, and lists it.
func TestInStepKeeps(t *testing.T) {
	s := newShop(t)
	var meanwhile func()
	s.hold = func(context.Context) error {
		if meanwhile != nil {
			meanwhile()
			meanwhile = nil
		}
		return nil
	}
	s.start("127.0.0.1:0", false)
	s.ended(s.submit("all.csv", listHeader+listOf("Acme", 0, 5), job.Settings{}))
	meanwhile = func() {
		name := "Changed by hand"
		_, err := s.db.Products().Update(t.Context(), 5, 0, products.Patch{Name: &name})
		require.NoError(t, err)
	}
	id := s.submit("some.csv", "sku,name\nAcme-00,Lamp 0\nAcme-01,Lamp 1\nAcme-02,Lamp 2\n",
		job.Settings{Mode: products.Update, Missing: "delete", MaxMissing: "2", Changes: job.ChangesAll})
	s.ended(id)
	b := openTab(t)
	b.visit(s.url + "#/import/jobs/" + id)
	b.control("term", "Kept")
	require.Equal(t, []string{"0", "0", "3", "0", "0", "0", "1", "1"}, counts(b))
	b.audits("one is kept")
	b.click("button", "Show what is kept")
	require.Equal(t, []string{"Acme-04 Somebody has changed it since."}, missingRows(b, 1))
}
