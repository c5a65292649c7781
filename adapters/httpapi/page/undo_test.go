//go:build !nopage

package page_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// TestUndo takes an import back, but for a product that somebody has changed since, after a dry run that says so; and
// takes that back too.
func TestUndo(t *testing.T) {
	s := openShop(t, false)
	s.ended(s.submit("lamps.csv", "sku,name,price\nA-1,Lamp,10\n", job.Settings{}))
	id := s.submit("more.csv", "sku,name,price\nA-1,Lamp,12.5\nA-2,Desk,20\nA-3,Sofa,30\n",
		job.Settings{Mode: products.Update, Changes: job.ChangesAll})
	s.ended(id)
	stock := s.db.Products().Schema().Find("stock")
	_, err := s.db.Products().Update(t.Context(), 2, 0, products.Patch{Fields: map[string]products.Value{
		"stock": stock.Value("5")}})
	require.NoError(t, err)

	b := openTab(t)
	b.visit(s.url + "#/import/jobs/" + id)
	b.click("button", "Undo this import")
	b.control("heading", "What undoing would change")
	b.sees("Tried out, nothing is written yet")
	require.Equal(t, []string{"1", "1", "0", "1"}, counts(b)) // deleted, given back, brought back, left alone
	b.audits("an undo, tried out")
	b.click("button", "Show what is left alone")
	b.sees("Somebody has changed it since.")
	b.control("rowheader", "A-2")
	b.walk("grid", "Left alone")
	b.press("Enter")
	b.control("heading", "A-2")
	b.press("Escape")
	b.press("Escape")
	b.click("button", "Show what is deleted")
	b.control("rowheader", "A-3")
	b.sees("Name Sofa")
	b.audits("deleted")
	b.press("Escape")
	b.click("button", "Undo 2 changes now")
	b.sees("Undone")
	require.Equal(t, []string{"1", "1", "0", "1"}, counts(b))
	b.audits("undone")
	first, err := s.db.Products().Get(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, "10.00", first.Fields["price"].String())
	_, err = s.db.Products().Get(t.Context(), 3)
	require.ErrorIs(t, err, products.ErrNotFound)

	b.click("button", "Undo this undo")
	b.control("heading", "What undoing would change")
	b.click("button", "Undo 2 changes now")
	b.sees("Undone")
	_, err = s.db.Products().Get(t.Context(), 3)
	require.NoError(t, err)
	b.click("button", "Look at the import")
	b.visit(s.url + "#/imports")
	b.sees("Undo: 1 given back, 1 brought back")
}
