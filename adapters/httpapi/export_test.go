package httpapi_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"math/rand"
	"reflect"
	"strings"
	"testing"
	"testing/quick"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// nasty are texts that files of CSV and spreadsheets get wrong.
var nasty = []string{"=1+1", "'=1", "''=1", "+x", "-x", "@x", "'x", "a,b", `a"b`, "a\nb", "a\r\nb", `\.`, "é", "＝1",
	" x", "x\ty", "#"}

// exported reads an export back.
func exported(t *testing.T, f *fixture, query string) [][]string {
	w := f.call("GET", "/products/export.csv"+query, "")
	require.Equal(t, 200, w.Code, w.Body.String())
	require.Equal(t, "text/csv; charset=utf-8", w.Header().Get("Content-Type"))
	records, err := csv.NewReader(strings.NewReader(w.Body.String())).ReadAll()
	require.NoError(t, err)
	return records
}

func TestExport(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	require.Equal(t, [][]string{{"name", "sku", "description", "status"}}, exported(t, f, ""))
	for i, text := range nasty {
		_, err := f.store.Create(t.Context(), products.Product{SKU: fmt.Sprint(text, i), Name: text, Description: text,
			Status: i%2 == 0, Attributes: map[string]string{"color": text, "a,b": "c", "none": "d"}})
		require.NoError(t, err)
	}
	records := exported(t, f, "?attributes="+`color,"a,b",none`)
	require.Equal(t, []string{"name", "sku", "description", "status", "attributes.color", "attributes.a,b",
		"attributes.none"}, records[0])
	require.Len(t, records, 1+len(nasty))
	all := exported(t, f, "")
	require.Equal(t, []string{"name", "sku", "description", "status", "attributes.a,b", "attributes.color",
		"attributes.none"}, all[0],
		"without a list there is a column for each attribute")
	require.Equal(t, all, exported(t, f, "?attributes="))
	require.Equal(t, records[3][4], all[3][5])
	require.Len(t, exported(t, f, "?attributes=none")[0], 4)
	require.Equal(t, "attributes.none", exported(t, f, `?attributes=%22none%22`)[0][4])
	for i, text := range nasty {
		record := records[i+1]
		for _, field := range record {
			require.NotContains(t, []string{"=", "+", "-", "@"}, field[:min(1, len(field))], "no spreadsheet runs it")
		}
		want := strings.ReplaceAll(text, "\r\n", "\n") // as this package reads quoted fields
		guarded := strings.TrimSuffix(strings.TrimPrefix(record[0], "\u2060"), "\u2060")
		require.Equal(t, strings.TrimSpace(want) != want, guarded != record[0], "what an import would trim is guarded")
		require.Equal(t, want, importer.UnescapeFormula(guarded))
		require.Equal(t, strings.TrimSpace(want+fmt.Sprint(i)), importer.UnescapeFormula(record[1]))
		require.Equal(t, want, importer.UnescapeFormula(record[2]))
		require.Equal(t, fmt.Sprint(i%2 == 0), record[3])
		require.Equal(t, want, importer.UnescapeFormula(record[4]))
		require.Equal(t, []string{"c", "d"}, record[5:])
	}
}

// TestExportNumbers: a negative number in a text is exported as it is, since it is no formula, and comes back so.
func TestExportNumbers(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	for i, text := range []string{"-1", "-1.50", "-1,5", "-1+cmd", "'-1"} {
		_, err := f.store.Create(t.Context(), products.Product{SKU: fmt.Sprint("S", i), Name: text, Description: text,
			Attributes: map[string]string{"offset": text}})
		require.NoError(t, err)
	}
	records := exported(t, f, "")
	for i, want := range []string{"-1", "-1.50", "-1,5", "'-1+cmd", "''-1"} {
		require.Equal(t, []string{want, fmt.Sprint("S", i), want, "false", want}, records[i+1])
	}
	w := f.call("GET", "/products/export.csv", "")
	result, err := importer.Run(t.Context(), importer.Bytes(w.Body.Bytes()), f.store,
		importer.Options{Mode: products.Update})
	require.NoError(t, err)
	require.EqualValues(t, 5, result.Unchanged, "%+v", result.Counts)
}

func TestExportIsPaged(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	const n = 2_500
	for i := range n {
		f.add(fmt.Sprint(i))
	}
	records := exported(t, f, "")
	require.Len(t, records, 1+n)
	require.Equal(t, "2499", records[n][1])
}

