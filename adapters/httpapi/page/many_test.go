//go:build !nopage

package page_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
)

// ended waits until an import has ended well, and returns it.
func (s *shop) ended(id string) job.Job {
	s.t.Helper()
	var done job.Job
	require.Eventually(s.t, func() bool {
		var err error
		done, err = s.jobs.Get(s.t.Context(), id)
		return err == nil && done.State.Final()
	}, tabTime, 10*time.Millisecond)
	require.Equal(s.t, job.Success, done.State, done.Error)
	return done
}

// TestManyProducts searches, filters and turns the pages of a catalogue of 50,000: the page has one page of it.
func TestManyProducts(t *testing.T) {
	const all = 50_000
	s := openShop(t, false)
	var file strings.Builder
	file.WriteString("sku,name,price,brand\n")
	for i := range all {
		fmt.Fprintf(&file, "LX-%06d,Lamp %d,%d.50,%s\n", i, i, i%1000, []string{"Acme", "Lumen", "Nord"}[i%3])
	}
	require.EqualValues(t, all, s.ended(s.submit("lamps.csv", file.String(), job.Settings{})).Event.Created)
	b := openTab(t)
	b.visit(s.url + "#/products")
	b.sees("50,000 products")
	b.audits("a list")
	nodes := evaluate[int](b, "document.querySelectorAll('*').length")
	for page := 1; page <= 5; page++ {
		b.click("button", "Next page")
		b.control("button", fmt.Sprintf("LX-%06d", page*50))
	}
	require.InDelta(t, nodes, evaluate[int](b, "document.querySelectorAll('*').length"), 10)
	b.click("button", "Previous page")
	b.control("button", "LX-000200")
	b.choose("Order", "SKU, from the end")
	b.control("button", "LX-049999")
	b.click("button", "Next page")
	b.control("button", "LX-049949")

	b.fill("searchbox", "Search in SKU and name", "lamp 4999")
	b.sees("11 of 50,000 products")
	b.control("button", "LX-004999")
	b.fill("searchbox", "Search in SKU and name", "")
	b.click(unfold, "Filters")
	b.fill("textbox", "Price at least", "990")
	b.fill("textbox", "Brand", "Nord")
	b.press("Enter")
	b.sees("166 of 50,000 products")
	b.audits("filters")
	b.sees("Delete all 50,000 products")
	b.click("button", "Next page")
	b.until("document.querySelectorAll('tbody tr').length === 50 && !document.querySelector('[aria-busy=true]')")
	require.Less(t, heap(b), 10_000_000.0, "bytes")
}
