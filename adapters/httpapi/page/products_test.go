//go:build !nopage

package page_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// value returns what a field has.
func value(b *tab, role, name string) string {
	b.t.Helper()
	return on[string](b, b.control(role, name), `function () { return this.value; }`)
}

// TestProductList searches, filters, turns pages and exports, and looks whether all of it stands in the address.
func TestProductList(t *testing.T) {
	s := openShop(t, true)
	b := openTab(t)
	b.visit(s.url + "#/products")
	b.sees("There is no product yet")
	b.audits("empty")
	s.add(60)
	b.visit("about:blank")
	b.visit(s.url + "#/products")
	b.sees("60 products")
	b.audits("a list")
	require.False(t, b.has("button", "SKU-051"))
	b.click("button", "Next page")
	b.control("button", "SKU-051")
	require.False(t, b.has("button", "Next page"))
	b.click("button", "Previous page")
	b.control("button", "SKU-001")

	b.fill("searchbox", "Search in SKU and name", "lamp 5")
	b.sees("11 of 60 products")
	b.control("button", "SKU-005")
	b.choose("Order", "SKU, from the end")
	b.until("document.querySelector('tbody tr').innerText.includes('SKU-059')")
	b.click(unfold, "Filters")
	b.fill("textbox", "Price at most", "55")
	b.press("Enter")
	b.sees("6 of 60 products")
	b.audits("filters")
	b.click("link", "Export this list")
	name, text := b.download()
	require.Equal(t, "products.csv", name)
	require.Equal(t, 1+6, strings.Count(text, "\n"), text)
	b.until("location.hash === '#/products?price__lte=55&search=lamp+5&ordering=-sku'")

	again := b.another()
	again.visit(evaluate[string](b, "location.href"))
	again.sees("6 of 60 products")
	require.Equal(t, "lamp 5", value(again, "searchbox", "Search in SKU and name"))
	require.False(t, again.has("columnheader", "Description"))
	again.click(unfold, "Columns")
	again.click("checkbox", "Description")
	again.control("columnheader", "Description")
	again.visit("about:blank")
	again.visit(s.url + "#/products")
	again.control("columnheader", "Description") // the browser has kept it
}

// TestOddNames shows names that are long, in one word, written from the right, or both, in the list and in the panel.
func TestOddNames(t *testing.T) {
	s := openShop(t, true)
	for i, name := range []string{strings.Repeat("Donaudampfschifffahrt", 23), "مصباح طاولة (أخضر) 12%",
		strings.Repeat("מנורה ", 80), "👩‍👩‍👧‍👦" + strings.Repeat("e\u0301", 200)} {
		_, err := s.db.Products().Create(t.Context(), products.Product{SKU: strings.Repeat(strconv.Itoa(i), 255), Name: name,
			Description: strings.Repeat("x", 5000), Attributes: map[string]string{strings.Repeat("y", 200): name}})
		require.NoError(t, err)
	}
	b := openTab(t)
	b.visit(s.url + "#/products")
	b.sees("4 products")
	b.sees("مصباح")
	b.audits("a list")
	b.visit("about:blank")
	b.visit(s.url + "#/products/1")
	b.control("button", "Save changes")
	b.click(unfold, "Further values (1)")
	b.audits("a product")
	b.click("button", "Delete")
	b.sees("Delete this product?")
	b.audits("a question")
}

// TestSearchWaits looks at what is asked for while somebody types: once they pause, and the newest alone.
func TestSearchWaits(t *testing.T) {
	s := openShop(t, true)
	s.add(3)
	b := openTab(t)
	b.visit(s.url + "#/products")
	b.sees("3 products")
	b.control("button", "SKU-001")
	evaluate[any](b, `window.asked = []; window.given = []; {
		const send = fetch;
		window.fetch = (url, options) => {
			const found = new URL(url).searchParams;
			if (!found.has('search') || !found.has('cursor')) return send(url, options);
			window.asked.push(found.get('search'));
			options.signal.addEventListener('abort', () => window.given.push(found.get('search')));
			return found.get('search') === 'lam' ? new Promise((_, no) => options.signal.addEventListener('abort',
				() => no(options.signal.reason))) : send(url, options);
		};
	}`)
	on[any](b, b.control("searchbox", "Search in SKU and name"), `function () { this.focus(); }`)
	for _, letter := range []string{"l", "a", "m"} {
		b.enter(letter)
	}
	b.until("asked.length === 1") // which is never answered
	b.enter("p 2")
	b.sees("1 of 3 products")
	require.Equal(t, []string{"lam", "lamp 2"}, evaluate[[]string](b, "asked"))
	require.Equal(t, []string{"lam"}, evaluate[[]string](b, "given"))
	require.False(t, b.has("button", "SKU-001"))
}

