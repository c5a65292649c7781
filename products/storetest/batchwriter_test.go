package storetest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/products/storetest"
)

func TestBatchWriterCasesPassASoundStore(t *testing.T) {
	for _, rule := range []products.KeyRule{products.ExactKeys, products.FoldedKeys} {
		storetest.RunBatchWriter(t, func(_ *testing.T, fields *products.Schema) (products.BatchWriter, storetest.Find) {
			store := memory.New(memory.Options{KeyRule: rule, Fields: fields}).Products()
			return store, storetest.FindIn(store)
		})
	}
	names := storetest.BatchWriterCases()
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(names))), len(names), "every case has a name of its own")
}

// TestBatchWriterCasesFindBrokenStores breaks one promise at a time and wants the case to say which.
func TestBatchWriterCasesFindBrokenStores(t *testing.T) {
	found := map[string]bool{}
	for _, fault := range slices.Concat(batchWriterFaults, batchWriterFieldFaults, differenceFaults) {
		t.Run(fault.name, func(t *testing.T) {
			store := open(storetest.Case{Fields: storetest.BatchWriterFields(fault.found)})
			fault.spoil(store)
			err := storetest.CheckBatchWriter(t.Context(), fault.found, store, storetest.FindIn(store.Store))
			require.Error(t, err, "the case finds the broken store")
			require.ErrorContains(t, err, fault.says, "the failure says which promise broke")
		})
		found[fault.found] = true
	}
	for _, name := range storetest.BatchWriterCases() {
		require.True(t, found[name], "a store is broken for the case %q", name)
	}
}

// again breaks the results of batches by writing every batch a second time.
func again(s *broken) {
	s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
		if result, err := s.Store.WriteBatch(ctx, b); err != nil || b.DryRun {
			return result, err
		}
		return s.Store.WriteBatch(ctx, b)
	}
}

// late commits the batch before it calls BeforeCommit.
func late(s *broken) {
	s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
		early := *b
		early.BeforeCommit, early.Changed = nil, nil
		result, err := s.Store.WriteBatch(ctx, &early)
		if err == nil && !b.DryRun && b.BeforeCommit != nil {
			err = b.BeforeCommit(ctx, result)
		}
		return result, err
	}
}

// tellAtOnce calls Changed once with everything that was created.
func tellAtOnce(s *broken) {
	s.edit(func(b *products.Batch) {
		changed := b.Changed
		if changed == nil || len(b.Records) < 5 {
			return
		}
		var all []products.Product
		b.Changed = func(ctx context.Context, created, _ []products.Product) error {
			if all = append(all, created...); len(all) < len(b.Records) {
				return nil
			}
			return changed(ctx, all, nil)
		}
	})
}

