package postgres

import (
	"cmp"
	"context"

	"github.com/products-importer/products-importer/products"
)

var _ products.KeyReader = (*Products)(nil)

// EachKey is one statement, so that it sees one state of the table. The server sends the rows one after the other.
func (p *Products) EachKey(ctx context.Context, query products.Query,
	each func(products.KeyVersion) error) error {
	query, _, _, err := query.Check(p.layout.schema)
	if err != nil || query.MatchesNothing() {
		return err
	}
	s, err := p.selection(ctx, &query)
	if err != nil {
		return fail(ctx, err, products.ErrNotFound)
	}
	var lost error // the connection was, behind the first product
	err = p.db.read(ctx, forBulk, func(ctx context.Context, q querier) error {
		if lost != nil {
			return callbackError{translate(lost)} // nothing is told twice
		}
		rows, err := q.QueryxContext(ctx, `SELECT sku_key, id, version FROM products`+s.where(), s.args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		told := false
		for ctx.Err() == nil && rows.Next() {
			var k products.KeyVersion
			if err := rows.Scan(&k.Key, &k.ID, &k.Version); err != nil {
				return err
			}
			told = true
			if err := each(k); err != nil {
				return callbackError{err}
			}
		}
		if err = cmp.Or(ctx.Err(), rows.Err()); told {
			lost = err
		}
		return err
	})
	return fail(ctx, err, products.ErrNotFound)
}
