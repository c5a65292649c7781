package storetest

import (
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/products"
)

// columnsOf are those of a batch that sets fields of the store, by name.
func columnsOf(t casetest.T, store products.BatchWriter, names ...string) (c products.Columns) {
	t.Helper()
	for _, name := range names {
		f := store.Schema().Find(name)
		require.NotNil(t, f, "the store's schema has the field %q", name)
		c.Fields = append(c.Fields, f)
	}
	return c
}

// keep returns the columns with those of attributes behind them.
func keep(c products.Columns, attributes ...string) products.Columns {
	c.Attributes = attributes
	return c
}

// record makes a record of a batch, with a value for each column.
func record(store products.BatchWriter, sku string, values ...string) products.Record {
	return products.Record{Key: store.KeyRule().Key(sku), SKU: sku, Values: values}
}

// cloneRecords copies records and their values.
func cloneRecords(records []products.Record) []products.Record {
	own := slices.Clone(records)
	for i := range own {
		own[i].Values = slices.Clone(own[i].Values)
	}
	return own
}