var batchWriterFaults = []fault{
	{"gives the outcomes of a second try", again, "records/what is new is created", "the hint ExpectNew right or wrong"},
	{"mixes up outcomes", func(s *broken) {
		s.spoil(func(_ *products.Batch, r *products.BatchResult) { slices.Reverse(r.Outcomes) })
	}, "records/what exists is left alone or updated, as the mode says", "in the order of the records"},
	{"overwrites in mode ignore", func(s *broken) {
		s.edit(func(b *products.Batch) { b.Mode = products.Update })
	}, "records/what exists is left alone or updated, as the mode says", "outcomes"},
	{"takes the hint for the truth", func(s *broken) {
		s.edit(func(b *products.Batch) {
			if b.ExpectNew && len(b.Records) > 1 {
				b.Records[1] = products.Record{Key: "x", SKU: "x", Values: b.Records[1].Values}
			}
		})
	}, "records/what is new is created", "is stored"},
	{"takes absent columns for empty ones", func(s *broken) {
		s.edit(func(b *products.Batch) { s.addEmpty(b, "description") })
	}, "records/an absent column never changes a product", "absent"},
	{"replaces attributes", func(s *broken) {
		s.edit(func(b *products.Batch) {
			if len(b.Columns.Attributes) == 2 && b.Columns.Attributes[0] == "c" {
				b.Columns.Attributes = []string{"c", "b", "a"}
				b.Records[0].Values = append(b.Records[0].Values, "")
			}
		})
	}, "records/an absent column never changes a product", "merged"},
	{"compares SKUs as they are written", func(s *broken) {
		s.edit(func(b *products.Batch) {
			for i := range b.Records {
				b.Records[i].Key = b.Records[i].SKU
			}
		})
	}, "records/SKUs are the same by the store's rule", "by their Key"},
	{"cuts text at a backslash", func(s *broken) {
		s.editField("description", func(text string) string { return strings.ReplaceAll(text, `\N`, "") })
	}, "records/text comes back as it went in", `\\N`},
	{"lets products grow", func(s *broken) {
		s.spoil(func(b *products.Batch, r *products.BatchResult) {
			for i := range r.Outcomes {
				if r.Outcomes[i] == products.Refused {
					r.Outcomes[i] = products.Updated
				}
			}
		})
	}, "records/a product that would grow too large is refused", "outgrow MaxBytes"},
	{"keeps the records", func(s *broken) {
		s.edit(func(b *products.Batch) {
			if len(b.Records) == 3 {
				b.Records[0].Values[0] = "another"
			}
		})
	}, "records/are only read, and not kept", "keeps neither"},
	{"changes the records", func(s *broken) {
		s.spoil(func(b *products.Batch, _ *products.BatchResult) { b.Records[0].Values[0] = "changed" })
	}, "records/are only read, and not kept", "doesn't change the records"},
	{"forgets BeforeCommit where there are no records", func(s *broken) {
		s.edit(func(b *products.Batch) {
			if len(b.Records) == 0 {
				b.BeforeCommit = nil
			}
		})
	}, "calls/BeforeCommit is called with every outcome", "without records"},
	{"wants functions", func(s *broken) {
		s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
			if b.BeforeCommit == nil {
				return nil, errors.New("nil function")
			}
			return s.Store.WriteBatch(ctx, b)
		}
	}, "calls/BeforeCommit is called with every outcome", "without functions"},
	{"commits before BeforeCommit", late, "calls/an error rolls the batch back", "leaves nothing"},
	{"passes over an error of Changed", ignoreChangedError, "calls/an error rolls the batch back", "returns the error of Changed"},
	{"writes in a dry run", writeInDryRun, "calls/a dry run writes nothing, and calls nothing", "writes nothing"},
	{"commits in a dry run", func(s *broken) {
		s.edit(func(b *products.Batch) { b.DryRun = false })
	}, "calls/a dry run writes nothing, and calls nothing", "calls no function"},
	{"tells of everything at once", tellAtOnce, "calls/Changed is called in parts", "more than PartBytes"},
	{"has no result", func(s *broken) {
		s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
			_, err := s.Store.WriteBatch(ctx, b)
			return nil, err
		}
	}, "concurrent/several batches at a time", "has no result"},
	{"has no outcomes", func(s *broken) {
		s.spoil(func(_ *products.Batch, r *products.BatchResult) { r.Outcomes = nil })
	}, "records/what is new is created", "one outcome for each record: 0 for"},
	{"never calls Changed", func(s *broken) {
		s.edit(func(b *products.Batch) { b.Changed = nil })
	}, "records/are only read, and not kept", "every product that was created"},
	{"tells of products as they were", func(s *broken) {
		s.editChanges(func(_, updated []products.Product) {
			for i := range updated {
				updated[i].Name = "before"
			}
		})
	}, "records/what exists is left alone or updated, as the mode says", "as they are stored now"},
	{"writes although its context has ended", func(s *broken) {
		s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
			return s.Store.WriteBatch(context.WithoutCancel(ctx), b)
		}
	}, "context/one that has ended", "returns the error"},
	{"commits after its context ended", commitAfterContext, "context/one that ends before the commit", "leaves nothing"},
	{"mixes batches", func(s *broken) {
		var mu sync.Mutex
		var unfinished *products.Batch
		s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
			mu.Lock()
			defer mu.Unlock()
			result, err := s.Store.WriteBatch(ctx, b)
			if err == nil && unfinished != nil {
				_, err = s.Store.WriteBatch(ctx, unfinished)
			}
			unfinished = &products.Batch{Mode: b.Mode, Columns: b.Columns, Records: b.Records[:len(b.Records)/2]}
			return result, err
		}
	}, "concurrent/several batches at a time", "those of one batch"},
}
