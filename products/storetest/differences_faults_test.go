package storetest_test

import (
	"context"
	"slices"

	"github.com/products-importer/products-importer/products"
)

// editDifferences breaks what a store tells by Batch.Differences: change returns what is told of a part.
func (b *broken) editDifferences(change func(batch *products.Batch, part []products.Difference) []products.Difference) {
	b.edit(func(batch *products.Batch) {
		differences := batch.Differences
		if differences == nil {
			return
		}
		batch.Differences = func() func(context.Context, []products.Difference) error {
			tell := differences()
			return func(ctx context.Context, part []products.Difference) error {
				return tell(ctx, change(batch, slices.Clone(part)))
			}
		}
	})
}

var differenceFaults = []fault{
	{"tells nothing of a dry run", func(s *broken) {
		s.edit(func(b *products.Batch) {
			if b.DryRun {
				b.Differences = nil
			}
		})
	}, "differences/what a batch does to each product", "dry run would create"},
	{"tells in another order", func(s *broken) {
		s.editDifferences(func(_ *products.Batch, part []products.Difference) []products.Difference {
			slices.Reverse(part)
			return part
		})
	}, "differences/what a batch does to each product", "in the order of the keys"},
	{"tells what is as what was", func(s *broken) {
		s.editDifferences(func(_ *products.Batch, part []products.Difference) []products.Difference {
			for i := range part {
				if part[i].Before != nil {
					part[i].Before = part[i].After
				}
			}
			return part
		})
	}, "differences/what a batch does to each product", "before and after"},
	{"loses what a field was", func(s *broken) {
		s.editDifferences(func(_ *products.Batch, part []products.Difference) []products.Difference {
			for i := range part {
				if part[i].Before != nil {
					before := *part[i].Before
					before.Description = ""
					part[i].Before = &before
				}
			}
			return part
		})
	}, "differences/everything that a batch sets", "as it was"},
	{"passes over an error of Differences", func(s *broken) {
		s.edit(func(b *products.Batch) {
			if differences := b.Differences; differences != nil {
				b.Differences = func() func(context.Context, []products.Difference) error {
					tell := differences()
					return func(ctx context.Context, part []products.Difference) error {
						_ = tell(ctx, part)
						return nil
					}
				}
			}
		})
	}, "differences/an error rolls the batch back", "returns the error"},
	{"tells everything at once", func(s *broken) {
		s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
			edited := *b
			var all []products.Difference
			var last context.Context //nolint:containedctx // of the transaction, which is open
			if b.Differences != nil {
				edited.Differences = func() func(context.Context, []products.Difference) error {
					return func(ctx context.Context, part []products.Difference) error {
						all, last = append(all, part...), ctx
						return nil
					}
				}
				edited.BeforeCommit = func(ctx context.Context, result *products.BatchResult) error {
					if len(all) > 0 {
						if err := b.Differences()(last, all); err != nil {
							return err
						}
					}
					return b.BeforeCommit(ctx, result)
				}
			}
			return s.Store.WriteBatch(ctx, &edited)
		}
	}, "differences/are told in parts", "more than Part"},
}

var differenceWholeFaults = []fault{
	{"tells no IDs", func(s *broken) {
		s.editDifferences(func(_ *products.Batch, part []products.Difference) []products.Difference {
			for i := range part {
				after := *part[i].After
				after.ID = 0
				part[i].After = &after
			}
			return part
		})
	}, "differences/IDs and versions", "has the ID"},
}
