package storetest

import (
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// both are the modes of a batch.
var both = []products.Mode{products.Ignore, products.Update}

var batchCases = []Case{
	{Name: "batch/creates what is new", run: func(c *check) {
		for _, mode := range both {
			c.eitherWay(func(expectNew bool) {
				b := products.Batch{Mode: mode, ExpectNew: expectNew,
					Columns: keep(c.columns("name", "description", "status"), "color", "size")}
				for i := range 30 {
					b.Records = append(b.Records, c.record(fmt.Sprint("n-", i*7%30), fmt.Sprint("name ", i),
						fmt.Sprint("description ", i), []string{"true", "", "false", ""}[i%4], "", fmt.Sprint(i)))
				}
				result, sent := c.writeChanges(b)
				require.EqualValues(c, 30, result.Count(created), "a record with a new SKU is created")
				require.Len(c, sent.created, 30, "Changed is called with the created products")
				require.Empty(c, sent.updated, "Changed is called with the updated products: none")
				for i := range b.Records {
					r := &b.Records[i]
					p := c.only(r.SKU)
					want := products.Product{Name: r.Values[0], SKU: r.SKU, Description: r.Values[1], Status: i%4 == 0,
						Attributes: map[string]string{"size": fmt.Sprint(i)}}
					c.requireContent(want, p,
						"a created product is what the record says; an empty attribute is none")
					require.EqualValues(c, 1, p.Version, "a new product has version 1")
					require.True(c, p.CreatedAt.Equal(p.UpdatedAt), "both times of a new product are the same")
				}
				c.requireChanges(sent.created)
			})
		}
	}},
	{Name: "batch/mode ignore leaves alone what exists", run: func(c *check) {
		c.eitherWay(func(expectNew bool) {
			p := c.create(products.Product{Name: "Lamp", SKU: "L-1", Description: "d",
				Attributes: map[string]string{"a": "1"}})
			b := products.Batch{ExpectNew: expectNew, Columns: keep(c.columns("name", "description"), "a")}
			for _, sku := range []string{"n-0", "n-1", "n-2", "L-1", "n-3"} {
				b.Records = append(b.Records, c.record(sku, "new", "", ""))
			}
			result, sent := c.writeChanges(b)
			require.Equal(c, []products.Outcome{created, created, created, skipped, created}, result.Outcomes,
				"outcomes come in the order of the records, the hint right or wrong")
			c.requireSame(p, c.get(p.ID), "mode ignore leaves alone what exists")
			require.Len(c, sent.created, 4, "Changed is called with the created products")
			c.requireChanges(sent.created)
			require.Empty(c, sent.updated, "nothing was updated")
			before := c.all()
			result, sent = c.writeChanges(b)
			require.Zero(c, sent.parts, "Changed isn't called where nothing changed")
			require.EqualValues(c, 5, result.Count(skipped), "what exists is skipped, the hint right or wrong")
			c.requireAll(before, "mode ignore leaves alone what exists")
		})
	}},
	{Name: "batch/mode update writes what differs", run: func(c *check) {
		c.eitherWay(func(expectNew bool) {
			same := c.create(products.Product{Name: "same", SKU: "same"})
			differs := c.create(products.Product{Name: "before", SKU: "differs"})
			other := c.create(products.Product{Name: "other", SKU: "other"})
			b := products.Batch{Mode: products.Update, ExpectNew: expectNew, Columns: c.columns("name")}
			b.Records = []products.Record{c.record("new", "new"), c.record("differs", "after"),
				c.record("same", "same")}
			result, sent := c.writeChanges(b)
			require.Equal(c, []products.Outcome{created, updated, unchanged}, result.Outcomes,
				"outcomes come in the order of the records, the hint right or wrong")
			c.requireSame(same, c.get(same.ID),
				"a product that is just so already is not written: version and times stay")
			c.requireSame(other, c.get(other.ID), "a product without a record is left alone")
			got := c.get(differs.ID)
			require.Equal(c, "after", got.Name, "mode update overwrites what exists")
			require.EqualValues(c, 2, got.Version, "the version grows by one at a change")
			require.True(c, got.CreatedAt.Equal(differs.CreatedAt), "created_at stays")
			require.False(c, got.UpdatedAt.Before(differs.UpdatedAt), "updated_at doesn't go back")
			require.Equal(c, []string{"new"}, skus(sent.created), "Changed is called with the created products")
			require.Equal(c, []string{"differs"}, skus(sent.updated), "Changed is called with the updated products")
			c.requireChanges(sent.created)
			c.requireChanges(sent.updated)
			before := c.all()
			require.EqualValues(c, 3, c.write(b).Count(unchanged), "the same batch again changes nothing")
			c.requireAll(before, "the same batch again writes nothing")
		})
	}},
	{Name: "batch/empty", run: func(c *check) {
		for _, mode := range both {
			calls := 0
			c.write(products.Batch{Mode: mode, Columns: c.columns("name"),
				BeforeCommit: c.hook(func() error { calls++; return nil })})
			require.Positive(c, calls, "BeforeCommit is called for a batch without records too")
		}
		c.requireAll(nil, "an empty batch writes nothing")
	}},
	{Name: "batch/big", run: func(c *check) {
		const n = 5_000
		c.eitherWay(func(expectNew bool) {
			b := products.Batch{Mode: products.Update, ExpectNew: expectNew, Columns: c.columns("name"),
				Records: c.records(n, "big-", "first")}
			require.EqualValues(c, n, c.write(b).Count(created), "every record of a big batch is created")
			require.EqualValues(c, n, c.list(products.Query{Limit: 1}).Count, "every record of a big batch is stored")
			for i := 0; i < n; i += 2 {
				b.Records[i].Values[0] = "second"
			}
			b.Records = append(b.Records, c.records(n, "more-", "first")...)
			result := c.write(b)
			require.EqualValues(c, n/2, result.Count(updated), "every record of a big batch that differs is updated")
			require.EqualValues(c, n/2, result.Count(unchanged), "every other record of a big batch is unchanged")
			require.EqualValues(c, n, result.Count(created), "every new record of a big batch is created")
			require.EqualValues(c, n/2, c.list(products.Query{Limit: 1, Name: "second"}).Count,
				"every change of a big batch is stored")
		})
	}},
	{Name: "batch/records are only read", run: func(c *check) {
		b := products.Batch{Columns: keep(c.columns("name"), "a"), Records: []products.Record{
			c.record("r-0", "name", "x"), c.record("r-1", "name", "x"), c.record("r-2", "name", "x")}}
		before := cloneRecords(b.Records)
		_, sent := c.writeChanges(b)
		require.Equal(c, before, b.Records, "a store doesn't change the records")
		for i := range b.Records {
			b.Records[i].Values[0], b.Records[i].Values[1] = "reused", "reused"
			sent.created[i].Attributes["a"] = "changed in the result"
		}
		for _, p := range c.all() {
			require.Equal(c, "name", p.Name, "a store doesn't keep the records")
			require.Equal(c, "x", p.Attributes["a"], "a store keeps neither the records nor what it returns")
		}
	}},
}

// requireChanges wants products of a result to be just as they are stored.
func (c *check) requireChanges(changes []products.Product) {
	c.Helper()
	for _, p := range changes {
		c.requireSame(c.get(p.ID), p, "the products of a result are as they are stored")
	}
}
