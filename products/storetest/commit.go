package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// hook makes a BeforeCommit of a function.
func (c *check) hook(f func() error) func(context.Context, *products.BatchResult) error {
	return func(context.Context, *products.BatchResult) error { return f() }
}

// mixed prepares the store and returns a batch of which each mode creates, leaves alone or updates something.
func (c *check) mixed(mode products.Mode, expectNew bool) products.Batch {
	c.clear()
	c.create(products.Product{Name: "before", SKU: "m-1", Description: "d", Attributes: map[string]string{"a": "1"}})
	c.create(products.Product{Name: "same", SKU: "m-2"})
	b := products.Batch{Mode: mode, ExpectNew: expectNew, Columns: keep(c.columns("name"), "a")}
	for i, name := range []string{"after", "after", "same", "after", "after"} {
		b.Records = append(b.Records, c.record(fmt.Sprint("m-", i), name, ""))
	}
	b.Records = append(b.Records, c.record("m-4", "last", ""))
	return b
}

// everyMix runs f for each mode and hint.
func (c *check) everyMix(f func(b products.Batch)) {
	for _, mode := range both {
		for _, expectNew := range []bool{false, true} {
			f(c.mixed(mode, expectNew))
		}
	}
}

var commitCases = []Case{
	{Name: "commit/BeforeCommit knows the outcomes", run: func(c *check) {
		c.everyMix(func(b products.Batch) {
			var outcomes []products.Outcome
			b.BeforeCommit = func(ctx context.Context, result *products.BatchResult) error {
				if ctx == nil {
					return errors.New("BeforeCommit got no context")
				}
				outcomes = slices.Clone(result.Outcomes)
				return nil
			}
			result := c.write(b)
			require.Equal(c, result.Outcomes, outcomes, "BeforeCommit is called with every outcome")
		})
	}},
	{Name: "commit/an error of BeforeCommit leaves nothing", run: func(c *check) {
		c.everyMix(func(b products.Batch) {
			before, refused := c.all(), errors.New("refused")
			calls := 0
			b.BeforeCommit = c.hook(func() error { calls++; return refused })
			_, err := c.store.WriteBatch(c.Context(), &b)
			require.ErrorIs(c, err, refused, "the error of BeforeCommit is returned")
			require.Equal(c, 1, calls, "a batch that BeforeCommit refuses is not tried again")
			c.requireAll(before, "the error of BeforeCommit rolls the batch back")
			b.BeforeCommit = nil
			require.EqualValues(c, 3, c.write(b).Count(created), "a batch that was rolled back can be written again")
		})
	}},
	{Name: "commit/an error of Changed leaves nothing", run: func(c *check) {
		c.everyMix(func(b products.Batch) {
			before, refused := c.all(), errors.New("refused")
			calls, committing := 0, false
			b.BeforeCommit = c.hook(func() error { committing = true; return nil })
			b.Changed = func(context.Context, []products.Product, []products.Product) error {
				if calls++; !committing {
					return errors.New("too early: BeforeCommit was not called yet")
				}
				return refused
			}
			_, err := c.store.WriteBatch(c.Context(), &b)
			require.ErrorIs(c, err, refused, "Changed is called behind BeforeCommit, and its error is returned")
			require.Equal(c, 1, calls, "a batch that Changed refuses is not tried again")
			c.requireAll(before, "the error of Changed rolls the batch back")
		})
	}},
	{Name: "commit/a dry run writes nothing", run: func(c *check) {
		c.everyMix(func(b products.Batch) {
			before := c.all()
			b.DryRun = true
			b.BeforeCommit = c.hook(func() error { return errors.New("BeforeCommit is called in a dry run") })
			dry, sent := c.writeChanges(b)
			require.Zero(c, sent.parts, "a dry run calls Changed with no products")
			c.requireAll(before, "a dry run writes nothing")
			b.DryRun, b.BeforeCommit = false, nil
			require.Equal(c, c.write(b).Outcomes, dry.Outcomes, "a dry run finds the outcomes of the real one")
		})
	}},
}

var endCases = []Case{
	{Name: "context/one that has ended stops every method", run: func(c *check) {
		p := c.create(whole)
		before := c.all()
		cancelled, cancel := context.WithCancel(c.Context())
		cancel()
		late, cancel := context.WithDeadline(c.Context(), time.Unix(0, 0))
		defer cancel()
		for want, ctx := range map[error]context.Context{context.Canceled: cancelled, context.DeadlineExceeded: late} {
			for name, call := range map[string]func() error{
				"Get":  func() error { _, err := c.store.Get(ctx, p.ID); return err },
				"List": func() error { _, err := c.store.List(ctx, products.Query{}); return err },
				"Create": func() error {
					_,
						err := c.store.Create(ctx, products.Product{Name: "x", SKU: "x"})
					return err
				},
				"Update": func() error {
					_,
						err := c.store.Update(ctx, p.ID, 0, products.Patch{Name: ptr("x")})
					return err
				},
				"Delete":    func() error { return c.store.Delete(ctx, p.ID, 0) },
				"DeleteAll": func() error { _, err := c.store.DeleteAll(ctx); return err },
				"WriteBatch": func() error {
					_, err := c.store.WriteBatch(ctx, &products.Batch{Columns: c.columns("name"),
						Records: c.records(3, "x", "x")})
					return err
				},
				"WriteBatch of a dry run": func() error {
					_, err := c.store.WriteBatch(ctx, &products.Batch{DryRun: true, Columns: c.columns("name"),
						Records: c.records(3, "x", "x")})
					return err
				},
			} {
				require.ErrorIs(c, call(), want, "%s returns the error of a context that has ended", name)
			}
		}
		c.requireAll(before, "a method whose context has ended changes nothing")
	}},
	{Name: "context/one that ends before the commit leaves nothing", run: func(c *check) {
		c.everyMix(func(b products.Batch) {
			before := c.all()
			ctx, cancel := context.WithCancel(c.Context())
			b.BeforeCommit = c.hook(func() error { cancel(); return nil })
			_, err := c.store.WriteBatch(ctx, &b)
			require.ErrorIs(c, err, context.Canceled, "a batch whose context ends before the commit returns its error")
			c.requireAll(before, "a batch whose context ends before the commit leaves nothing")
			b.BeforeCommit = nil
			require.EqualValues(c, 3, c.write(b).Count(created), "a cancelled batch can be written again")
		})
	}},
}
