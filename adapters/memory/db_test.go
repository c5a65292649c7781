package memory_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/products"
)

var errRefused = errors.New("refused")

// contents lists the whole store.
func contents(t *testing.T, ctx context.Context, s products.Store) []products.Product {
	t.Helper()
	page, err := s.List(ctx, products.Query{Limit: products.MaxLimit})
	require.NoError(t, err)
	require.Empty(t, page.Next)
	return page.Products
}

func create(ctx context.Context, s products.Store, sku string) (products.Product, error) {
	return s.Create(ctx, products.Product{SKU: sku, Name: "name of " + sku})
}

func ptr[V any](v V) *V { return &v }

// everything uses every writing method.
func everything(ctx context.Context, s products.Store) error {
	all, err := s.List(ctx, products.Query{})
	if err != nil {
		return err
	}
	first, last := all.Products[0].ID, all.Products[len(all.Products)-1].ID
	b := &products.Batch{Mode: products.Update, Columns: products.Columns{
		Fields: []*products.Field{s.Schema().Find("name")}, Attributes: []string{"a"}}}
	for i := range 5 {
		sku := fmt.Sprint("p-", i)
		b.Records = append(b.Records, products.Record{Key: sku, SKU: sku, Values: []string{"batch", "x"}})
	}
	for _, step := range []func() error{
		func() error { _, err := s.WriteBatch(ctx, b); return err },
		func() error {
			_, err := s.Update(ctx, first, 0, products.Patch{SKU: ptr("other"), Name: ptr("updated")})
			return err
		},
		func() error { _, err := create(ctx, s, "p-0"); return err },
		func() error { return s.Delete(ctx, last, 0) },
		func() error { _, err := create(ctx, s, "p-2"); return err },
		func() error { return s.Delete(ctx, first, 0) },
		func() error { _, err := s.DeleteAll(ctx); return err },
		func() error { _, err := create(ctx, s, "p-1"); return err },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func open(t *testing.T) (*memory.DB, *memory.Products) {
	db := memory.New(memory.Options{})
	for i := range 3 {
		_, err := create(t.Context(), db.Products(), fmt.Sprint("p-", i))
		require.NoError(t, err)
	}
	return db, db.Products()
}

func TestInTxCommits(t *testing.T) {
	db, s := open(t)
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error { return everything(ctx, s) }))
	all := contents(t, t.Context(), s)
	require.Len(t, all, 1)
	require.Equal(t, "p-1", all[0].SKU)
}

func TestInTxRollsBack(t *testing.T) {
	cancelled := func(db *memory.DB, s products.Store) error {
		ctx, cancel := context.WithCancel(t.Context())
		return db.InTx(ctx, func(ctx context.Context) error {
			defer cancel()
			return everything(ctx, s)
		})
	}
	panics := func(db *memory.DB, s products.Store) (err error) {
		defer func() { err = recover().(error) }()
		return db.InTx(t.Context(), func(ctx context.Context) error {
			require.NoError(t, everything(ctx, s))
			panic(errRefused)
		})
	}
	refused := func(db *memory.DB, s products.Store) error {
		return db.InTx(t.Context(), func(ctx context.Context) error {
			return errors.Join(everything(ctx, s), errRefused)
		})
	}
	for _, test := range []struct {
		name string
		run  func(db *memory.DB, s products.Store) error
		want error
	}{
		{"on an error", refused, errRefused}, {"when its context ends", cancelled, context.Canceled},
		{"on a panic", panics, errRefused},
	} {
		t.Run(test.name, func(t *testing.T) {
			db, s := open(t)
			before := contents(t, t.Context(), s)
			require.ErrorIs(t, test.run(db, s), test.want)
			require.Equal(t, before, contents(t, t.Context(), s))
			for i, p := range before {
				page, err := s.List(t.Context(), products.Query{SKU: fmt.Sprint("p-", i)})
				require.NoError(t, err)
				require.Equal(t, []products.Product{p}, page.Products, "the index of SKUs is as before")
			}
			require.NoError(t, everything(t.Context(), s), "the store can be written again")
		})
	}
}

