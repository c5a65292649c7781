package importer_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
)

// priced is a schema with a field of each kind of format.
func priced(t testing.TB) *products.Schema {
	t.Helper()
	schema, err := products.NewSchema(
		products.Field{Name: "price", Type: products.Decimal, Scale: 2, Rules: "gte=0", Aliases: []string{"Preis"}},
		products.Field{Name: "stock", Type: products.Integer, Rules: "gte=0", Aliases: []string{"Bestand"}},
		products.Field{Name: "available_from", Type: products.Date, Aliases: []string{"Verfügbar ab"}},
		products.Field{Name: "seen_at", Type: products.Timestamp},
		products.Field{Name: "tags", Type: products.List, Separator: "|"},
		products.Field{Name: "brand", Type: products.Text, Rules: "max=100", Inherit: true},
		products.Field{Name: "fragile", Type: products.Boolean})
	require.NoError(t, err)
	return schema
}

// fieldsOf returns the fields of the store's products, "price=12.50 stock=3", by SKU.
func fieldsOf(t testing.TB, store products.Store) map[string]string {
	t.Helper()
	found := map[string]string{}
	q := products.Query{Limit: products.MaxLimit}
	for {
		page, err := store.List(t.Context(), q)
		require.NoError(t, err)
		for _, p := range page.Products {
			var fields []string
			for _, f := range store.Schema().All() {
				if value, has := p.Fields[f.Name]; has {
					fields = append(fields, f.Name+"="+value.Text())
				}
			}
			found[p.SKU] = strings.Join(fields, " ")
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return found
		}
	}
}

// format returns how the column of a field was read.
func format(t testing.TB, d importer.Dialect, field string) spelling.Description {
	t.Helper()
	for _, c := range d.Columns {
		if c.Field == field {
			require.NotNil(t, c.Format, field)
			return *c.Format
		}
	}
	require.Fail(t, "there is no column for "+field)
	return spelling.Description{}
}

func TestSpreadsheet(t *testing.T) {
	store := memory.New(memory.Options{Fields: priced(t)}).Products()
	text := "SKU;Name;Preis;Bestand;Verf\xfcgbar ab;tags;fragile\n" +
		"A;St\xfchle;1.234,50 \x80;12;28.11.2026;b|a;ja\nB;Tisch;2,5 \x80;;01.12.2026;;nein\n" +
		"C;Lampe;-3,00 \x80;1;29.11.2026;;\nD;Regal;1,005;1;29.11.2026;;\nE;Bett;abc;1;30.02.2026;;\n"
	got, result, err := doImport(t, store, text, importer.Options{})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"A": `price=1234.50 stock=12 available_from=2026-11-28 tags=["b","a"] fragile=true`,
		"B": "price=2.50 available_from=2026-12-01 fragile=false"}, fieldsOf(t, store))
	require.Equal(t, []string{"4/4+128 Preis below_minimum", "5/5+161 Preis too_precise", "6/6+190 Preis bad_decimal"},
		got.rejects)
	price := format(t, result.Dialect, "price")
	require.Equal(t, spelling.Sign(','), price.DecimalSign)
	require.Equal(t, "1.234,50", price.Number)
	require.Equal(t, "EUR", price.Currency)
	require.Contains(t, price.Evidence, "line 2")
	require.Equal(t, spelling.DMY, format(t, result.Dialect, "available_from").Date)
}

