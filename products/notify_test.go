package products_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/products/storetest"
)

// recorder keeps the changes that it receives.
type recorder struct {
	changes []products.Change
	// onNotify, if not nil, is called with the context of the transaction.
	onNotify func(ctx context.Context) error
	mu       sync.Mutex
}

func (e *recorder) Notify(ctx context.Context, change products.Change) error {
	e.mu.Lock()
	e.changes = append(e.changes, change)
	e.mu.Unlock()
	if e.onNotify != nil {
		return e.onNotify(ctx)
	}
	return nil
}

// told returns the changes in a form that is short to compare, and forgets them.
func (e *recorder) told() (all []string) {
	for _, c := range e.changes {
		text := fmt.Sprint(c.Kind, " ", c.Count)
		if c.Product != nil {
			text += fmt.Sprintf(" %s %s v%d", c.Product.SKU, c.Product.Name, c.Product.Version)
		}
		all = append(all, text)
	}
	e.changes = nil
	return all
}

func notifying(t *testing.T, db *memory.DB, e *recorder) *products.NotifyingStore {
	t.Helper()
	s, err := products.NewNotifyingStore(db.Products(), db.InTx, e)
	require.NoError(t, err)
	return s
}

// withoutReplacer is the Store alone, whatever else it has.
type withoutReplacer struct{ products.Store }

// TestNotifyingStoreIsAStore runs the suite on it, over a store that is a Replacer and over one that isn't.
func TestNotifyingStoreIsAStore(t *testing.T) {
	for _, replaces := range []bool{true, false} {
		t.Run(fmt.Sprint("replaces=", replaces), func(t *testing.T) {
			storetest.Run(t, func(t *testing.T, c storetest.Case) products.Store {
				db := memory.New(memory.Options{KeyRule: c.Rule, Fields: c.Fields})
				var store products.Store = db.Products()
				if !replaces {
					store = withoutReplacer{store}
				}
				s, err := products.NewNotifyingStore(store, db.InTx, &recorder{})
				require.NoError(t, err)
				return s
			})
		})
	}
}

func TestNotifyingStore(t *testing.T) {
	ctx := t.Context()
	e := &recorder{}
	db := memory.New(memory.Options{})
	s := notifying(t, db, e)
	name := "two"
	a, err := s.Create(ctx, products.Product{SKU: " a ", Name: "one", Attributes: map[string]string{"k": "v"}})
	require.NoError(t, err)
	require.Equal(t, a, *e.changes[0].Product, "the product is told as it is stored")
	require.Equal(t, []string{"1 0 a one v1"}, e.told())
	_, err = s.Create(ctx, products.Product{SKU: "a", Name: "again"})
	require.ErrorIs(t, err, products.ErrExists)
	_, err = s.Update(ctx, a.ID, 0, products.Patch{Name: &name})
	require.NoError(t, err)
	_, err = s.Update(ctx, a.ID, 2, products.Patch{Name: &name})
	require.NoError(t, err)
	_, err = s.Update(ctx, a.ID, 0, products.Patch{Name: &name})
	require.NoError(t, err)
	require.Equal(t, []string{"2 0 a two v2"}, e.told(), "what changes nothing isn't told")
	_, err = s.Update(ctx, a.ID, 1, products.Patch{Name: &name})
	require.ErrorIs(t, err, products.ErrVersion)
	require.ErrorIs(t, s.Delete(ctx, a.ID, 1), products.ErrVersion)
	require.ErrorIs(t, s.Delete(ctx, 99, 0), products.ErrNotFound)
	require.NoError(t, s.Delete(ctx, a.ID, 2))
	require.Equal(t, []string{"3 0 a two v2"}, e.told(), "what is deleted is told as it was last")
	n, err := s.DeleteAll(ctx)
	require.NoError(t, err)
	require.Zero(t, n)
	require.Empty(t, e.told(), "nothing was deleted")
	for i := range 3 {
		_, err = s.Create(ctx, products.Product{SKU: fmt.Sprint(i), Name: "n"})
		require.NoError(t, err)
	}
	e.told()
	n, err = s.DeleteAll(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 3, n)
	require.Equal(t, []string{"4 3"}, e.told())

	_, err = products.NewNotifyingStore(nil, db.InTx, e)
	require.Error(t, err)
	_, err = products.NewNotifyingStore(db.Products(), nil, e)
	require.Error(t, err)
	_, err = products.NewNotifyingStore(db.Products(), db.InTx, nil)
	require.Error(t, err)
}

// changesOf makes one change of each kind, of a product that is made before.
func changesOf(ctx context.Context, s products.Store, id int64) map[string]error {
	name := "changed"
	all := map[string]error{}
	_, all["create"] = s.Create(ctx, products.Product{SKU: "new", Name: "n"})
	_, all["update"] = s.Update(ctx, id, 0, products.Patch{Name: &name})
	all["delete"] = s.Delete(ctx, id, 0)
	_, all["delete all"] = s.DeleteAll(ctx)
	return all
}

func TestNotifyingStoreIsOneTransaction(t *testing.T) {
	ctx := t.Context()
	db := memory.New(memory.Options{})
	e := &recorder{}
	s := notifying(t, db, e)
	p, err := s.Create(ctx, products.Product{SKU: "a", Name: "one"})
	require.NoError(t, err)
	refused := errors.New("refused")
	e.onNotify = func(ctx context.Context) error {
		_, err := db.Products().Create(ctx, products.Product{SKU: "noted", Name: "n"})
		return errors.Join(err, refused)
	}
	for name, err := range changesOf(ctx, s, p.ID) {
		require.ErrorIs(t, err, refused, name)
	}
	page, err := s.List(ctx, products.Query{})
	require.NoError(t, err)
	require.Equal(t, []products.Product{p}, page.Products,
		"a change whose notifier fails is rolled back, with what that wrote")
}

// overtaken is a store in which somebody else changes a product whenever it is read.
type overtaken struct {
	products.Store
	left, n int
}

func (o *overtaken) Get(ctx context.Context, id int64) (products.Product, error) {
	p, err := o.Store.Get(ctx, id)
	if o.left > 0 {
		o.left--
		o.n++
		description := fmt.Sprint(o.n)
		_, _ = o.Store.Update(ctx, id, 0, products.Patch{Description: &description})
	}
	return p, err
}

func TestNotifyingStoreIsOvertaken(t *testing.T) {
	ctx := t.Context()
	db := memory.New(memory.Options{})
	o := &overtaken{Store: db.Products()}
	e := &recorder{}
	noTx := func(ctx context.Context, f func(ctx context.Context) error) error { return f(ctx) }
	s, err := products.NewNotifyingStore(o, noTx, e)
	require.NoError(t, err)
	p, err := s.Create(ctx, products.Product{SKU: "a", Name: "one"})
	require.NoError(t, err)
	e.told()
	o.left = 3
	name := "two"
	_, err = s.Update(ctx, p.ID, 0, products.Patch{Name: &name})
	require.NoError(t, err)
	require.Equal(t, []string{"2 0 a two v5"}, e.told())
	o.left = 1
	_, err = s.Update(ctx, p.ID, 5, products.Patch{Name: &p.Name})
	require.ErrorIs(t, err, products.ErrVersion, "who names a version isn't asked again")
	o.left = 2
	require.NoError(t, s.Delete(ctx, p.ID, 0))
	require.Equal(t, []string{"3 0 a two v8"}, e.told(), "what is told was the last")
}
