package httpapi

import (
	"encoding/csv"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// exportColumns are the columns of an export, before those of attributes.
var exportColumns = []string{importer.FieldName, importer.FieldSKU, importer.FieldDescription, importer.FieldStatus}

// Export is the handler of all products as a CSV file, by ID: GET. The file is read page by page as the client takes it,
// so that it may be of any size, and shows each product as it was at some moment of that time. What would be a formula
// to a spreadsheet is escaped by importer.EscapeFormula. With the parameter attributes=color,size it has columns for
// those attributes too.
func (a *API) Export() http.Handler { return methods{http.MethodGet: a.handle(a.export)} }

func (a *API) export(w http.ResponseWriter, r *http.Request) error {
	p := readParameters(r, "attributes")
	if p.err != nil {
		return p.err
	}
	attributes, err := exportAttributes(p.text("attributes"))
	if err != nil {
		return err
	}
	h, err := a.reads.stream(r.Context())
	if err != nil {
		return err
	}
	defer h.release()
	file := newCSVResponse(w, "products.csv")
	return file.end(a.writeExport(r, csv.NewWriter(file), attributes))
}

func (a *API) writeExport(r *http.Request, out *csv.Writer, attributes []string) error {
	record := make([]string, 0, len(exportColumns)+len(attributes))
	record = append(record, exportColumns...)
	for _, name := range attributes {
		record = append(record, importer.EscapeFormula(name))
	}
	if err := out.Write(record); err != nil {
		return err
	}
	all := newPieces(products.Query{Limit: math.MaxInt, SkipCount: true})
	for {
		page, err := a.nextPiece(r, all.ask(pieceBytes))
		if err != nil {
			return err
		}
		all.got(&page)
		for i := range page.Products {
			product := &page.Products[i]
			record = append(record[:0], importer.EscapeFormula(product.Name), importer.EscapeFormula(product.SKU),
				importer.EscapeFormula(product.Description), strconv.FormatBool(product.Status))
			for _, name := range attributes {
				record = append(record, importer.EscapeFormula(product.Attributes[name]))
			}
			if err := out.Write(record); err != nil {
				return err
			}
		}
		if out.Flush(); out.Error() != nil || all.end() {
			return out.Error()
		}
	}
}

// exportAttributes reads a list of names as a record of CSV, so that a name with a comma goes in quotes.
func exportAttributes(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	fail := func(format string, a ...any) ([]string, error) {
		return nil, badParameter("attributes", codeValue, "attributes "+fmt.Sprintf(format, a...))
	}
	in := csv.NewReader(strings.NewReader(text))
	names, err := in.Read()
	if err != nil || in.InputOffset() != int64(len(text)) || len(names) > products.MaxAttributes {
		return fail("must be a list like color,size, of at most %d names", products.MaxAttributes)
	}
	taken := map[string]bool{}
	for _, name := range names {
		// An importer tells the columns of fields by letters and digits alone.
		plain := strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, name)
		switch {
		case products.Blank(name):
			return fail("has an empty name")
		case strings.TrimSpace(name) != name, slices.Contains(importer.RejectColumns, name):
			return fail("has %q, which an import would not take for an attribute", products.Shorten(name))
		case taken[name] || slices.Contains(exportColumns, plain):
			return fail("has %q, which another column is called", products.Shorten(name))
		}
		taken[name] = true
	}
	return names, nil
}
