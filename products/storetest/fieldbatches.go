package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// ownCases are about fields of one's own.
var ownCases = []batchWriterCase{
	{name: "fields/come back as they went in", fields: everyType, run: func(c *batchCheck) {
		c.everyWay(func(mode products.Mode, expectNew bool, prefix string) {
			b := &products.Batch{Mode: mode, ExpectNew: expectNew,
				Columns: keep(c.columns(append(names(everyType), "name")...), "a")}
			write := func(from int, mode products.Mode, want products.Outcome) calls {
				b.Mode, b.Records = mode, nil
				var all []products.Product
				for i := range sampleCount() {
					p := products.Product{SKU: fmt.Sprint(prefix, i), Name: "Lamp", Fields: sample(everyType, i+from),
						Attributes: map[string]string{"a": fmt.Sprint(i)}}
					all = append(all, p)
					b.Records = append(b.Records, c.record(p.SKU, append(texts(everyType, p.Fields), "Lamp",
						fmt.Sprint(i))...))
				}
				outcomes, made := c.write(b)
				for i, p := range all {
					require.Equal(c, want, outcomes[i], "record %d: %v", i, b.Records[i])
					c.require(p, "every field comes back as it went in")
				}
				return made
			}
			made := write(0, mode, created)
			c.requireChanges(made.created, skus(made.created)...)
			require.Len(c, made.created, sampleCount(), "Changed is given each product that was created, once")
			write(0, products.Update, unchanged)
			made = write(1, products.Existing, updated)
			c.requireChanges(made.updated, skus(made.updated)...)
			require.Len(c, made.updated, sampleCount(), "Changed is given each product that was updated, once")
			made = write(1, products.Update, unchanged)
			require.Empty(c, slices.Concat(made.created, made.updated), "Changed isn't called where nothing changed")
		})
	}},
	{name: "fields/an empty value clears, an absent column never changes", fields: everyType, run: func(c *batchCheck) {
		c.everyWay(func(_ products.Mode, expectNew bool, prefix string) {
			const all = 3
			whole := sample(everyType, all)
			full := products.Product{SKU: prefix + "full", Name: "Lamp", Description: "d", Status: true, Fields: whole}
			c.write(&products.Batch{ExpectNew: expectNew,
				Columns: c.columns(append([]string{"name", "description", "status"}, names(everyType)...)...),
				Records: []products.Record{c.record(full.SKU, append([]string{"Lamp", "d", "true"},
					texts(everyType, whole)...)...)}})
			write := func(b *products.Batch, want products.Outcome, promise string) {
				c.Helper()
				b.Mode, b.ExpectNew = products.Update, expectNew
				for _, o := range []products.Outcome{want, unchanged} {
					outcomes, _ := c.write(b)
					require.Equal(c, []products.Outcome{o}, outcomes, promise)
					c.require(full, promise)
				}
			}
			full.Name = "Torch"
			write(c.batch(0, false, prefix, "Torch", "full"), updated, "a field whose column is absent never changes")
			for _, name := range names(everyType) {
				b := &products.Batch{Columns: c.columns("name", name)}
				b.Records = []products.Record{c.record(full.SKU, "Torch", full.Fields[name].Text())}
				write(b, unchanged, "a value that is just so makes no difference")
				full.Fields = stored(products.Patch{Fields: map[string]products.Value{name: {}}}.Apply(full).Fields)
				b.Records = []products.Record{c.record(full.SKU, "Torch", "")}
				write(b, updated, "an empty value of "+name+" clears it, and no other field changes")
			}
			full.Fields = own(everyType, "stock", "1")
			b := &products.Batch{Columns: c.columns("name", "description", "status", "stock")}
			b.Records = []products.Record{c.record(full.SKU, "Torch", "d", "", "1")}
			write(b, updated, "an empty status leaves it as it is, beside fields of one's own too")
			full.Description, full.Fields = "", map[string]products.Value{}
			b.Records = []products.Record{c.record(full.SKU, "Torch", "", "true", "")}
			write(b, updated, "an empty description clears it, beside fields of one's own too")
		})
	}},
	{name: "fields/columns come in any order", fields: everyType, run: func(c *batchCheck) {
		c.everyWay(func(mode products.Mode, expectNew bool, prefix string) {
			write := func(want products.Product, columns products.Columns, values ...string) {
				c.Helper()
				c.write(&products.Batch{Mode: mode, ExpectNew: expectNew, Columns: columns,
					Records: []products.Record{c.record(want.SKU, values...)}})
				c.require(want, "a record's values are those of its batch's columns, in their order")
			}
			write(products.Product{SKU: prefix + "1", Name: "Lamp", Fields: own(everyType, "tags", `["a"]`, "price", "1.50",
				"stock", "3"), Attributes: map[string]string{"b": "x", "a": "y"}},
				keep(c.columns("tags", "stock", "name", "price"), "b", "a"), `["a"]`, "3", "Lamp", "1.50", "x", "y")
			write(products.Product{SKU: prefix + "2", Name: "2", Description: "3", Fields: own(everyType, "brand", "1",
				"stock", "4", "ratio", "0.000000000000000005")}, c.columns("brand", "name", "description", "stock", "ratio"), "1",
				"2", "3", "4", "0.000000000000000005")
			write(products.Product{SKU: prefix + "3", Name: "Lamp"}, c.columns("fragile", "name", "seen_at"), "", "Lamp", "")
		})
	}},
	{name: "fields/are those of their records", fields: everyType, run: func(c *batchCheck) {
		c.everyWay(func(_ products.Mode, expectNew bool, prefix string) {
			// Records that have a field stand between some that don't, and those that exist between new ones.
			b := &products.Batch{Mode: products.Update, ExpectNew: expectNew,
				Columns: c.columns("name", "price", "brand", "tags")}
			var all []products.Product
			for i := range 60 {
				p := products.Product{SKU: fmt.Sprint(prefix, i*7%60), Name: fmt.Sprint(i),
					Fields: map[string]products.Value{}}
				if i%2 == 0 {
					p.Fields["price"] = everyType.Find("price").Value(fmt.Sprintf("%d.00", i))
				}
				if i%3 == 0 {
					p.Fields["brand"] = products.TextValue(fmt.Sprint("brand ", i))
				}
				if i%5 == 0 {
					p.Fields["tags"] = products.ListValue(slices.Repeat([]string{fmt.Sprint(i)}, i/5+1)...)
				}
				all = append(all, p)
				b.Records = append(b.Records, c.record(p.SKU, p.Name, p.Fields["price"].Text(),
					p.Fields["brand"].Text(), p.Fields["tags"].Text()))
			}
			half := *b
			half.Records = nil
			for i := range 60 {
				if i%4 < 2 {
					r := b.Records[i]
					r.Values = slices.Clone(b.Records[(i+1)%60].Values)
					half.Records = append(half.Records, r)
				}
			}
			c.write(&half)
			outcomes, _ := c.write(b)
			for i := range all {
				want := created
				if i%4 < 2 {
					want = updated
				}
				require.Equal(c, want, outcomes[i], "outcomes come in the order of the records, the hint right or wrong")
				c.require(all[i], "each product has the fields of its record")
			}
		})
	}},
	{name: "fields/mode existing creates nothing", fields: strict, run: func(c *batchCheck) {
		for _, expectNew := range []bool{false, true} {
			prefix := fmt.Sprint(expectNew, "-")
			same := products.Product{SKU: prefix + "same", Name: "Lamp", Fields: own(strict, "price", "1.00", "stock", "1",
				"currency", "EUR")}
			differs := same
			differs.SKU = prefix + "differs"
			var records []products.Record
			for _, p := range []products.Product{same, differs} {
				records = append(records, c.record(p.SKU, "Lamp", "1.00", "1", "EUR"))
			}
			c.write(&products.Batch{Columns: c.columns("name", "price", "stock", "currency"), Records: records})
			// Neither the name nor the other required field has a column.
			b := &products.Batch{Mode: products.Existing, ExpectNew: expectNew, DryRun: true,
				Columns: c.columns("currency", "price"), Records: []products.Record{c.record(prefix+"new", "USD", "2.00"),
					c.record(differs.SKU, "", "2.00"), c.record(same.SKU, "EUR", "1.00"), c.record(prefix+"none", "", "1.00")}}
			want := []products.Outcome{skipped, updated, unchanged, skipped}
			dry, err := c.store.WriteBatch(c.Context(), b)
			require.NoError(c, err, "a dry run in mode existing succeeds")
			require.Equal(c, want, dry.Outcomes, "a dry run finds the outcomes of the real one")
			c.require(differs, "a dry run writes nothing")
			b.DryRun = false
			for _, want := range [][]products.Outcome{want, {skipped, unchanged, unchanged, skipped}} {
				outcomes, made := c.write(b)
				require.Equal(c, want, outcomes, "mode existing updates what exists and differs, and skips what is new")
				require.Empty(c, made.created, "mode existing creates nothing")
				require.Len(c, made.updated, sum(want, updated), "Changed is given what was updated, and nothing else")
				c.requireNone("mode existing creates nothing", []products.Record{b.Records[0], b.Records[3]})
				differs.Fields = own(strict, "price", "2.00", "stock", "1")
				c.require(differs, "mode existing sets the columns that there are, and no other")
				c.require(same, "a product that is just so already is left alone")
			}
			_, made := c.write(&products.Batch{Mode: products.Existing, ExpectNew: expectNew})
			require.Positive(c, made.beforeCommit, "BeforeCommit is called for a batch without records and columns")
		}
	}},
	{name: "fields/an error rolls them back", fields: everyType, run: func(c *batchCheck) {
		before := products.Product{SKU: "s", Name: "Lamp", Fields: sample(everyType, 0)}
		c.write(&products.Batch{Columns: c.columns(append([]string{"name"}, names(everyType)...)...),
			Records: []products.Record{c.record("s", append([]string{"Lamp"}, texts(everyType, before.Fields)...)...)}})
		fails := errors.New("fails")
		for _, i := range []int{1, 2} {
			values := texts(everyType, sample(everyType, i))
			if i == 2 {
				clear(values)
			}
			_, err := c.store.WriteBatch(c.Context(), &products.Batch{Mode: products.Update,
				Columns: c.columns(names(everyType)...), Records: []products.Record{c.record("s", values...)},
				BeforeCommit: func(context.Context, *products.BatchResult) error { return nil },
				Changed:      func(context.Context, []products.Product, []products.Product) error { return fails }})
			require.ErrorIs(c, err, fails, "WriteBatch returns the error of Changed")
			c.require(before, "an error leaves every field as it was")
		}
	}},
	{name: "fields/are only read, and not kept", fields: everyType, run: func(c *batchCheck) {
		b := &products.Batch{Columns: c.columns(append([]string{"name"}, names(everyType)...)...)}
		for i := range 3 {
			b.Records = append(b.Records, c.record(fmt.Sprint("s-", i), append([]string{"Lamp"},
				texts(everyType, sample(everyType, i))...)...))
		}
		before := cloneRecords(b.Records)
		_, made := c.write(b)
		require.Equal(c, before, b.Records, "a store doesn't change the records")
		for i := range b.Records {
			clear(b.Records[i].Values)
			clear(made.created[i].Fields)
		}
		for i := range b.Records {
			c.require(products.Product{SKU: b.Records[i].SKU, Name: "Lamp", Fields: sample(everyType, i)},
				"a store keeps neither the records' values nor the fields of what it gives to Changed")
		}
	}},
	{name: "fields/count for a product's size", fields: bulky, run: func(c *batchCheck) {
		long := strings.Repeat("😀", products.MaxDescription)
		want := products.Product{SKU: "large", Name: "Lamp", Fields: own(bulky, "text_1", long, "text_2", long, "text_3",
			long, "text_4", long)}
		c.write(&products.Batch{Columns: c.columns("name", "text_1", "text_2", "text_3", "text_4"),
			Records: []products.Record{c.record("large", "Lamp", long, long, long, long)}})
		c.require(want, "a product of many long texts is stored")
		for _, mode := range []products.Mode{products.Update, products.Existing} {
			for _, dry := range []bool{true, false} {
				result, err := c.store.WriteBatch(c.Context(), &products.Batch{Mode: mode, DryRun: dry,
					Columns: c.columns("name", "text_5"),
					Records: []products.Record{c.record("large", "Lamp", strings.Repeat("x", 50_000))}})
				require.NoError(c, err, "a batch of valid records is written")
				require.Equal(c, []products.Outcome{refused}, result.Outcomes,
					"a record is refused by which a product would outgrow MaxBytes, see Product.Outgrows")
				c.require(want, "a product whose record is refused is left alone")
			}
		}
		outcomes, _ := c.write(&products.Batch{Mode: products.Update, Columns: c.columns("name", "text_5", "text_1"),
			Records: []products.Record{c.record("large", "Lamp", strings.Repeat("x", 50_000), "")}})
		require.Equal(c, []products.Outcome{updated}, outcomes, "a text that goes makes room for another one")
	}},
	{name: "fields/count for the parts of Changed", fields: bulky, run: func(c *batchCheck) {
		const n = 6
		long := strings.Repeat("😀", products.MaxDescription)
		b := &products.Batch{Columns: c.columns("name", "text_1", "text_2", "text_3", "text_4")}
		var skus []string
		for i := range n {
			skus = append(skus, fmt.Sprint("p-", i))
			b.Records = append(b.Records, c.record(skus[i], "before", long, long, long, long))
		}
		_, made := c.write(b)
		c.requireChanges(made.created, skus...)
		_, made = c.write(c.batch(products.Update, false, "", "after", skus...)) // small records of large products
		c.requireChanges(made.updated, skus...)
	}},
}
