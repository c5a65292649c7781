//go:build !nopage

package page_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// focused returns the name of what has the focus, as far as its text tells.
func focused(b *tab) string {
	b.t.Helper()
	return evaluate[string](b, `(document.activeElement.ariaLabel ?? document.activeElement.textContent).trim().slice(0, 60)`)
}

// TestKeyboard uses the lists by the keyboard alone. The focus is never lost.
func TestKeyboard(t *testing.T) {
	s, r := openShop(t, false), newReceiver(t)
	s.add(60)
	b := openTab(t)
	b.visit(s.url)
	b.sees("Import products")
	b.walk("button", "Choose a file")
	b.attach(save(t, "more.csv", "code,name,stock\nSKU-061,Lamp 61,3\n")) // as the system's dialog does
	b.control("heading", "How the file is read")
	require.Equal(t, "How the file is read", focused(b))
	b.walk("button", "Use code")
	b.press("Enter")
	b.until("!document.body.innerText.includes('Which column has the SKU?')")
	b.walk("button", "Show what would change")
	b.press("Enter")
	b.control("heading", "What would change")
	b.walk("button", "Import 1 product now")
	b.press("Enter")
	b.sees("Imported")
	b.walk("link", "Products")
	b.press("Enter")
	b.sees("61 products")
	require.Equal(t, "Products", focused(b), "the heading of the new screen")
	b.walk("button", "SKU-002")
	require.True(t, evaluate[bool](b, `getComputedStyle(document.activeElement).outlineStyle !== 'none'`), "it is seen")
	b.press("Enter")
	b.walk("textbox", "Stock")
	b.enter("12")
	b.press("Enter")
	b.until("!document.querySelector('dialog') && !document.querySelector('[aria-busy=true]')")
	require.Equal(t, "SKU-002", focused(b))
	b.press("Enter")
	require.Equal(t, "12", value(b, "textbox", "Stock"))
	b.press("Escape")
	b.until("!document.querySelector('dialog')")
	require.Equal(t, "SKU-002", focused(b))
	b.walk("button", "Next page")
	b.press("Enter")
	b.control("button", "SKU-051")
	b.until("document.activeElement.ariaLabel === 'Products'")

	b.walk("link", "Webhooks")
	b.press("Enter")
	b.walk("button", "New webhook")
	b.press("Enter")
	b.control("textbox", "Address (needed)")
	b.enter(r.url)
	b.walk("checkbox", "Of imports only the end, and not each product")
	b.press(" ")
	b.walk("button", "Create webhook")
	b.press("Enter")
	b.walk("button", "I have kept it")
	b.press("Enter")
	b.control("heading", "Webhook")
	b.walk("button", "Send a test")
	b.press("Enter")
	b.sees("The test arrived")
	require.Equal(t, "Send a test", focused(b))
	b.press("Tab", "Tab", "Enter")
	b.sees("Paused")
	b.until("document.activeElement.textContent === 'Resume'")
	b.walk("button", "Delete")
	b.press("Enter")
	b.press("Escape")
	b.until("!document.querySelector('dialog')")
	require.Equal(t, "Delete", focused(b))
}
