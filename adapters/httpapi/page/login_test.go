//go:build !nopage

package page_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
)

// TestLogIn logs in by the form, in two tabs at once, and signs out. What a role may not do is said.
func TestLogIn(t *testing.T) {
	s := newShop(t)
	hash, err := bcrypt.GenerateFromPassword([]byte("open sesame"), bcrypt.MinCost)
	require.NoError(t, err)
	s.users, err = basicauth.NewStaticAccounts(map[string]basicauth.Account{
		"vic": {PasswordHash: string(hash), Role: basicauth.Viewer}})
	require.NoError(t, err)
	s.start("127.0.0.1:0", true)
	s.add(1)

	b := openTab(t)
	b.visit(s.url + "#/products")
	b.control("heading", "Log in")
	b.audits("a form")
	b.fill("textbox", "Name", "vic")
	b.fill("textbox", "Password", "wrong")
	b.press("Enter")
	b.sees("do not fit")
	b.audits("a wrong password")
	second := b.another()
	second.visit(s.url + "#/imports")
	second.control("heading", "Log in")
	b.fill("textbox", "Password", "open sesame")
	b.press("Enter")
	b.sees("1 product")
	b.sees("vic")
	require.Empty(t, evaluate[string](b, "document.cookie"), "scripts don't see it")
	second.fill("textbox", "Name", "vic")
	second.fill("textbox", "Password", "open sesame")
	second.press("Enter")
	second.sees("Nothing was imported yet")

	b.click("button", "SKU-001")
	b.fill("textbox", "Stock", "5")
	b.click("button", "Save changes")
	b.sees("The changes were not saved")
	b.sees("editor") // who may
	b.press("Escape")
	b.click("button", "Sign out")
	b.control("heading", "Log in")
	answer, err := http.Get(s.url + "products/")
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)

	// The session is over in the other tab too: it asks, and goes on where it was.
	second.walk("link", "Products")
	second.press("Enter")
	second.control("heading", "Log in")
	second.fill("textbox", "Password", "open sesame")
	second.press("Enter")
	second.sees("1 product")
}