func TestQuestions(t *testing.T) {
	store := memory.New(memory.Options{Fields: priced(t)}).Products()
	text := "sku,name,price,available_from,seen_at\nA,a,\"1,234\",02/03/2026,2026-11-28 10:00\nB,b,\"5,678\",04/05/2026,\n"
	called := false
	o := importer.Options{OnDialect: func(importer.Dialect) error { called = true; return nil }}
	got, _, err := doImport(t, store, text, o)
	var asked *importer.QuestionError
	require.ErrorAs(t, err, &asked)
	require.ErrorIs(t, err, importer.ErrInput)
	require.Len(t, asked.Questions, 2, "all of them at once")
	require.Equal(t, []string{"price=,", "price=."}, asked.Questions[0].Answers)
	require.Equal(t, []string{"available_from=dmy", "available_from=mdy"}, asked.Questions[1].Answers)
	require.ErrorContains(t, err, `line 2: "1,234" is 1.234 or 1234`)
	require.Empty(t, got.rejects)
	require.False(t, called)
	require.Empty(t, fieldsOf(t, store))

	o = importer.Options{Numbers: spelling.Signs{"price": '.'}, Dates: spelling.Orders{"available_from": spelling.MDY}}
	require.NoError(t, o.Zone.UnmarshalText([]byte("Europe/Berlin")))
	_, result, err := doImport(t, store, text, o)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"A": "price=1234.00 available_from=2026-02-03 seen_at=2026-11-28T09:00:00Z",
		"B": "price=5678.00 available_from=2026-04-05"}, fieldsOf(t, store))
	require.Equal(t, "Europe/Berlin", format(t, result.Dialect, "seen_at").Zone)

	for text, want := range map[string]string{
		"sku,name,price\nA,a,5 EUR\nB,b,5 USD\n":   "several currencies: line 2 has EUR, line 3 has USD",
		"sku,name,price (kg)\nA,a,5\n":             "is in kg",
		"sku,name,Price (EUR)\nA,a,5\nB,b,5 USD\n": "several currencies",
	} {
		_, _, err := doImport(t, store, text, importer.Options{Map: map[string]string{"price": "3"}})
		require.ErrorAs(t, err, &asked, text)
		require.ErrorContains(t, err, want)
	}
}

// TestLateEvidence: the value that decides how a column is read may stand anywhere, also far behind what was read until
// then. The check then begins again, and nothing comes twice.
func TestLateEvidence(t *testing.T) {
	const n = 15_000 // more than a block
	file := func(price string, last ...string) string {
		var b strings.Builder
		b.WriteString("slug,sku,name,price,brand\n,bad,bad,abc,\n")
		for i := range n {
			fmt.Fprintf(&b, "g%d,s%d,%s,%q,\n", i/2, i, []string{fmt.Sprint("name ", i), ""}[i%2], price)
		}
		for i, cell := range last {
			fmt.Fprintf(&b, ",last%d,last,%q,\n", i, cell)
		}
		return b.String()
	}
	for _, c := range []struct {
		name  string
		text  string
		first string // of s0
		err   string
		again int // calls of OnDialect
	}{
		{"a comma", file("2,500", "12,5"), "price=2.50", "", 1},
		{"a point", file("2,500", "1.5"), "price=2500.00", "", 1},
		{"nothing needed it until then", file("2", "12,5"), "price=2.00", "", 2},
		{"a currency", file("2.50", "3.50 EUR"), "price=2.50", "", 2},
		{"two currencies", file("2.50", "3.50 EUR", "$4"), "",
			"several currencies: line 15003 has EUR, line 15004 has $", 1},
		{"nothing", file("2,500"), "", `line 3: "2,500" is 2.500 or 2500`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := memory.New(memory.Options{Fields: priced(t)}).Products()
			dialects := 0
			o := importer.Options{OnDialect: func(importer.Dialect) error { dialects++; return nil }, Writers: 3}
			got, result, err := doImport(t, store, c.text, o)
			require.Equal(t, c.again, dialects)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				require.Empty(t, fieldsOf(t, store))
				return
			}
			require.NoError(t, err)
			require.Equal(t, []string{"2/2+26 price bad_decimal"}, got.rejects, "once")
			require.EqualValues(t, n/2, result.Inherited, "once")
			require.Equal(t, c.first, fieldsOf(t, store)["s0"])
			require.EqualValues(t, strings.Count(c.text, "\n")-1, result.Read)
		})
	}
}

