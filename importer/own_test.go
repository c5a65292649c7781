package importer_test

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/products/storetest"
	"github.com/products-importer/products-importer/progress"
)

// schema returns one with fields of one's own.
func schema(t testing.TB, own ...products.Field) *products.Schema {
	t.Helper()
	s, err := products.NewSchema(own...)
	require.NoError(t, err)
	return s
}

// openOwn returns an empty store with the fields.
func openOwn(s *products.Schema) *memory.Products {
	return memory.New(memory.Options{Fields: s}).Products()
}

// shopFields are those of a shop's catalogue.
func shopFields(t testing.TB) *products.Schema {
	return schema(t,
		products.Field{Name: "price", Type: products.Decimal, Scale: 2, Rules: "gte=0", Aliases: []string{"Variant Price"}},
		products.Field{Name: "stock", Type: products.Integer},
		products.Field{Name: "brand", Type: products.Text, Rules: "max=10", Inherit: true},
		products.Field{Name: "currency", Type: products.Text, Rules: "oneof=EUR USD"},
		products.Field{Name: "fragile", Type: products.Boolean, Words: map[string]bool{"zerbrechlich": true}},
		products.Field{Name: "available_from", Type: products.Date},
		products.Field{Name: "seen_at", Type: products.Timestamp},
		products.Field{Name: "tags", Type: products.List, Separator: "|"})
}

// contents lists the store's products as "sku|name", and their own fields in the schema's order, by SKU.
func contents(t testing.TB, store *memory.Products) (lines []string) {
	t.Helper()
	q := products.Query{Limit: products.MaxLimit, Order: "sku"}
	for {
		page, err := store.List(t.Context(), q)
		require.NoError(t, err)
		for _, p := range page.Products {
			line := p.SKU + "|" + p.Name
			for _, f := range store.Schema().Own() {
				if value := p.Fields[f.Name]; !value.IsNull() {
					line += "|" + f.Name + "=" + value.Text()
				}
			}
			lines = append(lines, line)
		}
		if q.Cursor = page.Next; page.Next == "" {
			return lines
		}
	}
}

