package storetest_test

import (
	"context"
	"errors"

	"github.com/products-importer/products-importer/products"
)

// tooLarge reports whether an error is about a product's size.
func tooLarge(err error) bool {
	var invalid *products.ValidationError
	return errors.As(err, &invalid) && invalid.Fields[0].Code == products.CodeTooLarge
}

var brokenSizes = []fault{
	{"creates what is too large", func(s *broken) {
		s.create = func(ctx context.Context, p products.Product) (products.Product, error) {
			stored, err := s.Store.Create(ctx, p)
			if tooLarge(err) {
				p.Description = ""
				return s.Store.Create(ctx, p)
			}
			return stored, err
		}
	}, "size/as large as a product may be", "gives ErrInvalid"},
	{"lets a patch make it too large", func(s *broken) {
		s.update = func(ctx context.Context, id, version int64, patch products.Patch) (products.Product, error) {
			p, err := s.Store.Update(ctx, id, version, patch)
			if tooLarge(err) {
				return s.Store.Get(ctx, id)
			}
			return p, err
		}
	}, "size/as large as a product may be", "gives ErrInvalid"},
	{"says updated of what is refused", func(s *broken) {
		s.spoil(func(_ *products.Batch, r *products.BatchResult) {
			for i, o := range r.Outcomes {
				if o == products.Refused {
					r.Outcomes[i] = products.Updated
				}
			}
		})
	}, "size/a record that would make a product too large", "refuses"},
	{"lets no record through beside one that is refused", func(s *broken) {
		s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
			trial := *b
			trial.DryRun = true
			result, err := s.Store.WriteBatch(ctx, &trial)
			if err == nil && !b.DryRun && result.Count(products.Refused) > 0 {
				for i := range result.Outcomes {
					result.Outcomes[i] = products.Refused
				}
				return result, nil
			}
			return s.Store.WriteBatch(ctx, b)
		}
	}, "size/a record that would make a product too large", "others are written"},
	{"lists more than so many bytes", func(s *broken) {
		s.editQuery(func(q *products.Query) { q.MaxBytes *= 2 })
	}, "size/pages of so many bytes", "at most MaxBytes"},
	{"ends where a page has so many bytes", func(s *broken) {
		s.editPage(func(q products.Query, page *products.Page) {
			if q.MaxBytes > 0 && len(page.Products) < q.Limit {
				page.Next = ""
			}
		})
	}, "size/pages of so many bytes", "leave nothing out"},
	{"leaves out what is long", func(s *broken) {
		s.editPage(func(q products.Query, page *products.Page) {
			for i := range page.Products {
				if q.MaxBytes > 0 && page.Products[i].Bytes() > 10_000 {
					page.Products[i].Attributes = map[string]string{}
				}
			}
		})
	}, "size/pages of so many bytes", "whole products"},
	{"tells of a batch at once", func(s *broken) {
		s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
			whole := *b
			var created, updated []products.Product
			if b.Changed != nil {
				whole.Changed = func(_ context.Context, c, u []products.Product) error {
					created, updated = append(created, c...), append(updated, u...)
					return nil
				}
			}
			result, err := s.Store.WriteBatch(ctx, &whole)
			if err == nil && len(created)+len(updated) > 0 {
				err = b.Changed(ctx, created, updated)
			}
			return result, err
		}
	}, "size/Changed is called in parts", "at once"},
	{"forgets the last part", func(s *broken) {
		s.edit(func(b *products.Batch) {
			tell, parts := b.Changed, 0
			if tell == nil {
				return
			}
			b.Changed = func(ctx context.Context, created, updated []products.Product) error {
				if parts++; parts > 2 {
					return nil
				}
				return tell(ctx, created, updated)
			}
		})
	}, "size/Changed is called in parts", "every product"},
}