// TestLateEvidenceProperty reads numbers that were written in one spelling, of which any may be the one that decides.
func TestLateEvidenceProperty(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for round := range 60 {
		sign := [][2]string{{",", "."}, {".", ","}, {",", " "}, {".", "'"}}[rng.IntN(4)]
		var b strings.Builder
		b.WriteString("sku;name;price\n")
		want := map[string]string{}
		decided := false
		for i := range 1 + rng.IntN(400) {
			whole, cents := rng.IntN(3_000), rng.IntN(100)
			text := fmt.Sprint(whole)
			if whole >= 1_000 {
				text = fmt.Sprintf("%d%s%03d", whole/1_000, sign[1], whole%1_000)
			}
			if rng.IntN(40) == 0 {
				text += fmt.Sprintf("%s%02d", sign[0], cents)
				decided = true
			} else {
				cents = 0
			}
			fmt.Fprintf(&b, "s%d;n;%s\n", i, text)
			want[fmt.Sprint("s", i)] = fmt.Sprintf("price=%d.%02d", whole, cents)
		}
		store := memory.New(memory.Options{Fields: priced(t)}).Products()
		_, _, err := doImport(t, store, b.String(), importer.Options{Delimiter: ';', Parsers: 2})
		var asked *importer.QuestionError
		if !decided && err != nil {
			require.ErrorAs(t, err, &asked, "round %d", round)
			continue
		}
		require.NoError(t, err, "round %d\n%s", round, b.String())
		require.Equal(t, want, fieldsOf(t, store), "round %d\n%s", round, b.String())
	}
}

// TestFormatsResume: a resumed import reads as an undisturbed one.
func TestFormatsResume(t *testing.T) {
	var b strings.Builder
	b.WriteString("sku,name,price\n")
	for i := range 2_000 {
		fmt.Fprintf(&b, "s%d,n,\"1,%03d\"\n", i, i%1000)
	}
	b.WriteString("last,n,\"0,5\"\n")
	schema, err := products.NewSchema(products.Field{Name: "price", Type: products.Decimal, Scale: 3})
	require.NoError(t, err)
	whole := memory.New(memory.Options{Fields: schema}).Products()
	o := importer.Options{BatchRecords: 300, Writers: 1}
	_, want, err := doImport(t, whole, b.String(), o)
	require.NoError(t, err)

	store := memory.New(memory.Options{Fields: schema}).Products()
	kept := &checkpoints{done: map[int64]importer.Commit{}}
	stop := make(chan struct{})
	first := kept.set(o)
	first.Stop = stop
	save := first.Checkpoints.Save
	first.Checkpoints.Save = func(ctx context.Context, done importer.Commit) error {
		if done.Batch == 3 {
			close(stop)
		}
		return save(ctx, done)
	}
	_, _, err = doImport(t, store, b.String(), first)
	require.ErrorIs(t, err, importer.ErrStopped)
	_, got, err := doImport(t, store, b.String(), kept.set(o))
	require.NoError(t, err)
	require.Positive(t, got.Resumed)
	require.Equal(t, want.Counts, got.Counts)
	require.Equal(t, fieldsOf(t, whole), fieldsOf(t, store))
}

func TestExisting(t *testing.T) {
	store := memory.New(memory.Options{Fields: priced(t)}).Products()
	_, _, err := doImport(t, store, "sku,name,price,stock\nA,a,1.50,1\nB,b,2.00,2\nC,c,3.00,\n", importer.Options{})
	require.NoError(t, err)
	feed := "sku,stock\nA,5\nnew,7\nB,2\nA,6\nC,-1\n"

	_, _, err = doImport(t, store, feed, importer.Options{Mode: products.Update})
	require.ErrorContains(t, err, "the header has no column for name")
	require.ErrorContains(t, err, "mode existing")
	_, _, err = doImport(t, store, "sku,colour\nA,red\n", importer.Options{Mode: products.Existing})
	require.ErrorContains(t, err, "nothing to change")

	var skipped []importer.Skipped
	o := importer.Options{Mode: products.Existing, OnSkipped: func(s importer.Skipped) error {
		skipped = append(skipped, s)
		return nil
	}}
	dry := o
	dry.DryRun = true
	foreseen, _, err := doImport(t, store, feed, dry)
	require.NoError(t, err)
	skipped = nil
	got, result, err := doImport(t, store, feed, o)
	require.NoError(t, err)
	require.Equal(t, foreseen, got)
	require.Equal(t, []importer.Skipped{{SKU: "new", Line: 3}}, skipped)
	require.Equal(t, []string{"2->5"}, got.lost, "the last record of a SKU counts")
	require.Equal(t, []string{"6/6+28 stock below_minimum"}, got.rejects)
	require.EqualValues(t, 1, result.Updated)
	require.EqualValues(t, 1, result.Unchanged)
	require.EqualValues(t, 1, result.Skipped)
	require.Equal(t, map[string]string{"A": "price=1.50 stock=6", "B": "price=2.00 stock=2", "C": "price=3.00"},
		fieldsOf(t, store))
	require.Equal(t, []string{"A|a||false", "B|b||false", "C|c||false"}, catalogue(t, store))

	_, _, err = doImport(t, store, "sku,name\nA,\n", importer.Options{Mode: products.Existing})
	require.NoError(t, err)
	require.Equal(t, "A|a||false", catalogue(t, store)[0], "a name that is there must not be empty")
}

