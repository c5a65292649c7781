//go:build !nopage

package page_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// TestImportList shows imports as they are, filters them, and leads to each.
func TestImportList(t *testing.T) {
	s := openShop(t, false)
	b := openTab(t)
	b.visit(s.url + "#/imports")
	b.sees("Nothing was imported yet")
	b.audits("empty")
	s.submit("good.csv", "sku,name\nA,Apple\nB,Banana\nC,\n", job.Settings{})
	s.submit("tried.csv", "sku,name\nA,Apple pie\n", job.Settings{Mode: products.Update, DryRun: true})
	s.submit("bad.csv", "sku,name\nA,Apple\nX,\nY,\n", job.Settings{MaxRejects: "1"})
	b.visit("about:blank")
	b.visit(s.url + "#/imports")
	b.sees("Done")
	b.sees("Tried out")
	b.sees("Failed")
	b.sees("Too many rejected records")
	b.audits("a list")
	row := func(file string) string {
		return evaluate[string](b, `[...document.querySelectorAll('tbody tr')].find((r) => r.innerText.includes(`+
			quote(file)+`)).innerText.replace(/\s+/g, ' ')`)
	}
	require.Regexp(t, `good.csv What exists is left alone .* Done 2 0 0 0 0 1$`, row("good.csv"))
	require.Regexp(t, `tried.csv Tried out, nothing written .* Tried out 0 1 0 0 0 0$`, row("tried.csv"))
	b.choose("State", "failed")
	b.until("document.querySelectorAll('tbody tr').length === 1")
	require.Contains(t, row("bad.csv"), "Change its settings")
	b.until("location.hash === '#/imports?state=FAILURE'")
	b.choose("State", "all")
	b.until("document.querySelectorAll('tbody tr').length === 3")
	_, _, err := s.jobs.Submit(t.Context(), job.Request{FileName: "hers.csv", User: "Zoë"},
		strings.NewReader("sku,name\nZ,Zither\n"))
	require.NoError(t, err)
	b.fill("combobox", "Asked for by", "Zoë")
	b.press("Enter")
	b.until("document.querySelectorAll('tbody tr').length === 1")
	require.Contains(t, row("hers.csv"), "by Zoë")
	b.until("decodeURI(location.hash) === '#/imports?user=Zoë'")
	b.fill("combobox", "Asked for by", "nobody")
	b.press("Enter")
	b.sees("There are none of these.")
	b.fill("combobox", "Asked for by", "")
	b.press("Enter")
	b.click("link", "good.csv")
	b.sees("Imported")
	b.click("link", "Download what was not taken")
	name, text := b.download()
	require.Contains(t, name, "rejects")
	require.Contains(t, text, "C,")
}

// TestImportsMove watches an import that begins while the list is shown. Nothing else of the list is drawn again.
func TestImportsMove(t *testing.T) {
	s := openShop(t, true)
	s.submit("waits.csv", "sku,name\nA,Apple\n", job.Settings{})
	b := openTab(t)
	b.visit(s.url + "#/imports")
	b.sees("Waiting its turn")
	evaluate[any](b, "layoutShifts.length = 0; window.row = document.querySelector('tbody tr'); window.link = row.querySelector('a'); link.focus()")
	s.work()
	b.sees("Done")
	require.True(t, evaluate[bool](b, "document.querySelector('tbody tr') === window.row"))
	require.True(t, evaluate[bool](b, "document.activeElement === window.link"), "the focus stays where it was")
	require.Empty(t, b.shifts())
}

// TestManyImports pages through the history.
func TestManyImports(t *testing.T) {
	s := openShop(t, true)
	for range 30 {
		s.submit(strings.Repeat("a long name ", 20)+".csv", "sku,name\nA,Apple\n", job.Settings{})
	}
	b := openTab(t)
	b.visit(s.url + "#/imports")
	b.sees("30 imports")
	found, err := b.find("link", strings.Repeat("a long name ", 20)+".csv")
	require.NoError(t, err)
	require.Len(t, found, 25, "screen readers have the whole name")
	b.audits("long names")
	b.click("link", "Next page")
	b.until("document.querySelectorAll('tbody tr').length === 5")
	b.click("link", "Previous page")
	b.until("document.querySelectorAll('tbody tr').length === 25")
}
