package httpapi

import (
	"encoding/csv"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// Export is the handler of GET /products/export.csv, all products that match the list's filters as a CSV file, in the
// order of their IDs. An import reads it again without any setting. The store is read page by page as the client
// receives them, so that the file may be of any size, and has each product as it was at some moment meanwhile.
//
// The columns are those that all products have, the fields of one's own, and one for each attribute that a product has,
// called attributes.color. With the parameter attributes=color,size these are the only attributes, which products must
// have, and with attributes=none there are none. Text that a spreadsheet would take for a formula is escaped by
// [importer.EscapeFormula] and [importer.EscapeTrimmed].
func (a *API) Export() http.Handler {
	return a.ofProducts(exportPath, methods{http.MethodGet: a.handle(a.export)})
}

// allAttributes and noAttributes are values of the parameter attributes.
const allAttributes, noAttributes = "", "none"

func (a *API) export(w http.ResponseWriter, r *http.Request) error {
	p := a.readFilters(r, "attributes")
	if p.err != nil {
		return p.err
	}
	q := p.filters()
	if p.err != nil {
		return p.err
	}
	wanted := p.text("attributes")
	e := exporter{api: a, all: wanted == allAttributes}
	var err error
	if !e.all && wanted != noAttributes {
		if e.attributes, err = exportAttributes(wanted); err != nil {
			return err
		}
	}
	h, err := a.startStream(r)
	if err != nil {
		return err
	}
	defer h.release()
	if wanted != noAttributes {
		extendDeadline(w, scanTime+writeTime)
	}
	if e.all {
		e.attributes, err = a.findAttributes(r, q)
	} else if len(e.attributes) > 0 {
		err = a.knowAttributes(r, e.attributes)
	}
	if err != nil {
		return err
	}
	file := newCSVResponse(w, "products.csv")
	e.out = csv.NewWriter(file)
	return file.end(e.write(r, q))
}

// findAttributes returns the names of all attributes of products that match.
func (a *API) findAttributes(r *http.Request, q products.Query) ([]string, error) {
	ctx, cancel := withTimeout(r, scanTime)
	defer cancel()
	names, err := a.products.AttributeNames(ctx, q, products.MaxAttributes+1)
	if err != nil {
		return nil, err
	}
	if len(names) > products.MaxAttributes {
		return nil, badParameter("attributes", codeValue, fmt.Sprintf("attributes must name what is wanted, such as "+
			"color,size, or none: the products have more than %d", products.MaxAttributes))
	}
	for _, name := range names {
		if !exportable(name) {
			return nil, badParameter("attributes", codeValue, fmt.Sprintf("attributes must name what is wanted, such as "+
				"color,size: the products have %q, which an import would not take for an attribute", products.Shorten(name)))
		}
	}
	return names, nil
}

// knownAttributes is how many names of attributes a list of them is compared with. Where the products have more, an
// unknown name can't be told from one of these, and gets an empty column.
const knownAttributes = 10 * products.MaxAttributes

// knowAttributes returns a problem for names that no product has as an attribute, whether or not it matches a filter.
func (a *API) knowAttributes(r *http.Request, names []string) error {
	ctx, cancel := withTimeout(r, scanTime)
	defer cancel()
	known, err := a.products.AttributeNames(ctx, products.Query{}, knownAttributes+1)
	if err != nil || len(known) > knownAttributes {
		return err
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return badParameter("attributes", codeUnknown, fmt.Sprintf("attributes has %q, which no product has",
				products.Shorten(name)))
		}
	}
	return nil
}

// exporter writes products as CSV.
type exporter struct {
	api        *API
	out        *csv.Writer
	attributes []string
	all        bool // attributes are all there are
}

// exportColumns are the first columns of a file with products: those that all products have, and then the fields of
// one's own.
func exportColumns(schema *products.Schema) []string {
	if schema.Len() == 0 { // a table that has a key alone
		return []string{schema.Key().Name}
	}
	columns := []string{schema.At(0).Name, schema.Key().Name}
	for i, f := range schema.All() {
		if i > 0 {
			columns = append(columns, f.Name)
		}
	}
	return columns
}

// appendCells appends the product's cells of exportColumns.
func appendCells(record []string, schema *products.Schema, product *products.Product) []string {
	for i, f := range schema.All() {
		record = append(record, importer.Cell(f, product.Text(f)))
		if i == 0 {
			record = append(record, importer.EscapeTrimmed(product.SKU))
		}
	}
	return record
}

// write writes the products that match.
func (e *exporter) write(r *http.Request, q products.Query) error {
	record := exportColumns(e.api.schema)
	for _, name := range e.attributes {
		record = append(record, importer.AttributePrefix+name)
	}
	if err := e.out.Write(record); err != nil {
		return err
	}
	q.Limit, q.SkipCount = math.MaxInt, true
	all := newPieces(q)
	for {
		page, err := e.api.nextPiece(r, all.ask(pieceBytes))
		if err != nil {
			return err
		}
		all.got(&page)
		for i := range page.Products {
			product := &page.Products[i]
			if record, err = e.appendAttributes(appendCells(record[:0], e.api.schema, product), product); err != nil {
				return err
			}
			if err := e.out.Write(record); err != nil {
				return err
			}
		}
		if e.out.Flush(); e.out.Error() != nil || all.end() {
			return e.out.Error()
		}
	}
}

// appendAttributes appends the product's cells of the attributes. It fails where the product has one for which there
// should be a column, but is none: it came after the columns were decided on.
func (e *exporter) appendAttributes(record []string, product *products.Product) ([]string, error) {
	found := 0
	for _, name := range e.attributes {
		value, has := product.Attributes[name]
		if has {
			found++
		}
		record = append(record, importer.EscapeFormula(value))
	}
	if e.all && found < len(product.Attributes) {
		return nil, busyProblem("a product got an attribute that none had when the export began; try again")
	}
	return record, nil
}

// exportAttributes returns the names in a list, which is a record of CSV: a name with a comma stands in quotes.
func exportAttributes(text string) ([]string, error) {
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
		switch {
		case products.Blank(name):
			return fail("has an empty name")
		case !exportable(name):
			return fail("has %q, which an import would not take for an attribute", products.Shorten(name))
		case taken[name]:
			return fail("has %q twice", products.Shorten(name))
		}
		taken[name] = true
	}
	return names, nil
}

// exportable reports whether an import finds the attribute in the header of an export: it passes over white space at
// the end of a column's name.
func exportable(name string) bool { return strings.TrimRightFunc(name, unicode.IsSpace) == name }
