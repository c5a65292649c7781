package storetest_test

import (
	"context"
	"slices"

	"github.com/products-importer/products-importer/products"
)

// RevertBatch is that of the sound store, unless it is broken.
func (b *broken) RevertBatch(ctx context.Context, batch *products.RevertBatch) (*products.BatchResult, error) {
	edited := *batch
	if b.revert != nil {
		edited.Reverts = slices.Clone(batch.Reverts)
		b.revert(ctx, &edited)
	}
	return b.Store.(products.Reverter).RevertBatch(ctx, &edited)
}

var revertFaults = []fault{
	{"gives another ID", func(s *broken) {
		s.revert = func(_ context.Context, b *products.RevertBatch) {
			for i := range b.Reverts {
				if p := b.Reverts[i].Product; p != nil {
					other := *p
					other.ID += 1_000
					b.Reverts[i].Product = &other
				}
			}
		}
	}, "revert/what nobody has changed since", "not found"},
	{"takes back the very version alone", func(s *broken) {
		s.revert = func(ctx context.Context, b *products.RevertBatch) {
			for i := range b.Reverts {
				if p, err := s.Get(ctx, b.Reverts[i].ID); err == nil && p.Version != b.Reverts[i].Version {
					b.Reverts[i].ID = -1
				}
			}
		}
	}, "revert/one after the other", "is not changed again"},
	{"takes what goes onward for what goes back", func(s *broken) {
		s.revert = func(_ context.Context, b *products.RevertBatch) {
			for i := range b.Reverts {
				b.Reverts[i].Onward = false
			}
		}
	}, "revert/onward", "of the version that is named"},
	{"forgets versions that are deleted", func(s *broken) {
		s.revert = func(_ context.Context, b *products.RevertBatch) {
			for i := range b.Reverts {
				b.Reverts[i].Restored = ""
			}
		}
	}, "revert/what was deleted remembers", "after it was brought back too"},
	{"forgets attributes", func(s *broken) {
		s.revert = func(_ context.Context, b *products.RevertBatch) {
			for i := range b.Reverts {
				if p := b.Reverts[i].Patch; p != nil {
					other := *p
					other.Attributes = nil
					b.Reverts[i].Patch = &other
				}
			}
		}
	}, "revert/what nobody has changed since", "gets back what it had"},
	{"takes back what was changed", func(s *broken) {
		s.revert = func(ctx context.Context, b *products.RevertBatch) {
			for i := range b.Reverts {
				if p, err := s.Get(ctx, b.Reverts[i].ID); err == nil && b.Reverts[i].Version > 0 {
					b.Reverts[i].Version = p.Version
				}
			}
		}
	}, "revert/what somebody has changed is kept", "is kept"},
	{"takes back in a dry run", func(s *broken) {
		s.revert = func(_ context.Context, b *products.RevertBatch) {
			if b.DryRun {
				b.DryRun, b.BeforeCommit, b.Changed = false, nil, nil
			}
		}
	}, "revert/what nobody has changed since", "a dry run takes nothing back"},
	{"passes over an error", func(s *broken) {
		s.revert = func(_ context.Context, b *products.RevertBatch) {
			if before := b.BeforeCommit; before != nil {
				b.BeforeCommit = func(ctx context.Context, result *products.BatchResult) error {
					_ = before(ctx, result)
					return nil
				}
			}
		}
	}, "revert/an error leaves nothing", "is returned"},
	{"forgets large texts", func(s *broken) {
		s.revert = func(_ context.Context, b *products.RevertBatch) {
			if changed := b.Changed; changed != nil {
				b.Changed = func(ctx context.Context, created, updated, deleted []products.Product) error {
					for _, some := range [][]products.Product{updated, deleted} {
						for i := range some {
							some[i].Description = ""
						}
					}
					return changed(ctx, created, updated, deleted)
				}
			}
		}
	}, "revert/of one kind", "as it was"},
	{"forgets the end", func(s *broken) {
		s.revert = func(_ context.Context, b *products.RevertBatch) {
			if changed := b.Changed; changed != nil && len(b.Reverts) > 1_000 {
				b.Changed = func(ctx context.Context, created, updated, deleted []products.Product) error {
					return changed(ctx, created, updated, deleted[:min(len(deleted), 1)])
				}
			}
		}
	}, "revert/large batches", "is given everything"},
}
