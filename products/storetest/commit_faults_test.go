package storetest_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/products-importer/products-importer/products"
)

// letOthers lets other goroutines come in between, so that a fault shows every time.
func letOthers() {
	for range 10 {
		runtime.Gosched()
	}
}

var brokenCommits = []fault{
	{"forgets BeforeCommit", func(s *broken) {
		s.edit(func(b *products.Batch) { b.BeforeCommit = nil })
	}, "batch/empty", "BeforeCommit is called"},
	{"calls BeforeCommit too early", func(s *broken) {
		s.edit(func(b *products.Batch) {
			if call := b.BeforeCommit; call != nil {
				b.BeforeCommit = func(ctx context.Context, r *products.BatchResult) error {
					return call(ctx, &products.BatchResult{Outcomes: make([]products.Outcome, len(r.Outcomes))})
				}
			}
		})
	}, "commit/BeforeCommit knows the outcomes", "with every outcome"},
	{"commits before BeforeCommit", func(s *broken) {
		s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
			early := *b
			early.BeforeCommit = nil
			result, err := s.Store.WriteBatch(ctx, &early)
			if err == nil && b.BeforeCommit != nil {
				err = b.BeforeCommit(ctx, result)
			}
			return result, err
		}
	}, "commit/an error of BeforeCommit leaves nothing", "rolls the batch back"},
	{"commits after its context ended", commitAfterContext, "context/one that ends before the commit leaves nothing", "leaves nothing"},
	{"hides the error of BeforeCommit", func(s *broken) {
		s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
			result, err := s.Store.WriteBatch(ctx, b)
			if err != nil {
				err = errors.New("rolled back")
			}
			return result, err
		}
	}, "commit/an error of BeforeCommit leaves nothing", "is returned"},
	{"tries again what BeforeCommit refused", func(s *broken) {
		s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
			result, err := s.Store.WriteBatch(ctx, b)
			if err != nil {
				return s.Store.WriteBatch(ctx, b)
			}
			return result, err
		}
	}, "commit/an error of BeforeCommit leaves nothing", "not tried again"},
	{"leaves the first half", func(s *broken) {
		s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
			first, second := *b, *b
			first.Records, first.BeforeCommit = b.Records[:len(b.Records)/2], nil
			second.Records = b.Records[len(b.Records)/2:]
			a, err := s.Store.WriteBatch(ctx, &first)
			if err != nil {
				return nil, err
			}
			r, err := s.Store.WriteBatch(ctx, &second)
			if err != nil {
				return nil, err
			}
			r.Outcomes = append(a.Outcomes, r.Outcomes...)
			return r, nil
		}
	}, "commit/an error of BeforeCommit leaves nothing", "rolls the batch back"},
	{"tells of changes before BeforeCommit", func(s *broken) {
		s.edit(func(b *products.Batch) {
			before, changed := b.BeforeCommit, b.Changed
			if before == nil || changed == nil {
				return
			}
			b.BeforeCommit = nil
			b.Changed = func(ctx context.Context, created, updated []products.Product) error {
				return errors.Join(changed(ctx, created, updated), before(ctx, &products.BatchResult{}))
			}
		})
	}, "commit/an error of Changed leaves nothing", "behind BeforeCommit"},
	{"passes over an error of Changed", ignoreChangedError, "commit/an error of Changed leaves nothing", "is returned"},
	{"writes in a dry run", writeInDryRun, "commit/a dry run writes nothing", "a dry run writes nothing"},
	{"calls BeforeCommit in a dry run", func(s *broken) {
		s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
			result, err := s.Store.WriteBatch(ctx, b)
			if err == nil && b.DryRun && b.BeforeCommit != nil {
				err = b.BeforeCommit(ctx, result)
			}
			return result, err
		}
	}, "commit/a dry run writes nothing", "BeforeCommit is called in a dry run"},
	{"guesses in a dry run", func(s *broken) {
		s.spoil(func(b *products.Batch, r *products.BatchResult) {
			for i := range r.Outcomes {
				if b.DryRun && r.Outcomes[i] == products.Unchanged {
					r.Outcomes[i] = products.Updated
				}
			}
		})
	}, "commit/a dry run writes nothing", "the outcomes of the real one"},
	{"reads after its context ended", func(s *broken) {
		s.get = func(ctx context.Context, id int64) (products.Product, error) {
			return s.Store.Get(context.WithoutCancel(ctx), id)
		}
	}, "context/one that has ended stops every method", "Get returns the error"},
	{"creates a SKU twice at the same time", func(s *broken) {
		s.spoil(func(_ *products.Batch, r *products.BatchResult) {
			for i := range r.Outcomes {
				if r.Outcomes[i] == products.Skipped {
					r.Outcomes[i] = products.Created
				}
			}
		})
	}, "concurrent/mode ignore creates each SKU once", "by that alone"},
	{"mixes batches", func(s *broken) {
		// The end of one batch comes after the next batch, as where batches don't exclude each other.
		var mu sync.Mutex
		var late *products.Batch
		s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
			mu.Lock()
			defer mu.Unlock()
			result, err := s.Store.WriteBatch(ctx, b)
			if err == nil && late != nil {
				_, err = s.Store.WriteBatch(ctx, late)
			}
			late = &products.Batch{Mode: b.Mode, Columns: b.Columns, Records: b.Records[len(b.Records)/2:]}
			return result, err
		}
	}, "concurrent/mode update leaves the last batch to commit", "last batch to commit"},
	{"gives up when batches meet", func(s *broken) {
		busy := make(chan struct{}, 1)
		s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
			select {
			case busy <- struct{}{}:
			default:
				return nil, errors.New("deadlock detected")
			}
			letOthers()
			result, err := s.Store.WriteBatch(ctx, b)
			<-busy
			return result, err
		}
	}, "concurrent/mode update leaves the last batch to commit", "never deadlock"},
	{"loses an update", func(s *broken) {
		var calls atomic.Int64
		s.update = func(ctx context.Context, id, version int64, patch products.Patch) (products.Product, error) {
			if calls.Add(1)%2 == 0 {
				return s.Store.Get(ctx, id)
			}
			return s.Store.Update(ctx, id, version, patch)
		}
	}, "concurrent/batches and single changes", "never lost"},
}
