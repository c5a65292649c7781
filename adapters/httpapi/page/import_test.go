//go:build !nopage

package page_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"

	"github.com/products-importer/products-importer/products"
)

// dirty is a file as shops have them: in Windows-1252, with semicolons, without a column called SKU, with numbers that can
// be read two ways, a name that is missing, a stock that is no number, and a product twice.
const dirty = `Handle;Title;Weight;Price;Stock
lamp-1;Grüne Lampe;1,234;1.234,50;5
lamp-2;Rote Lampe;2,345;12,50;viele
lamp-3;;3,456;7,00;2
lamp-4;Blaue Lampe;4,567;9,99;1
lamp-4;Blaue Lampe, groß;4,567;19,99;1
`

// save writes a file in Windows-1252.
func save(t testing.TB, name, text string) string {
	t.Helper()
	encoded, err := charmap.Windows1252.NewEncoder().String(text)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(encoded), 0o600))
	return path
}

// TestShopOwner goes the whole way: a dirty file is dropped, its questions answered, tried out, imported, its rejects
// downloaded and mended, and imported again with the same settings.
func TestShopOwner(t *testing.T) {
	s := openShop(t, false)
	b := openTab(t)
	b.visit(s.url)
	b.sees("Choose a file")
	b.audits("a place for a file")
	b.drop(400, 500, save(t, "lamps.csv", dirty))
	b.sees("Which column has the SKU?")
	b.sees("Grüne Lampe")
	b.audits("a question")
	b.click("button", "Show what would change")
	b.sees("Before it can go on")
	b.click("button", "Use Handle")
	b.click("button", "Read 1,234 as 1.234")
	b.until("!document.body.innerText.includes('meant?')")
	b.audits("no question is open")
	b.click("button", "Show what would change")
	b.control("heading", "What would change")
	b.sees("Tried out, nothing is written yet")
	b.audits("a dry run")
	require.Equal(t, []string{"2", "0", "0", "0", "1", "2"}, counts(b))
	_, err := s.db.Products().Get(t.Context(), 1)
	require.ErrorIs(t, err, products.ErrNotFound)

	b.click("button", "Import 2 products now")
	b.sees("Imported")
	require.Equal(t, []string{"2", "0", "0", "0", "1", "2"}, counts(b))
	b.audits("an import")
	b.click("link", "Download what was not taken")
	_, rejects := b.download()
	require.Contains(t, rejects, "viele")
	mended := strings.NewReplacer("viele", "4", "lamp-3,,", "lamp-3,Gelbe Lampe,").Replace(rejects)
	require.NotEqual(t, rejects, mended)
	path := filepath.Join(t.TempDir(), "mended.csv")
	require.NoError(t, os.WriteFile(path, []byte(mended), 0o600))
	b.drop(400, 500, path)
	b.control("heading", "How the file is read")
	b.sees("Gelbe Lampe")
	b.click("button", "Show what would change")
	b.click("button", "Import 2 products now")
	b.sees("Imported")
	require.Equal(t, []string{"2", "0", "0", "0", "0", "0"}, counts(b))
	b.walk("link", "Products")
	b.press("Enter")
	b.sees("4 products")
	for _, text := range []string{"1234.50", "2.345", "Gelbe Lampe"} {
		b.sees(text)
	}
}

// counts returns the six numbers.
func counts(b *tab) []string {
	b.t.Helper()
	return evaluate[[]string](b, `[...document.querySelectorAll('.counts dd:not(.hint)')].map((dd) => dd.textContent)`)
}
