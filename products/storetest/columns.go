package storetest

import (
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// whole is a product with something in every field.
var whole = products.Product{Name: "Lamp", SKU: "L-1", Description: "d", Status: true,
	Attributes: map[string]string{"a": "1", "b": "2", "none": ""}}

var columnCases = []Case{
	{Name: "columns/what is absent never changes", run: func(c *check) {
		p := c.create(whole)
		b := products.Batch{Mode: products.Update, Columns: c.columns("name"),
			Records: []products.Record{c.record("L-1", "Torch")}}
		result := c.write(b)
		require.Equal(c, updated, result.Outcomes[0])
		want := whole
		want.Name = "Torch"
		c.requireContent(want, c.get(p.ID), "columns that are absent never change a product")
		result = c.write(b)
		require.Equal(c, unchanged, result.Outcomes[0], "columns that are absent make no difference")
		c.write(products.Batch{Columns: c.columns("name"), Records: []products.Record{c.record("L-2", "Torch")}})
		c.requireContent(products.Product{Name: "Torch", SKU: "L-2"}, c.only("L-2"),
			"columns that are absent are empty in a new product")
	}},
	{Name: "columns/an empty description clears", run: func(c *check) {
		p := c.create(whole)
		result := c.write(products.Batch{Mode: products.Update, Columns: c.columns("description"),
			Records: []products.Record{c.record("L-1", "")}})
		require.Equal(c, updated, result.Outcomes[0])
		want := whole
		want.Description = ""
		c.requireContent(want, c.get(p.ID),
			"an empty description of a column that is there clears it, and nothing else")
	}},
	{Name: "columns/status only where the record has one", run: func(c *check) {
		c.eitherWay(func(expectNew bool) {
			p := c.create(whole)
			b := products.Batch{Mode: products.Update, ExpectNew: expectNew, Columns: c.columns("name", "status"),
				Records: []products.Record{c.record("L-1", "Lamp", ""), c.record("L-2", "New", "")}}
			result := c.write(b)
			require.Equal(c, []products.Outcome{unchanged, created}, result.Outcomes,
				"a record without a status makes no difference")
			require.True(c, c.get(p.ID).Status, "a record without a status leaves it")
			require.False(c, c.only("L-2").Status, "a new product without a status has false")
			b.Records[0].Values[1], b.Records[1].Values[1] = "false", "true"
			result = c.write(b)
			require.Equal(c, []products.Outcome{updated, updated}, result.Outcomes,
				"a record's status counts where it has one")
			require.False(c, c.get(p.ID).Status, "a record's status is stored")
			require.True(c, c.only("L-2").Status, "a record's status is stored")
		})
	}},
	{Name: "columns/attributes merge", run: func(c *check) {
		c.eitherWay(func(expectNew bool) {
			p := c.create(whole)
			write := func(values ...string) products.Outcome {
				return c.write(products.Batch{Mode: products.Update, ExpectNew: expectNew,
					Columns: keep(c.columns("name"), "c", "b"),
					Records: []products.Record{c.record("L-1", "Lamp", values[0], values[1])}}).Outcomes[0]
			}
			attributes := func() map[string]string { return c.get(p.ID).Attributes }
			require.Equal(c, unchanged, write("", "2"),
				"attributes that are just so make no difference, nor does an empty one that isn't there")
			require.Equal(c, updated, write("3", "2"))
			require.Equal(c, map[string]string{"a": "1", "b": "2", "c": "3", "none": ""}, attributes(),
				"a new attribute is added, others stay")
			require.Equal(c, updated, write("3", "x"))
			require.Equal(c, map[string]string{"a": "1", "b": "x", "c": "3", "none": ""}, attributes(),
				"an attribute is overwritten")
			require.Equal(c, updated, write("3", ""))
			require.Equal(c, map[string]string{"a": "1", "c": "3", "none": ""}, attributes(),
				"an empty value removes the attribute")
			require.Equal(c, updated, write("", ""))
			require.Equal(c, map[string]string{"a": "1", "none": ""}, attributes(),
				"without values every attribute of the columns is removed")
			require.Equal(c, unchanged, write("", ""), "nothing is left to remove")
		})
	}},
}

// repeated has three records of one SKU and one of another.
func (c *check) repeated() []products.Record {
	return []products.Record{c.record("S", "first"), c.record("T", "other"), c.record("S", "second"),
		c.record("S", "third")}
}

var duplicateCases = []Case{
	{Name: "duplicates/the first counts in mode ignore", run: func(c *check) {
		c.eitherWay(func(expectNew bool) {
			b := products.Batch{ExpectNew: expectNew, Columns: c.columns("name"), Records: c.repeated()}
			result, sent := c.writeChanges(b)
			require.Equal(c, []products.Outcome{created, created, superseded, superseded}, result.Outcomes,
				"the first of several records of a SKU counts in mode ignore")
			require.Equal(c, "first", c.only("S").Name,
				"the first of several records of a SKU is stored in mode ignore")
			require.Len(c, sent.created, 2, "a SKU is created once")
			before := c.all()
			require.Equal(c, []products.Outcome{skipped, skipped, superseded, superseded}, c.write(b).Outcomes,
				"the first of several records of a SKU that exists is skipped, others are superseded")
			c.requireAll(before, "mode ignore leaves alone what exists")
		})
	}},
	{Name: "duplicates/the last counts in mode update", run: func(c *check) {
		c.eitherWay(func(expectNew bool) {
			b := products.Batch{Mode: products.Update, ExpectNew: expectNew, Columns: c.columns("name"),
				Records: c.repeated()}
			result := c.write(b)
			require.Equal(c, []products.Outcome{superseded, created, superseded, created}, result.Outcomes,
				"the last of several records of a SKU counts in mode update")
			require.Equal(c, "third", c.only("S").Name, "the last of several records of a SKU is stored in mode update")
			require.EqualValues(c, 1, c.only("S").Version, "a SKU is written once")
			before := c.all()
			require.Equal(c, []products.Outcome{superseded, unchanged, superseded, unchanged}, c.write(b).Outcomes,
				"superseded records change nothing")
			c.requireAll(before, "superseded records change nothing")
			b.Records[3].Values[0] = "fourth"
			require.Equal(c, []products.Outcome{superseded, unchanged, superseded, updated}, c.write(b).Outcomes,
				"the last of several records of a SKU counts in mode update")
			require.EqualValues(c, 2, c.only("S").Version, "a SKU is written once")
		})
	}},
}
