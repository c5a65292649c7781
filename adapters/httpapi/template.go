package httpapi

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/products-importer/products-importer/products"
)

// Template is the handler of GET /template.csv, a file to begin with: the header of all fields, and rows with examples,
// which an import takes in the mode update. Where no example can be found that keeps the rules of a required field,
// there is the header alone.
func (a *API) Template() http.Handler {
	return resource{templatePath, methods{http.MethodGet: a.handle(func(w http.ResponseWriter, r *http.Request) error {
		if p := readParameters(r); p.err != nil {
			return p.err
		}
		file := newCSVResponse(w, "template.csv")
		out := csv.NewWriter(file)
		records := [][]string{exportColumns(a.schema)}
		for _, product := range exampleProducts(a.schema) {
			records = append(records, appendCells(nil, a.schema, &product))
		}
		return file.end(out.WriteAll(records))
	})}}
}

// exampleProducts returns valid products of the schema.
func exampleProducts(schema *products.Schema) []products.Product {
	all := []products.Product{
		{Name: "Desk lamp", SKU: "EXAMPLE-1", Description: "It shines, and folds.", Status: true},
		{Name: "Torch", SKU: "EXAMPLE-2", Description: "For the cellar."},
		{Name: "Candle", SKU: "EXAMPLE-3", Status: true},
	}
	for _, f := range schema.All() {
		if f.Builtin() {
			continue
		}
		texts := examples(f, len(all))
		for i := range all {
			if len(texts) > 0 {
				all[i].Set(f, texts[i%len(texts)])
			}
		}
	}
	if key := schema.Key(); key.Type != products.Text {
		// Each product has a key of its own, so there are as many as there are examples.
		keys := examples(key, len(all))
		all = all[:len(keys)]
		for i := range all {
			all[i].SKU = keys[i]
		}
	}
	return slices.DeleteFunc(all, func(p products.Product) bool { return schema.Validate(&p) != nil })
}

// examples returns at most so many different values of the field, as canonical texts that keep its rules.
func examples(f *products.Field, most int) (texts []string) {
	for _, candidate := range candidates(f) {
		text, wrong := f.Parse(candidate)
		if wrong == nil && text != "" && f.Check(text) == nil && !slices.Contains(texts, text) {
			if texts = append(texts, text); len(texts) == most {
				break
			}
		}
	}
	return texts
}

// usualExamples are values of fields of many types and with many rules, the more usual ones first.
var usualExamples = []string{"Example", "Another example", "example", "EXAMPLE", "19.90", "5.00", "120.50", "12", "3",
	"40", "1", "0", "-1", "1.5", "0.5", "100", "true", "false", "2026-11-28", "2027-01-31", "2026-11-28T09:30:00Z",
	"2027-01-31T18:00:00Z", `["new","sale"]`, `["new"]`, `["sale"]`, "A", "AB", "4006381333931", "96385074",
	"name@example.com", "info@example.com", "https://example.com/1", "https://example.com/2", "example.com", "192.0.2.1",
	"2001:db8::1", "01900000-0000-4000-8000-000000000001", "#336699", "DE", "DEU", "EUR", "USD", "de", "en-GB",
	"+4930123456", "1.0.0", "3-598-21508-8", "978-3-16-148410-0", "02:00:5e:10:00:01", "Europe/Berlin", "{}"}

// candidates returns texts that may be values of the field, the likeliest first: what its rules name, then usual ones,
// and then those at bounds, which may be those of a column's type and say nothing.
func candidates(f *products.Field) (all []string) {
	rules, entries := fieldRules(f)
	list := f.Type == products.List
	var bounds []string
	for _, rule := range rules {
		found := ruleExamples(rule, f.Type == products.Text)
		if slices.Contains([]string{"gt", "gte", "lt", "lte", "min", "max"}, rule.tag) {
			bounds = append(bounds, found...)
		} else {
			all = append(all, found...)
		}
	}
	var texts []string
	for _, rule := range entries {
		texts = append(texts, ruleExamples(rule, true)...)
	}
	all = append(append(all, usualExamples...), bounds...)
	if list {
		texts = append(texts, usualExamples...)
		sizes := []int{2, 1, 3}
		for _, rule := range rules {
			if n, err := strconv.Atoi(rule.param); err == nil {
				sizes = append(sizes, n, n+1, n-1)
			}
		}
		for _, size := range sizes {
			all = append(all, listExample(texts, size, entries == nil),
				listExample(texts[min(1, len(texts)):], size, false))
		}
		for _, text := range texts {
			all = append(all, products.ListText([]string{text}))
		}
	}
	return all
}

// listExample returns a list of so many different texts; more are made up where they may be any.
func listExample(texts []string, size int, any bool) string {
	const most = 1_000
	var entries []string
	for i := 0; len(entries) < min(size, most); i++ {
		switch {
		case !any && i < len(texts):
			if !slices.Contains(entries, texts[i]) {
				entries = append(entries, texts[i])
			}
		case any:
			entries = append(entries, fmt.Sprint("tag ", i+1))
		default:
			return products.ListText(entries)
		}
	}
	return products.ListText(entries)
}

// ruleExamples returns what may keep a rule.
func ruleExamples(rule fieldRule, text bool) (all []string) {
	switch rule.tag {
	case "oneof":
		return oneOf(rule.param)
	case "ne":
		return nil
	}
	all = append(all, rule.param)
	if n, err := strconv.ParseFloat(rule.param, 64); err == nil && n > -1e15 && n < 1e15 {
		for _, by := range []int64{1, -1} {
			near := int64(n) + by
			all = append(all, strconv.FormatInt(near, 10))
			if text && near < 1_000 {
				for _, of := range []string{"X", "1", "x"} {
					all = append(all, strings.Repeat(of, max(0, int(near-by))), strings.Repeat(of, max(0, int(near))))
				}
			}
		}
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, rule.param); err == nil {
			all = append(all, at.AddDate(0, 0, 1).Format(layout), at.AddDate(0, 0, -1).Format(layout))
		}
	}
	if text && strings.Contains(rule.tag, "with") { // startswith, endswith and so on
		all = append(all, rule.param+"-1", "1-"+rule.param)
	}
	return all
}