func TestSet(t *testing.T) {
	store := memory.New(memory.Options{Fields: priced(t)}).Products()
	text := "sku,name,price,brand\nA,a,1.50,x\n"
	set := func(pairs ...string) importer.Options {
		o := importer.Options{Set: map[string]string{}, Mode: products.Update}
		for i := 0; i < len(pairs); i += 2 {
			o.Set[pairs[i]] = pairs[i+1]
		}
		return o
	}
	_, _, err := doImport(t, store, text, set("brand", "own", "stock", "7", "status", "true"))
	require.NoError(t, err)
	require.Equal(t, "price=1.50 stock=7 brand=own", fieldsOf(t, store)["A"])
	require.Equal(t, []string{"A|a||true"}, catalogue(t, store))

	o := importer.Options{Mode: products.Update, Map: map[string]string{"price": importer.MapNone, "brand": "name"}}
	_, _, err = doImport(t, store, text, o)
	require.ErrorContains(t, err, "name")
	o.Map["brand"] = importer.MapNone
	_, _, err = doImport(t, store, "sku,name,price,brand\nA,b,9,y\n", o)
	require.NoError(t, err)
	require.Equal(t, "price=1.50 stock=7 brand=own", fieldsOf(t, store)["A"], "what no column holds stays")

	for _, c := range []struct {
		o    importer.Options
		want string
	}{
		{set("sku", "x"), "can't give every record the same sku"},
		{set("colour", "x"), `Options.Set has no field "colour"`},
		{set("stock", "many"), "stock must be"},
		{set("stock", "-1"), "stock must"},
		{importer.Options{Set: map[string]string{"stock": "1"}, Map: map[string]string{"stock": "price"}}, "and Map a column"},
		{importer.Options{Map: map[string]string{"colour": "x"}}, `Options.Map has no field "colour"`},
		{importer.Options{Numbers: spelling.Signs{"brand": ','}}, "no field with numbers"},
		{importer.Options{Dates: spelling.Orders{"price": spelling.DMY}}, "no field with dates"},
	} {
		_, _, err := doImport(t, store, text, c.o)
		var bad *importer.OptionError
		require.ErrorAs(t, err, &bad)
		require.ErrorContains(t, err, c.want)
	}
	_, _, err = doImport(t, store, "sku\nB\n", set("name", "from the settings"))
	require.NoError(t, err, "a constant stands in for a column that every file must have")
	require.Contains(t, catalogue(t, store), "B|from the settings||false")
}

func TestAttributeColumns(t *testing.T) {
	store := memory.New(memory.Options{}).Products()
	for _, extra := range []importer.ExtraMode{importer.ExtraIgnore, importer.ExtraReject} {
		_, result, err := doImport(t, store, "sku,name,attributes.colour,attributes.sku,attributes. \nA,a,red,x,\n",
			importer.Options{Extra: extra, Mode: products.Update})
		if extra == importer.ExtraReject {
			require.ErrorContains(t, err, `"attributes."`, "it has no name")
			continue
		}
		require.NoError(t, err)
		require.Equal(t, "colour", result.Dialect.Columns[2].Attribute)
		page, err := store.List(t.Context(), products.Query{})
		require.NoError(t, err)
		require.Equal(t, map[string]string{"colour": "red", "sku": "x"}, page.Products[0].Attributes)
	}
}
