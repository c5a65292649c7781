//go:build !nopage

package page_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// writeFile writes a file for a tab to choose.
func writeFile(t testing.TB, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// choosing opens the first step, and gives it a file.
func (b *tab) choosing(s *shop, path string) {
	b.t.Helper()
	b.visit(s.url)
	b.sees("Import products")
	b.attach(path)
}

// TestReading answers what a file leaves open, changes what was found, and sees that all of it counts, also after the
// page was loaded again.
func TestReading(t *testing.T) {
	s := openShop(t, false)
	b := openTab(t)
	b.choosing(s, writeFile(t, "new lamps.csv", "Thing,Title,Price,Available from,Maker\n"+
		"A-1,Lamp,\"1,234\",03/04/2026,Acme\n"+"A-2,Table,\"2,345\",05/06/2026,Acme\n"))
	b.sees("Which column has the SKU?")
	require.Equal(t, "How the file is read", evaluate[string](b, "document.activeElement.textContent"))
	b.audits("open questions")

	b.click("button", "Show what would change")
	b.sees("Before it can go on")
	b.click("button", "Use Thing")
	b.until("location.hash.includes('map=sku%3DThing')")
	b.until("!document.body.innerText.includes('Which column has the SKU?')")
	b.click("button", "Read 1,234 as 1234")
	b.until("!document.body.innerText.includes('How is 1,234')")
	b.click("button", "Read 03/04/2026 as April 3, 2026")
	b.until("!document.body.innerText.includes('How is 03/04/2026')")
	b.choose("Field", "Stock")
	b.fill("textbox", "Value in every product", "7")
	b.press("Enter")
	b.sees("Stock is 7 in every product")
	b.choose("Field for Maker", "Brand")
	b.until("location.hash.includes('map=brand%3DMaker')")
	b.click("radio", "Update it New products are added, and those that exist get what the file says.")
	b.until("location.hash.includes('mode=update')")
	for range 2 {
		for _, value := range []string{"1234.00", "2026-04-03", "Acme", "A-2"} {
			b.sees(value)
		}
		address := evaluate[string](b, "location.href")
		b.visit("about:blank")
		b.visit(address)
		b.sees("Stock is 7 in every product")
	}
	b.audits("answered")

	b.click("button", "Show what would change")
	b.sees("Tried out, nothing is written yet")
	b.audits("tried out")
	b.click("button", "Import 2 products now")
	b.sees("Imported")
	b.audits("imported")
	b.visit(s.url + "#/products")
	b.sees("A-1")
	b.sees("1234.00")
}

// TestColumnsOneByOne keeps one column that goes to no field, leaves another one out, and gives it to a field after all.
func TestColumnsOneByOne(t *testing.T) {
	s := openShop(t, false)
	b := openTab(t)
	b.choosing(s, writeFile(t, "lamps.csv", "sku,name,Colour,Notes,Maker\nA-1,Lamp,green,old,Acme\nA-2,Desk,,new,Acme\n"))
	b.sees("3 columns left out: Colour, Notes, Maker")
	b.click(unfold, "3 columns left out: Colour, Notes, Maker")
	b.choose("Field for Colour", "Keep as it is")
	b.sees("1 column kept as it is, 2 columns left out: Colour, Notes, Maker")
	b.until("location.hash.includes('extra=keep') && location.hash.includes('leave_out=Notes&leave_out=Maker')")
	b.audits("one is kept")
	require.Equal(t, "mixed", value(b, "combobox", "Columns that go to no field"))
	b.choose("Field for Maker", "Brand")
	b.sees("1 column kept as it is, 1 column left out: Colour, Notes")
	b.choose("Field for Maker", "Leave out")
	b.sees("1 column kept as it is, 2 columns left out: Colour, Notes, Maker")
	b.choose("Field for Maker", "Brand")
	b.sees("1 column kept as it is, 1 column left out: Colour, Notes")
	b.click("button", "Show what would change")
	b.click("button", "Import 2 products now")
	b.sees("Imported")
	stored, err := s.db.Products().Get(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"Colour": "green"}, stored.Attributes)
	require.Contains(t, stored.Fields, "brand")

	b.click("button", "Import it again")
	b.sees("1 column kept as it is, 1 column left out: Colour, Notes")
	b.choose("Columns that go to no field", "Keep them all as they are")
	b.sees("2 columns kept as they are: Colour, Notes")
	b.click(unfold, "2 columns kept as they are: Colour, Notes")
	b.choose("Field for Colour", "Leave out")
	b.sees("1 column kept as it is, 1 column left out: Colour, Notes")
	b.choose("Field for Notes", "Leave out")
	b.sees("2 columns left out: Colour, Notes")
	b.until("!location.hash.includes('extra') && !location.hash.includes('leave_out')")
}

// TestProfile keeps settings under a name, has another file with the same columns read by them, and refuses that.
func TestProfile(t *testing.T) {
	s := openShop(t, false)
	b := openTab(t)
	const header = "Thing,Title,Price\n"
	b.choosing(s, writeFile(t, "march.csv", header+"A-1,Lamp,\"1,234\"\nA-2,Table,\"2,345\"\n"))
	b.click("button", "Use Thing")
	b.click("button", "Read 1,234 as 1234")
	b.until("!document.body.innerText.includes('How is 1,234')")
	b.click("button", "Show what would change")
	b.sees("Tried out, nothing is written yet")
	b.click(unfold, "Keep these settings as a profile")
	b.fill("textbox", "Name of the profile", "supplier/<b>A</b> ä")
	b.press("Enter")
	b.sees("Kept as supplier/<b>A</b> ä")
	b.audits("kept")

	b.choosing(s, writeFile(t, "april.csv", header+"A-1,Lamp,\"3,456\"\n"))
	b.sees("Read as last time: supplier/<b>A</b> ä")
	b.sees("3456.00")
	b.audits("by a profile")
	address := evaluate[string](b, "location.href")
	b.visit("about:blank")
	b.visit(address)
	b.sees("Read as last time")
	b.click("button", "Do not read it as last time (supplier/<b>A</b> ä)")
	b.sees("Which column has the SKU?")
	require.False(t, evaluate[bool](b, "document.body.innerText.includes('Read as last time')"))

	b.visit(s.url + "#/import")
	b.sees("Read the file")
	b.choose("Read the file", "supplier/<b>A</b> ä")
	b.attach(writeFile(t, "may.csv", header+"A-1,Lamp,\"5,678\"\n"))
	b.sees("5678.00")
	b.visit(s.url + "#/import")
	b.click(unfold, "Manage profiles")
	b.click("button", "Delete the profile supplier/<b>A</b> ä")
	b.until("!document.body.innerText.includes('supplier')")
}