// TestProductPanel creates, changes and deletes a product; errors stand at their fields.
func TestProductPanel(t *testing.T) {
	s := openShop(t, true)
	b := openTab(t)
	b.visit(s.url + "#/products")
	b.click("button", "New product")
	b.fill("textbox", "SKU (needed)", "L-1")
	b.fill("textbox", "Name (needed)", "Lamp")
	b.fill("textbox", "Price", "-1")
	b.fill("textbox", "Stock", "many")
	b.choose("Currency", "EUR")
	b.click("button", "Create product")
	b.sees("The product was not created")
	b.sees("Price must not be less than 0")
	b.audits("errors")
	for _, name := range []string{"Price", "Stock"} {
		require.Equal(t, "true", on[string](b, b.control("textbox", name),
			`function () { return this.getAttribute('aria-invalid'); }`), name)
	}
	b.fill("textbox", "Price", "12.5")
	b.fill("textbox", "Stock", "7")
	b.fill("textbox", "Tags", "new\nsale")
	b.click("button", "Create product")
	b.sees("1 product")
	b.click("button", "L-1")
	require.Equal(t, "12.50", value(b, "textbox", "Price"))
	require.Equal(t, "new\nsale", value(b, "textbox", "Tags"))
	b.until("location.hash === '#/products/1'")
	b.audits("a product")

	b.fill("textbox", "Price", "")
	b.fill("textbox", "Name (needed)", "Reading lamp")
	b.click("button", "Save changes")
	b.sees("Reading lamp")
	stored, err := s.db.Products().Get(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, "Reading lamp", stored.Name)
	require.NotContains(t, stored.Fields, "price", "an empty input clears the field")
	require.Contains(t, stored.Fields, "stock")

	b.click("button", "L-1")
	b.click(unfold, "Further values (0)")
	b.click("button", "Add a value")
	b.fill("textbox", "Name", "Colour")
	b.fill("textbox", "Value", "green")
	b.click("button", "Save changes")
	b.until("!document.querySelector('dialog')")
	b.click("button", "L-1")
	b.click(unfold, "Further values (1)")
	b.audits("further values")
	b.fill("textbox", "Value of Colour", "red")
	b.click("button", "Save changes")
	b.until("!document.querySelector('dialog')")
	stored, err = s.db.Products().Get(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"Colour": "red"}, stored.Attributes)
	b.click("button", "L-1")
	b.click(unfold, "Further values (1)")
	b.click("button", "Remove Colour")
	b.click("button", "Save changes")
	b.until("!document.querySelector('dialog')")
	stored, err = s.db.Products().Get(t.Context(), 1)
	require.NoError(t, err)
	require.Empty(t, stored.Attributes)

	b.click("button", "L-1")
	b.click("button", "Delete")
	confirm := b.control("button", "Delete L-1")
	require.True(t, on[bool](b, confirm, `function () { return this.disabled; }`))
	b.audits("a question")
	b.fill("textbox", "Type its SKU, L-1, to confirm", "L-1")
	b.click("button", "Delete L-1")
	b.sees("There is no product yet")
}

// TestConflict has two people change one product: who comes second sees both, field by field.
func TestConflict(t *testing.T) {
	s := openShop(t, true)
	s.add(1)
	b := openTab(t)
	b.visit(s.url + "#/products/1")
	b.fill("textbox", "Name (needed)", "Mine")
	b.fill("textbox", "Stock", "5")
	b.click(unfold, "Further values (0)")
	b.click("button", "Add a value")
	b.fill("textbox", "Name", "Colour")
	b.fill("textbox", "Value", "green")
	theirs, brand := "Theirs", "Acme"
	_, err := s.db.Products().Update(t.Context(), 1, 0, products.Patch{Name: &theirs, Fields: map[string]products.Value{
		"brand": s.db.Products().Schema().Find("brand").Value(brand)}})
	require.NoError(t, err)
	b.click("button", "Save changes")
	b.sees("Somebody else changed this product")
	b.audits("a conflict")
	b.until("document.querySelectorAll('dialog fieldset').length === 4") // name, brand, stock, Colour
	b.until("document.querySelectorAll('dialog :checked').length === 4")
	b.click("button", "Save what is chosen")
	b.until("!document.querySelector('dialog')")
	stored, err := s.db.Products().Get(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, "Mine", stored.Name)
	require.Contains(t, stored.Fields, "stock")
	require.Contains(t, stored.Fields, "brand", "what only they changed stays")
	require.Equal(t, map[string]string{"Colour": "green"}, stored.Attributes)
	require.EqualValues(t, 3, stored.Version)
}

// TestDeleteAll wants the number of products typed.
func TestDeleteAll(t *testing.T) {
	s := openShop(t, true)
	s.add(3)
	b := openTab(t)
	b.visit(s.url + "#/products?search=nothing")
	b.sees("No product fits")
	b.click("button", "Delete all 3 products")
	b.sees("Delete all 3 products?")
	b.fill("textbox", "Type 3 to confirm", "2")
	require.True(t, evaluate[bool](b, "document.querySelector('dialog button.danger').disabled"))
	b.fill("textbox", "Type 3 to confirm", "3")
	b.press("Enter")
	b.until("!document.querySelector('dialog')")
	b.visit("about:blank")
	b.visit(s.url + "#/products")
	b.sees("There is no product yet")
}
