//go:build !nopage

package page_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// TestTableOfItsOwner: a server that imports into a table of its owner's has no place Products, offers no undo, and no
// events of products.
func TestTableOfItsOwner(t *testing.T) {
	s := newShop(t)
	s.table = true
	s.start("127.0.0.1:0", false)
	id := s.submit("lamps.csv", "sku,name,price\nA-1,Lamp,10\n", job.Settings{Mode: products.Update,
		Changes: job.ChangesAll})
	s.ended(id)
	b := openTab(t)
	b.visit(s.url + "#/import/jobs/" + id)
	b.control("heading", "Imported")
	b.until("document.querySelectorAll('#places li').length === 3 && !document.querySelector('#places [href$=products]')")
	b.click("button", "Show what is new")
	b.sees("Name Lamp")
	b.press("Escape")
	require.False(t, b.has("button", "Undo this import"))
	b.audits("an import into a table")
	b.visit(s.url + "#/webhooks")
	b.click("button", "New webhook")
	b.control("checkbox", "Imports that failed")
	require.False(t, b.has("checkbox", "New products"))
	require.Empty(t, b.troubles())
}
