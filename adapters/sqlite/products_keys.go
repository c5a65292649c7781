package sqlite

import (
	"cmp"
	"context"

	"github.com/products-importer/products-importer/products"
)

var _ products.KeyReader = (*Products)(nil)

// EachKey is one statement, so that it sees one state of the file.
func (p *Products) EachKey(ctx context.Context, query products.Query,
	tell func(products.KeyVersion) error) error {
	query, _, _, err := query.Check(p.layout.schema)
	if err != nil || query.MatchesNothing() {
		return err
	}
	s, err := p.selection(ctx, &query)
	if err != nil {
		return err
	}
	return p.db.read(ctx, func(ctx context.Context, q querier) error {
		return each(ctx, q, `SELECT sku_key, id, version FROM products`+s.where(), func(scan func(...any) error) error {
			var k products.KeyVersion
			if err := cmp.Or(ctx.Err(), scan(&k.Key, &k.ID, &k.Version)); err != nil {
				return err
			}
			if err := tell(k); err != nil {
				return callbackError{err}
			}
			return nil
		}, s.args...)
	})
}
