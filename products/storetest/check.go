package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/products"
)

// check is a case at work on its store.
type check struct {
	casetest.T
	store products.Store
}

// create stores a product that must be accepted.
func (c *check) create(p products.Product) products.Product {
	c.Helper()
	stored, err := c.store.Create(c.Context(), p)
	require.NoError(c, err, "a valid product is stored")
	return stored
}

// get returns a product that must be there.
func (c *check) get(id int64) products.Product {
	c.Helper()
	p, err := c.store.Get(c.Context(), id)
	require.NoError(c, err, "a stored product is found by its ID")
	return p
}

// list returns the page for a query that must be answered.
func (c *check) list(q products.Query) products.Page {
	c.Helper()
	page, err := c.store.List(c.Context(), q)
	require.NoError(c, err, "the query %+v is answered", q)
	return page
}

// all returns every product by ID.
func (c *check) all() (all []products.Product) {
	c.Helper()
	q := products.Query{Limit: products.MaxLimit, SkipCount: true}
	for {
		page := c.list(q)
		all = append(all, page.Products...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return all
		}
	}
}

// only returns the one product with the SKU.
func (c *check) only(sku string) products.Product {
	c.Helper()
	page := c.list(products.Query{SKU: sku})
	require.Len(c, page.Products, 1, "the product with the SKU %q is there, once", sku)
	return page.Products[0]
}

// clear removes what an earlier part of the case left.
func (c *check) clear() {
	c.Helper()
	_, err := c.store.DeleteAll(c.Context())
	require.NoError(c, err, "DeleteAll")
}

// columns are those of a batch that sets fields of the store.
func (c *check) columns(names ...string) products.Columns { return columnsOf(c.T, c.store, names...) }

// record makes a record of a batch, with a value for each column.
func (c *check) record(sku string, values ...string) products.Record {
	return record(c.store, sku, values...)
}

// records makes n records of names, with SKUs from prefix0 on.
func (c *check) records(n int, prefix, name string) []products.Record {
	all := make([]products.Record, n)
	for i := range all {
		all[i] = c.record(fmt.Sprint(prefix, i), name)
	}
	return all
}

// write writes a batch that must be accepted.
func (c *check) write(b products.Batch) *products.BatchResult {
	c.Helper()
	result, err := c.store.WriteBatch(c.Context(), &b)
	require.NoError(c, err, "a batch of valid records is written")
	require.Len(c, result.Outcomes, len(b.Records), "there is one outcome for each record")
	return result
}

// checkPart returns what is wrong with a call of Batch.Changed.
func checkPart(ctx context.Context, created, updated []products.Product) error {
	bytes := 0
	for _, p := range slices.Concat(created, updated) {
		bytes += p.Bytes()
	}
	switch {
	case ctx == nil:
		return errors.New("no context for Changed")
	case len(created)+len(updated) == 0:
		return errors.New("calls Changed without a product")
	case len(created)+len(updated) > 1 && bytes > products.PartBytes:
		return fmt.Errorf("calls Changed with %d bytes at once, more than PartBytes", bytes)
	}
	return nil
}

// changes are the products with which Batch.Changed was called for one batch.
type changes struct {
	created, updated []products.Product
	parts            int
}

// writeChanges writes a batch that must be accepted, and returns what it changed.
func (c *check) writeChanges(b products.Batch) (*products.BatchResult, changes) {
	c.Helper()
	var all changes
	b.Changed = func(ctx context.Context, created, updated []products.Product) error {
		if err := checkPart(ctx, created, updated); err != nil {
			return err
		}
		all.created = append(all.created, created...)
		all.updated = append(all.updated, updated...)
		all.parts++
		return nil
	}
	return c.write(b), all
}

// eitherWay runs f on an empty store with each value of Batch.ExpectNew.
func (c *check) eitherWay(f func(expectNew bool)) {
	for _, expectNew := range []bool{false, true} {
		c.clear()
		f(expectNew)
	}
}

// content is what a client can set of a product.
func content(p products.Product) products.Product {
	p.ID, p.Version, p.CreatedAt, p.UpdatedAt = 0, 0, time.Time{}, time.Time{}
	if p.Fields == nil {
		p.Fields = map[string]products.Value{}
	}
	if p.Attributes == nil {
		p.Attributes = map[string]string{}
	}
	return p
}

// requireContent compares what a client can set.
func (c *check) requireContent(want, got products.Product, promise string, args ...any) {
	c.Helper()
	require.Equal(c, content(want), content(got), append([]any{promise}, args...)...)
}

// requireSame compares products whole; times are compared as moments.
func (c *check) requireSame(want, got products.Product, promise string, args ...any) {
	c.Helper()
	message := fmt.Sprintf(promise, args...)
	require.True(c, want.CreatedAt.Equal(got.CreatedAt), "%s: created_at was %v, is %v", message, want.CreatedAt,
		got.CreatedAt)
	require.True(c, want.UpdatedAt.Equal(got.UpdatedAt), "%s: updated_at was %v, is %v", message, want.UpdatedAt,
		got.UpdatedAt)
	want.CreatedAt, want.UpdatedAt = got.CreatedAt, got.UpdatedAt
	require.Equal(c, want, got, message)
}

// requireAll compares the whole store with products by ID.
func (c *check) requireAll(want []products.Product, promise string) {
	c.Helper()
	got := c.all()
	require.Len(c, got, len(want), promise)
	for i := range want {
		c.requireSame(want[i], got[i], "%s", promise)
	}
}

// outcomes of a batch, short to write.
const (
	created    = products.Created
	updated    = products.Updated
	unchanged  = products.Unchanged
	skipped    = products.Skipped
	superseded = products.Superseded
	refused    = products.Refused
)

func ptr[V any](v V) *V { return &v }