func TestInTxJoins(t *testing.T) {
	db, s := open(t)
	err := db.InTx(t.Context(), func(ctx context.Context) error {
		_, err := create(ctx, s, "outer")
		require.NoError(t, err)
		err = db.InTx(ctx, func(ctx context.Context) error {
			_, err := create(ctx, s, "refused")
			return errors.Join(err, errRefused)
		})
		require.ErrorIs(t, err, errRefused)
		require.NoError(t,
			db.InTx(ctx, func(ctx context.Context) error { _, err := create(ctx, s, "inner"); return err }))
		_, err = create(ctx, s, "inner")
		require.ErrorIs(t, err, products.ErrExists, "a transaction sees what it wrote")
		return nil
	})
	require.NoError(t, err, "an inner error is the outer's to judge")
	var skus []string
	for _, p := range contents(t, t.Context(), s) {
		skus = append(skus, p.SKU)
	}
	require.Equal(t, []string{"p-0", "p-1", "p-2", "outer", "inner"}, skus,
		"what an inner call did is taken back alone")
}

func TestBeforeCommitJoinsTheBatch(t *testing.T) {
	for _, refuse := range []error{nil, errRefused} {
		_, s := open(t)
		before := contents(t, t.Context(), s)
		b := &products.Batch{Columns: products.Columns{Fields: []*products.Field{s.Schema().Find("name")}},
			Records: []products.Record{{Key: "new", SKU: "new", Values: []string{"new"}}}}
		b.BeforeCommit = func(ctx context.Context, _ *products.BatchResult) error {
			_, err := create(ctx, s, "with it")
			return errors.Join(err, refuse)
		}
		_, err := s.WriteBatch(t.Context(), b)
		require.ErrorIs(t, err, refuse)
		if refuse != nil {
			require.Equal(t, before, contents(t, t.Context(), s),
				"what BeforeCommit wrote is rolled back with the batch")
		} else {
			require.Len(t, contents(t, t.Context(), s), len(before)+2,
				"what BeforeCommit wrote is committed with the batch")
		}
	}
}

func TestContextOutlivesItsTransaction(t *testing.T) {
	db, s := open(t)
	var late context.Context
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error { late = ctx; return nil }))
	_, err := create(late, s, "late")
	require.ErrorContains(t, err, "has ended")
	_, err = create(late, memory.New(memory.Options{}).Products(), "late")
	require.NoError(t, err, "the transaction of one DB is none of another")
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, s := open(t)
		err := db.InTx(t.Context(), func(context.Context) error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := s.Get(ctx, 1)
			require.ErrorIs(t, err, context.DeadlineExceeded, "who waits for a transaction stops when its context ends")
			return nil
		})
		require.NoError(t, err)
		_, err = s.Get(t.Context(), 1)
		require.NoError(t, err)
	})
}

func TestManyDeletes(t *testing.T) {
	s := memory.New(memory.Options{}).Products()
	b := &products.Batch{Columns: products.Columns{Fields: []*products.Field{s.Schema().Find("name")}}}
	for i := range 5_000 {
		sku := fmt.Sprint(i)
		b.Records = append(b.Records, products.Record{Key: sku, SKU: sku, Values: []string{"name"}})
	}
	_, err := s.WriteBatch(t.Context(), b)
	require.NoError(t, err)
	page, err := s.List(t.Context(), products.Query{Limit: 1})
	require.NoError(t, err)
	first := page.Products[0].ID
	for i := range int64(5_000) {
		if i%10 != 0 {
			require.NoError(t, s.Delete(t.Context(), first+i, 0))
		}
	}
	all := contents(t, t.Context(), s)
	require.Len(t, all, 500)
	for i, p := range all {
		require.Equal(t, fmt.Sprint(i*10), p.SKU)
		got, err := s.Get(t.Context(), p.ID)
		require.NoError(t, err)
		require.Equal(t, p, got)
		page, err := s.List(t.Context(), products.Query{SKU: p.SKU})
		require.NoError(t, err)
		require.Len(t, page.Products, 1)
	}
	result, err := s.WriteBatch(t.Context(), b)
	require.NoError(t, err)
	require.EqualValues(t, 500, result.Count(products.Skipped))
	require.EqualValues(t, 4_500, result.Count(products.Created))
}