func TestOwnFields(t *testing.T) {
	for _, c := range []struct {
		name    string
		before  string // imported first, in mode update
		text    string
		options importer.Options
		counts  progress.Counts
		want    []string
		rejects []string
	}{
		{
			name: "every type, columns in any order, names and aliases in any spelling",
			text: "TAGS,Seen At,name,variant_price,Available-From,sku,Fragile,STOCK,brand,currency\n" +
				"a| b |,2026-11-28T12:00:00+02:00,Lamp,1.5,2026-11-28,s1,yes,10,Acme,EUR\n" +
				",,Torch,,,s2,,,,\n" +
				"c,2026-11-28 12:00,Mug,12,2024-02-29,s3,Zerbrechlich,-1,,USD\n",
			counts: progress.Counts{Read: 3, Created: 3},
			want: []string{
				`s1|Lamp|price=1.50|stock=10|brand=Acme|currency=EUR|fragile=true|available_from=2026-11-28|seen_at=2026-11-28T10:00:00Z|tags=["a","b"]`,
				`s2|Torch`,
				`s3|Mug|price=12.00|stock=-1|currency=USD|fragile=true|available_from=2024-02-29|seen_at=2026-11-28T12:00:00Z|tags=["c"]`,
			},
		},
		{
			name:   "how a column spells its values is found out of the whole column",
			text:   "sku;name;price;available_from\ns1;Lamp;1.234;01.02.2026\ns2;Mug;1.234,50;28.02.2026\n",
			counts: progress.Counts{Read: 2, Created: 2},
			want:   []string{"s1|Lamp|price=1234.00|available_from=2026-02-01", "s2|Mug|price=1234.50|available_from=2026-02-28"},
		},
		{
			name: "a value that is none of the type, or breaks a rule, rejects its record",
			text: "sku,name,price,stock,brand,currency,fragile,available_from,tags\n" +
				"s1,n,x,,,,,,\ns2,n,1.234567,,,,,,\ns3,n,-1,,,,,,\ns4,n,,1.5,,,,,\ns5,n,,9223372036854775808,,,,,\n" +
				"s6,n,,,more than ten,,,,\ns7,n,,,,DM,,,\ns8,n,,,,,perhaps,,\ns9,n,,,,,,2026-02-30,\n,n,x,,,,,,\n" +
				"s11,n,0,0,0,EUR,0,2026-02-28,0\n",
			counts: progress.Counts{Read: 11, Created: 1, Rejected: 10},
			want:   []string{`s11|n|price=0.00|stock=0|brand=0|currency=EUR|fragile=false|available_from=2026-02-28|tags=["0"]`},
			rejects: []string{"2 price bad_decimal", "3 price too_precise", "4 price below_minimum", "5 stock bad_integer",
				"6 stock out_of_range", "7 brand too_long", "8 currency not_allowed", "9 fragile bad_boolean",
				"10 available_from bad_date", "11 price bad_decimal"},
		},
		{
			name:    "an empty cell clears, an absent column doesn't",
			before:  "sku,name,price,stock,brand\ns1,Lamp,1,2,Acme\ns2,Mug,1,2,Acme\n",
			text:    "sku,name,price,brand\ns1,Lamp,,\ns2,Mug,1.00,Acme\n",
			options: importer.Options{Mode: products.Update},
			counts:  progress.Counts{Read: 2, Updated: 1, Unchanged: 1},
			want:    []string{"s1|Lamp|stock=2", "s2|Mug|price=1.00|stock=2|brand=Acme"},
		},
		{
			name:   "mode existing needs no name, and creates nothing",
			before: "sku,name,price,stock\ns1,Lamp,1,1\ns2,Mug,2,2\n",
			text:   "sku,price\ns1,9\ns2,2.0\ns3,3\ns1,5\ns3,4\n",
			options: importer.Options{
				Mode: products.Existing},
			counts: progress.Counts{Read: 5, Updated: 1, Unchanged: 1, Skipped: 1, Superseded: 2},
			want:   []string{"s1|Lamp|price=5.00|stock=1", "s2|Mug|price=2.00|stock=2"},
		},
		{
			name: "a constant, a column that is given, a column that is not to be taken",
			text: "sku,name,Preis,brand,stock\ns1,Lamp,1.50,Acme,3\n",
			options: importer.Options{Set: map[string]string{"currency": "EUR", "brand": "Own"},
				Map: map[string]string{"price": "Preis", "stock": importer.MapNone}},
			counts: progress.Counts{Read: 1, Created: 1},
			want:   []string{"s1|Lamp|price=1.50|brand=Own|currency=EUR"},
		},
		{
			name: "variants inherit what says so, and have a price of their own",
			text: "Handle,sku,name,brand,price\nl,l-1,Lamp,Acme,1.00\nl,l-2,,,2.00\nl,l-3,,Own,\nm,m-1,,,1\n",
			counts: progress.Counts{Read: 4, Created: 3,
				Rejected: 1},
			want:    []string{"l-1|Lamp|price=1.00|brand=Acme", "l-2|Lamp|price=2.00|brand=Acme", "l-3|Lamp|brand=Own"},
			rejects: []string{"5 name no_parent"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, dry := range []bool{true, false} {
				store := openOwn(shopFields(t))
				if c.before != "" {
					_, _, err := doImport(t, store, c.before, importer.Options{Mode: products.Update})
					require.NoError(t, err)
				}
				before := contents(t, store)
				o := c.options
				o.DryRun = dry
				got, _, err := doImport(t, store, c.text, o)
				require.NoError(t, err)
				require.Equal(t, c.counts, got.counts, "dry run: %t; %q", dry, got.reasons)
				var rejects []string
				for _, r := range got.rejects {
					line, _, _ := strings.Cut(r, "/")
					rejects = append(rejects, line+r[strings.Index(r, " "):])
				}
				require.Equal(t, c.rejects, rejects, "%q", got.reasons)
				if dry {
					require.Equal(t, before, contents(t, store), "a dry run writes nothing")
					continue
				}
				require.Equal(t, c.want, contents(t, store))
				o.Mode = max(o.Mode, products.Update)
				got, _, err = doImport(t, store, c.text, o)
				require.NoError(t, err)
				require.Zero(t, got.counts.Created+got.counts.Updated, "the same file again changes nothing")
			}
		})
	}
}

