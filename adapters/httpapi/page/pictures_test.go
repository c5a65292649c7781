//go:build !nopage

package page_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/products-importer/products-importer/importer/job"
)

// TestPictures makes the README's pictures, where PAGE_PICTURES names the folder for them.
func TestPictures(t *testing.T) {
	folder := os.Getenv("PAGE_PICTURES")
	if folder == "" {
		t.Skip("PAGE_PICTURES names no folder for the README's pictures")
	}
	s := openShop(t, false)
	kinds := []string{"Floor lamp", "Table lamp", "Wall lamp", "Pendant lamp", "Reading lamp"}
	colours := []string{"green", "white", "brass", "black"}
	name := func(i int) string { return kinds[i%len(kinds)] + ", " + colours[i%len(colours)] }
	var before, file strings.Builder
	before.WriteString("sku,name,price,stock\n")
	file.WriteString("Handle;Title;Price;Weight;Stock\n")
	for i := range 2000 {
		price, weight := fmt.Sprintf("%d,%02d", 20+i%400, i*7%100), fmt.Sprintf("%d,%03d", 1+i%7, 120+i%800)
		if i%8 < 5 {
			fmt.Fprintf(&before, "LX-%04d,\"%s\",%d.%02d,%d\n", 1000+i, name(i), 20+i%400, (i*7+i%8/4*5)%100, i*13%90)
		}
		switch {
		case i%331 == 100:
			price = "on request"
		case i%50 == 0:
			price = fmt.Sprintf("1.%03d,%02d", i%1000, i%100)
		}
		fmt.Fprintf(&file, "LX-%04d;%s;%s;%s;%d\n", 1000+i, name(i), price, weight, i*13%90)
	}
	b := openTab(t)
	b.theme("light")
	b.size(1100, 860)
	b.visit(s.url + "#/import/jobs/" + s.submit("lamps.csv", before.String(), job.Settings{}))
	b.sees("Imported")
	b.visit("about:blank")
	b.visit(s.url)
	b.sees("Choose a file")
	b.drop(400, 500, save(t, "autumn prices.csv", file.String()))
	b.sees("Which column has the SKU?")
	b.click("button", "Use Handle")
	b.control("button", "Read 1,120 as 1.120")
	evaluate[any](b, "document.activeElement.blur(); scrollTo(0, 0)")
	b.picture(filepath.Join(folder, "page-read.png"))
	b.click("button", "Read 1,120 as 1.120")
	b.until("!document.body.innerText.includes('meant?')")
	b.click("radio", "Update it New products are added, and those that exist get what the file says.")
	b.click("button", "Show what would change")
	b.sees("Tried out, nothing is written yet")
	b.click("button", "Show what is not taken")
	b.control("heading", "Not taken: 6")
	b.press("Escape")
	b.size(1100, 500)
	evaluate[any](b, "document.activeElement.blur(); scrollTo(0, 0)")
	b.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 0, 0))
	b.picture(filepath.Join(folder, "page-tried.png"))
}
