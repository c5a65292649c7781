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

// ear is told of changes.
type ear struct {
	deaf    bool
	asked   []products.ChangeKind
	changes []products.Change
	failure error
	// onNotify, if not nil, is called with the context of the transaction.
	onNotify func(ctx context.Context) error
	mu       sync.Mutex
}

func (e *ear) Wants(_ context.Context, kind products.ChangeKind) (bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, kind)
	return !e.deaf, e.failure
}

func (e *ear) Notify(ctx context.Context, change products.Change) error {
	e.mu.Lock()
	e.changes = append(e.changes, change)
	e.mu.Unlock()
	if e.onNotify != nil {
		return e.onNotify(ctx)
	}
	return nil
}

// told are the changes, short to compare.
func (e *ear) told() (all []string) {
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

func telling(t *testing.T, db *memory.DB, e *ear) *products.Telling {
	t.Helper()
	s, err := products.NewTelling(db.Products(), db.InTx, e)
	require.NoError(t, err)
	return s
}

// TestTellingIsAStore holds it to the same suite, told or not.
func TestTellingIsAStore(t *testing.T) {
	for name, deaf := range map[string]bool{"wanted": false, "not wanted": true} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T, rule products.KeyRule) products.Store {
				return telling(t, memory.New(memory.Options{KeyRule: rule}), &ear{deaf: deaf})
			})
		})
	}
}

func TestTelling(t *testing.T) {
	ctx := t.Context()
	e := &ear{}
	db := memory.New(memory.Options{})
	s := telling(t, db, e)
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

	_, err = products.NewTelling(nil, db.InTx, e)
	require.Error(t, err)
	_, err = products.NewTelling(db.Products(), nil, e)
	require.Error(t, err)
	_, err = products.NewTelling(db.Products(), db.InTx, nil)
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

func TestTellingIsOneTransaction(t *testing.T) {
	ctx := t.Context()
	db := memory.New(memory.Options{})
	e := &ear{}
	s := telling(t, db, e)
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
	require.Equal(t, []products.Product{p}, page.Products, "a change whose notifier fails is rolled back, with what that wrote")

	e.failure, e.onNotify = errors.New("nobody knows"), nil
	for name, err := range changesOf(ctx, s, p.ID) {
		require.ErrorIs(t, err, e.failure, name)
	}
	e.failure, e.deaf, e.changes = nil, true, nil
	e.asked = nil
	for name, err := range changesOf(ctx, s, p.ID) {
		require.NoError(t, err, name)
	}
	require.Equal(t, []products.ChangeKind{products.WasCreated, products.WasUpdated, products.WasDeleted, products.AllDeleted}, e.asked)
	require.Empty(t, e.changes, "what nobody wants to know isn't told")
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

func TestTellingIsOvertaken(t *testing.T) {
	ctx := t.Context()
	db := memory.New(memory.Options{})
	o := &overtaken{Store: db.Products()}
	e := &ear{}
	noTx := func(ctx context.Context, f func(ctx context.Context) error) error { return f(ctx) }
	s, err := products.NewTelling(o, noTx, e)
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