func TestRequiredFields(t *testing.T) {
	s := schema(t, products.Field{Name: "price", Type: products.Decimal, Scale: 2, Rules: "required"},
		products.Field{Name: "note", Type: products.Text})
	store := openOwn(s)
	_, _, err := doImport(t, store, "sku,name\ns1,n\n", importer.Options{})
	var header *importer.HeaderError
	require.ErrorAs(t, err, &header)
	require.Equal(t, []string{"price"}, header.Missing)
	require.Equal(t, []string{"sku", "name", "price"}, header.Needed)
	got, _, err := doImport(t, store, "sku,name,price\ns1,n,\ns2,n,1\n", importer.Options{})
	require.NoError(t, err)
	require.Equal(t, progress.Counts{Read: 2, Created: 1, Rejected: 1}, got.counts)
	require.Contains(t, got.rejects[0], "price empty")
	require.Equal(t, []string{"s2|n|price=1.00"}, contents(t, store))

	_, _, err = doImport(t, store, "sku,name\ns3,n\n", importer.Options{Set: map[string]string{"price": "2"}})
	require.NoError(t, err, "a constant does for a column")
	require.Equal(t, []string{"s2|n|price=1.00", "s3|n|price=2.00"}, contents(t, store))
	got, _, err = doImport(t, store, "sku,note\ns2,x\ns3,\ns4,x\n", importer.Options{Mode: products.Existing})
	require.NoError(t, err, "mode existing needs no required field")
	require.Equal(t, progress.Counts{Read: 3, Updated: 1, Unchanged: 1, Skipped: 1}, got.counts)
	got, _, err = doImport(t, store, "sku,price\ns2,\n", importer.Options{Mode: products.Existing})
	require.NoError(t, err)
	require.Equal(t, progress.Counts{Read: 1, Rejected: 1}, got.counts, "mode existing doesn't clear what is required")
	require.Equal(t, []string{"s2|n|price=1.00|note=x", "s3|n|price=2.00"}, contents(t, store))
}

// TestWhatCellsSay writes random products as a file has them, and wants the import of the file to make them again.
func TestWhatCellsSay(t *testing.T) {
	for range 150 {
		seed := rand.Uint64()
		r := rand.New(rand.NewPCG(seed, 0))
		s := storetest.RandomSchema(r)
		var all []products.Product
		var text strings.Builder
		out := csv.NewWriter(&text)
		fields := slices.Collect(func(yield func(*products.Field) bool) {
			for _, f := range s.All() {
				if !yield(f) {
					return
				}
			}
		})
		r.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
		header := []string{"sku"}
		for _, f := range fields {
			header = append(header, f.Name)
		}
		require.NoError(t, out.Write(header))
		for i := range 1 + r.IntN(30) {
			p := products.Product{SKU: fmt.Sprint("s", i), Name: "Lamp"}
			record := []string{p.SKU}
			for _, f := range fields {
				if !f.Builtin() {
					p.Set(f, storetest.RandomValue(r, f))
				}
				cell := spelling.AppendCell(nil, f, p.Text(f))
				record = append(record, importer.EscapeFormula(string(cell)))
			}
			all = append(all, p)
			require.NoError(t, out.Write(record))
		}
		out.Flush()
		store := openOwn(s)
		o := importer.Options{Mode: products.Update, Delimiter: ',', Quote: '"', Escape: '"', BatchRecords: 7}
		got, _, err := doImport(t, store, text.String(), o)
		require.NoError(t, err, "seed %d\n%s", seed, text.String())
		n := int64(len(all))
		require.Equal(t, progress.Counts{Read: n, Created: n}, got.counts, "seed %d: %q\n%s", seed, got.reasons,
			text.String())
		for _, want := range all {
			page, err := store.List(t.Context(), products.Query{SKU: want.SKU})
			require.NoError(t, err)
			for _, f := range s.Own() {
				// What nobody sees is no text in a file.
				if text := want.Text(&f); f.Type != products.Text || !products.Blank(text) {
					require.Equal(t, text, page.Products[0].Text(&f), "seed %d: %s of %s\n%s", seed, f.Name, want.SKU,
						&text)
				}
			}
		}
		got, _, err = doImport(t, store, text.String(), o)
		require.NoError(t, err)
		require.Equal(t, progress.Counts{Read: n, Unchanged: n}, got.counts, "seed %d: the same file again\n%s", seed,
			text.String())
	}
}

