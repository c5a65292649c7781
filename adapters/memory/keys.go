package memory

import (
	"context"

	"github.com/products-importer/products-importer/products"
)

var _ products.KeyReader = (*Products)(nil)

// EachKey copies what there is to be told, so that nobody waits for who is told.
func (p *Products) EachKey(ctx context.Context, query products.Query,
	each func(products.KeyVersion) error) error {
	q, order, _, err := query.Check(p.schema)
	if err != nil || q.MatchesNothing() {
		return err
	}
	l := newLister(q, order, nil, p.schema)
	var found []products.KeyVersion
	err = p.db.do(ctx, func(context.Context, *tx) error {
		for _, r := range p.candidates(&q) {
			if l.matches(r) {
				found = append(found, products.KeyVersion{Key: r.key, ID: r.ID, Version: r.Version})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range found {
		if i%1_000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := each(found[i]); err != nil {
			return err
		}
	}
	return nil
}