func TestExportImportsAgainWithoutChanges(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	for i, text := range nasty {
		_, err := f.store.Create(t.Context(), products.Product{SKU: fmt.Sprint("S", i), Name: text, Description: text,
			Status: i%2 == 0, Attributes: map[string]string{"color": text}})
		require.NoError(t, err)
	}
	w := f.call("GET", "/products/export.csv?attributes=color", "")
	result, err := importer.Run(t.Context(), importer.Bytes(w.Body.Bytes()), f.store,
		importer.Options{Mode: products.Update})
	require.NoError(t, err)
	require.EqualValues(t, len(nasty), result.Unchanged, "%+v", result.Counts)
	require.EqualValues(t, len(nasty), result.Read)
}

// TestExportIsTheInverseOfImport: whatever products there are, what is exported imports again, in either mode, and
// changes nothing; and into an empty catalogue it brings the same products.
func TestExportIsTheInverseOfImport(t *testing.T) {
	pieces := []string{"a", "B", " ", "'", "''", "=", "+", "-", "@", "\t", "\r", "\n", "\r\n", ",", ";", "|", "\"",
		"\"\"", "\\", "\\.", "é", "e\u0301", "＝", "＋", "－", "＠", "\ufeff", "\u2028", "😀", "#", "0"}
	text := func(r *rand.Rand) (s string) {
		for range r.Intn(7) {
			s += pieces[r.Intn(len(pieces))]
		}
		return s
	}
	generate := func(values []reflect.Value, r *rand.Rand) {
		all := make([]products.Product, 40)
		for i := range all {
			all[i] = products.Product{SKU: text(r) + fmt.Sprint("x", i), Name: text(r) + "x" + text(r),
				Description: text(r), Status: r.Intn(2) == 0}
			if color := text(r); color != "" {
				all[i].Attributes = map[string]string{"=color": color}
			}
		}
		values[0] = reflect.ValueOf(all)
	}
	holds := func(all []products.Product) bool {
		f := newFixture(t, httpapi.Options{})
		for _, p := range all {
			if _, err := f.store.Create(t.Context(), p); err != nil && !errors.Is(err, products.ErrExists) &&
				!errors.Is(err, products.ErrInvalid) {
				require.NoError(t, err)
			}
		}
		before, err := f.store.List(t.Context(), products.Query{Limit: products.MaxLimit})
		require.NoError(t, err)
		w := f.call("GET", "/products/export.csv", "")
		fresh := memory.New(memory.Options{}).Products()
		for _, c := range []struct {
			store products.Store
			mode  products.Mode
			count func(progress.Counts) int64
		}{
			{f.store, products.Update, func(c progress.Counts) int64 { return c.Unchanged }},
			{f.store, products.Ignore, func(c progress.Counts) int64 { return c.Skipped }},
			{fresh, products.Ignore, func(c progress.Counts) int64 { return c.Created }},
			{f.store, products.Update, func(c progress.Counts) int64 { return c.Unchanged }},
		} {
			result, err := importer.Run(t.Context(), importer.Bytes(w.Body.Bytes()), c.store,
				importer.Options{Mode: c.mode})
			require.NoError(t, err)
			require.EqualValues(t, len(before.Products), result.Read)
			require.EqualValues(t, len(before.Products), c.count(result.Counts), "%+v", result.Counts)
		}
		after, err := fresh.List(t.Context(), products.Query{Limit: products.MaxLimit})
		require.NoError(t, err)
		for i, p := range before.Products {
			q := after.Products[i]
			require.Equal(t, []any{p.SKU, p.Name, p.Description, p.Status, p.Attributes},
				[]any{q.SKU, q.Name, q.Description, q.Status, q.Attributes})
		}
		return len(before.Products) > 0
	}
	require.NoError(t,
		quick.Check(holds, &quick.Config{MaxCount: 100, Values: generate, Rand: rand.New(rand.NewSource(1))}))
}

func TestBadExports(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	for query, field := range map[string]string{
		"attributes=a,,b": "attributes", "attributes=a,a": "attributes", "attributes=,": "attributes",
		"attributes=%22a": "attributes", "attributes=a%0Ab": "attributes", "attributes=a%20": "attributes",
		"limit=5": "limit", "ordering=id": "ordering", "price=1": "price", "price__gte=1": "price__gte",
		"attributes=" + strings.Repeat("a,", 3_000) + "b": "attributes", "status=x": "status",
	} {
		require.Equal(t, field, problem(t, f.call("GET", "/products/export.csv?"+query, ""), 400).Errors[0].Field,
			query)
	}
	g := newFixtureOver(t, broken{err: products.ErrUnavailable}, httpapi.Options{})
	problem(t, g.call("GET", "/products/export.csv?attributes=none", ""), 503)
	problem(t, g.call("GET", "/products/export.csv", ""), 503)
	problem(t, f.call("POST", "/products/export.csv", ""), 405)
}