// TestValuesOutliveTheirBlock imports values that are spelled otherwise than they are stored, over many blocks.
func TestValuesOutliveTheirBlock(t *testing.T) {
	s := schema(t, products.Field{Name: "price", Type: products.Decimal, Scale: 2},
		products.Field{Name: "tags", Type: products.List})
	var text strings.Builder
	text.WriteString("sku;name;price;tags\n")
	const n = 60_000
	for i := range n {
		fmt.Fprintf(&text, "s%d;Lamp %d;%d,%d;a%d,b\n", i, i, i, i%10, i)
	}
	store := openOwn(s)
	got, _, err := doImport(t, store, text.String(), importer.Options{Parsers: 3, Writers: 3, BatchRecords: 5_000})
	require.NoError(t, err)
	require.Equal(t, progress.Counts{Read: n, Created: n}, got.counts)
	for q := (products.Query{Limit: products.MaxLimit}); ; {
		page, err := store.List(t.Context(), q)
		require.NoError(t, err)
		for i := range page.Products {
			p := &page.Products[i]
			var k int
			_, err := fmt.Sscanf(p.SKU, "s%d", &k)
			require.NoError(t, err)
			want := map[string]products.Value{"price": products.DecimalValue(int64(k*100+k%10*10), 2),
				"tags": products.ListValue(fmt.Sprint("a", k), "b")}
			require.Equal(t, want, p.Fields, p.SKU)
		}
		if q.Cursor = page.Next; page.Next == "" {
			break
		}
	}
}

// FuzzOwnFields: whatever the schema and the bytes, in which its fields are called $0, $1 and so on, an import ends and
// its counts add up; a dry run finds the counts of the real one, and the same file again changes nothing.
func FuzzOwnFields(f *testing.F) {
	for _, text := range []string{
		"sku,name,$0,$1,$2,$3\na,n,1,2,3,4\nb,n,1.5,x,,\na,n,,,,\n",
		"sku;name;$0;$1\na;n;1.234,50;28.11.2026\nb;n;1,5;01.02.2026\n",
		"sku,$0,$1\na,1.234,yes\nb,1.234,no\n",
		"sku,name,$0\na,n,\"[\"\"a\"\",\"\"b\"\"]\"\nb,n,a|b\nc,n,2026-11-28T12:00:00Z\n",
		"Handle,sku,name,$0,$1,$2\nl,a,n,1,true,x\nl,b,,,,\nl,c,,2,,\n",
		"sku,name,$0\na,n,€ 5\nb,n,$ 5\n", "sku,name,$0\na,n,01/02/2026\n", "sku,name,$0\na,n,\x00\nb,n,\xff\n",
		"name,sku,$1,$1\na,b,1,2\n", "sku,name,$0,_line,_column,_code,_reason\na,n,x,2,$0,bad_decimal,r\n",
	} {
		for mode := range uint8(3) {
			f.Add([]byte(text), uint64(len(text)), mode)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, seed uint64, mode uint8) {
		r := rand.New(rand.NewPCG(seed, 0))
		s := storetest.RandomSchema(r)
		file := string(data)
		for i, f := range s.Own() {
			file = strings.ReplaceAll(file, fmt.Sprint("$", i), f.Name)
		}
		o := importer.Options{Mode: products.Mode(mode % 3), BatchRecords: 3, MaxRecordBytes: 1 << 10,
			MaxDecompressedBytes: 1 << 20, Extra: importer.ExtraKeep}
		store := openOwn(s)
		for i := range 3 {
			p := products.Product{SKU: string(rune('a' + i)), Name: "n"}
			for _, f := range s.Own() {
				p.Set(&f, storetest.RandomValue(r, &f))
			}
			_, err := store.Create(t.Context(), p)
			require.NoError(t, err)
		}
		dry := o
		dry.DryRun = true
		want, _, err := doImport(t, store, file, dry)
		if err != nil {
			require.ErrorIs(t, err, importer.ErrInput)
		}
		got, result, again := doImport(t, store, file, o)
		require.Equal(t, err == nil, again == nil)
		require.Equal(t, want.counts, got.counts, "a dry run finds the counts of the real one")
		require.Equal(t, want.rejects, got.rejects)
		if err != nil {
			return
		}
		require.Len(t, got.rejects, int(result.Rejected))
		require.Len(t, got.lost, int(result.Superseded))
		got, _, err = doImport(t, store, file, o)
		require.NoError(t, err)
		require.Zero(t, got.counts.Created+got.counts.Updated, "the same file again changes nothing")
		require.Equal(t, want.counts.Rejected, got.counts.Rejected)
	})
}
