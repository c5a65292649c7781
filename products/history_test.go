package products_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/products"
)

// entries are a product's, in a form that is short to compare.
func entries(t *testing.T, db *memory.DB, id int64) (all []string) {
	t.Helper()
	found, err := db.History().ListHistory(t.Context(), products.HistoryQuery{ProductID: id, Limit: 100})
	require.NoError(t, err)
	text := func(s *string) string {
		if s == nil {
			return "null"
		}
		return fmt.Sprintf("%q", *s)
	}
	for _, e := range found {
		line := fmt.Sprintf("%d %s v%d by %q:", e.Kind, e.SKU, e.Version, e.User)
		for _, f := range e.Fields {
			line += fmt.Sprintf(" %s %s>%s", f.Name, text(f.Before), text(f.After))
		}
		all = append(all, line)
	}
	return all
}

// TestHistorian keeps who changed what, in the transaction of the change, and tells the next notifier.
func TestHistorian(t *testing.T) {
	schema, err := products.NewSchema(products.Field{Name: "stock", Type: products.Integer})
	require.NoError(t, err)
	db := memory.New(memory.Options{Fields: schema})
	next := &recorder{}
	historian, err := products.NewHistorian(db.History(), schema, next)
	require.NoError(t, err)
	s, err := products.NewNotifyingStore(db.Products(), db.InTx, historian)
	require.NoError(t, err)
	ann := products.WithUser(t.Context(), "ann")
	p, err := s.Create(ann, products.Product{SKU: "a", Name: "one", Attributes: map[string]string{"k": "v"}})
	require.NoError(t, err)
	name, color := "two", "red"
	_, err = s.Update(ann, p.ID, 0, products.Patch{Name: &name, Attributes: map[string]*string{"k": nil, "color": &color}})
	require.NoError(t, err)
	_, err = s.Update(ann, p.ID, 0, products.Patch{Name: &name})
	require.NoError(t, err, "it changes nothing")
	refused := errors.New("refused")
	next.onNotify = func(context.Context) error { return refused }
	require.ErrorIs(t, s.Delete(ann, p.ID, 0), refused)
	next.onNotify = nil
	require.NoError(t, s.Delete(t.Context(), p.ID, 0))
	require.Equal(t, []string{
		`3 a v2 by "": name "two">null status "false">null attributes.color "red">null`,
		`2 a v2 by "ann": name "one">"two" attributes.color null>"red" attributes.k "v">null`,
		`1 a v1 by "ann": name null>"one" status null>"false" attributes.k null>"v"`,
	}, entries(t, db, p.ID))

	_, err = s.Create(ann, products.Product{SKU: "b", Name: "n"})
	require.NoError(t, err)
	_, err = s.DeleteAll(ann)
	require.NoError(t, err)
	require.Equal(t, []string{`4  v0 by "ann":`}, entries(t, db, 0))
	require.Len(t, next.told(), 6, "the next notifier is told of each change, and of the one that it refused")

	_, err = products.NewHistorian(nil, nil, nil)
	require.Error(t, err)
	alone, err := products.NewHistorian(db.History(), nil, nil)
	require.NoError(t, err)
	require.NoError(t, alone.Notify(ann, products.Change{Kind: products.AllDeleted, Count: 1}))
}
