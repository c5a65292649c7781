package storetest_test

import (
	"context"

	"github.com/products-importer/products-importer/products"
)

// EachKey is that of the sound store, unless it is broken.
func (b *broken) EachKey(ctx context.Context, query products.Query, each func(products.KeyVersion) error) error {
	if b.eachKey != nil {
		return b.eachKey(ctx, query, each)
	}
	return b.Store.(products.KeyReader).EachKey(ctx, query, each)
}

var keyReaderFaults = []fault{
	{"forgets a filter", func(s *broken) {
		s.eachKey = func(ctx context.Context, q products.Query, each func(products.KeyVersion) error) error {
			q.Status = nil
			return s.Store.(products.KeyReader).EachKey(ctx, q, each)
		}
	}, "each key/of what there is", "status is heeded"},
	{"forgets a condition", func(s *broken) {
		s.eachKey = func(ctx context.Context, q products.Query, each func(products.KeyVersion) error) error {
			q.Where = q.Where[:min(len(q.Where), 1)]
			return s.Store.(products.KeyReader).EachKey(ctx, q, each)
		}
	}, "each key/by fields", "are heeded"},
	{"gives SKUs", func(s *broken) {
		s.eachKey = pagedKeys(s, func(p *products.Product) products.KeyVersion {
			return products.KeyVersion{Key: p.SKU, ID: p.ID, Version: p.Version}
		})
	}, "each key/of what there is", "with its key"},
	{"reads page by page", func(s *broken) {
		s.eachKey = pagedKeys(s, func(p *products.Product) products.KeyVersion {
			return products.KeyVersion{Key: s.Store.KeyRule().Key(p.SKU), ID: p.ID, Version: p.Version}
		})
	}, "each key/at one moment", "at one moment"},
	{"goes on behind an error", func(s *broken) {
		s.eachKey = func(ctx context.Context, q products.Query, each func(products.KeyVersion) error) (err error) {
			failed := s.Store.(products.KeyReader).EachKey(ctx, q, func(k products.KeyVersion) error {
				if one := each(k); err == nil {
					err = one
				}
				return nil
			})
			if failed != nil {
				return failed
			}
			return err
		}
	}, "each key/ends with an error", "an error ends it"},
	{"outlives its context", func(s *broken) {
		s.eachKey = func(ctx context.Context, q products.Query, each func(products.KeyVersion) error) error {
			return s.Store.(products.KeyReader).EachKey(context.WithoutCancel(ctx), q, each)
		}
	}, "each key/ends with an error", "the end of the context"},
}

// pagedKeys reads keys by lists.
func pagedKeys(s *broken, of func(p *products.Product) products.KeyVersion) func(ctx context.Context,
	q products.Query, each func(products.KeyVersion) error) error {
	return func(ctx context.Context, q products.Query, each func(products.KeyVersion) error) error {
		q.Limit, q.Offset, q.Order = products.MaxLimit, 0, ""
		for {
			page, err := s.List(ctx, q)
			if err != nil {
				return err
			}
			for i := range page.Products {
				if err := each(of(&page.Products[i])); err != nil {
					return err
				}
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				return nil
			}
		}
	}
}
