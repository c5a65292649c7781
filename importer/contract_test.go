package importer_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// faultyStore writes batches as it should, but for what edit makes of them.
type faultyStore struct {
	importer.Store
	edit func(b *products.Batch)
}

func (s *faultyStore) WriteBatch(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
	edited := *b
	s.edit(&edited)
	return s.Store.WriteBatch(ctx, &edited)
}

// TestStoreThatBreaksItsContract: no checkpoint and no event is ever lost in silence.
func TestStoreThatBreaksItsContract(t *testing.T) {
	none := importer.Checkpoints{Save: func(context.Context, importer.Commit) error { return nil }}
	nobody := notifier(func(context.Context, importer.Changes) error { return nil })
	refused := errors.New("refused")
	refuse := importer.Checkpoints{Save: func(context.Context, importer.Commit) error { return refused }}
	for name, test := range map[string]struct {
		options importer.Options
		edit    func(b *products.Batch)
		says    []string
	}{
		"it never calls BeforeCommit": {importer.Options{Checkpoints: none}, func(b *products.Batch) {
			b.BeforeCommit = nil
		}, []string{"batch 1, lines 2 to 3", "wrote the batch and did not call its BeforeCommit", "no checkpoint"}},
		"nor where nobody needs it": {importer.Options{}, func(b *products.Batch) { b.BeforeCommit = nil },
			[]string{"did not call its BeforeCommit"}},
		"it never calls Changed": {importer.Options{Notifier: nobody}, func(b *products.Batch) { b.Changed = nil },
			[]string{"gave 0 created and 0 updated products to its Changed, not 1 and 1"}},
		"it calls Changed first": {importer.Options{Notifier: nobody}, func(b *products.Batch) {
			before, changed := b.BeforeCommit, b.Changed
			var result *products.BatchResult
			b.BeforeCommit = func(_ context.Context, r *products.BatchResult) error {
				result = r
				return nil
			}
			b.Changed = func(ctx context.Context, created, updated []products.Product) error {
				return errors.Join(changed(ctx, created, updated), before(ctx, result))
			}
		}, []string{"called its Changed before its BeforeCommit"}},
		"it tells of half of what changed": {importer.Options{Notifier: nobody}, func(b *products.Batch) {
			changed := b.Changed
			b.Changed = func(ctx context.Context, created, _ []products.Product) error {
				return changed(ctx, created, nil)
			}
		}, []string{"gave 1 created and 0 updated products"}},
		"it tells of its last attempt and of one before it": {importer.Options{Notifier: nobody},
			func(b *products.Batch) {
				changed := b.Changed
				b.Changed = func(ctx context.Context, created, updated []products.Product) error {
					return errors.Join(changed(ctx, created, updated), changed(ctx, created, updated))
				}
			}, []string{"gave 2 created and 2 updated products"}},
		"it commits what the checkpoint refused": {importer.Options{Checkpoints: refuse}, func(b *products.Batch) {
			before := b.BeforeCommit
			b.BeforeCommit = func(ctx context.Context, result *products.BatchResult) error {
				_ = before(ctx, result)
				return nil
			}
		}, []string{"although a function of the batch returned the error: refused"}},
		"it commits what the notifier refused": {importer.Options{Notifier: notifier(
			func(context.Context, importer.Changes) error { return refused })}, func(b *products.Batch) {
			changed := b.Changed
			b.Changed = func(ctx context.Context, created, updated []products.Product) error {
				_ = changed(ctx, created, updated)
				return nil
			}
		}, []string{"although a function of the batch returned the error: refused"}},
		"it tells of no difference": {importer.Options{Differences: keepNothing}, func(b *products.Batch) {
			b.Differences = nil
		}, []string{"did not ask for its Differences"}},
		"it tells of half of the differences": {importer.Options{Differences: keepNothing}, func(b *products.Batch) {
			editDifferences(b, func(part []products.Difference) []products.Difference { return part[:1] })
		}, []string{"told of 0 created and 1 updated products by its Differences, not of 1 and 1"}},
		"it tells of differences in any order": {importer.Options{Differences: keepNothing}, func(b *products.Batch) {
			editDifferences(b, func(part []products.Difference) []products.Difference {
				return []products.Difference{part[1], part[0]}
			})
		}, []string{"in another order than that of their keys"}},
		"it commits what can't be kept": {importer.Options{Differences: func(context.Context, int64,
			[]products.Difference) error {
			return refused
		}}, func(b *products.Batch) {
			differences := b.Differences
			b.Differences = func() func(context.Context, []products.Difference) error {
				tell := differences()
				return func(ctx context.Context, part []products.Difference) error {
					_ = tell(ctx, part)
					return nil
				}
			}
		}, []string{"although a function of the batch returned the error: refused"}},
		"it changes its mind about outcomes": {importer.Options{Checkpoints: none}, func(b *products.Batch) {
			before := b.BeforeCommit
			b.BeforeCommit = func(ctx context.Context, _ *products.BatchResult) error {
				return before(ctx, &products.BatchResult{Outcomes: []products.Outcome{products.Created,
					products.Created}})
			}
		}, []string{"with other outcomes than it gave to BeforeCommit"}},
		"it has no outcomes when it calls BeforeCommit": {importer.Options{Checkpoints: none}, func(b *products.Batch) {
			before := b.BeforeCommit
			b.BeforeCommit = func(ctx context.Context, _ *products.BatchResult) error { return before(ctx, nil) }
		}, []string{"no outcome"}},
	} {
		t.Run(name, func(t *testing.T) {
			store := memory.New(memory.Options{}).Products()
			_, _, err := doImport(t, store, "sku,name\na,before\n", importer.Options{})
			require.NoError(t, err)
			test.options.Mode = products.Update
			_, result, err := doImport(t, &faultyStore{store, test.edit}, "sku,name\na,after\nb,new\n", test.options)
			require.ErrorIs(t, err, importer.ErrStoreContract)
			for _, part := range test.says {
				require.ErrorContains(t, err, part)
			}
			written := 0
			for _, p := range catalogue(t, store) {
				if !strings.Contains(p, "before") {
					written++
				}
			}
			require.EqualValues(t, written, result.Created+result.Updated, "the result counts what was written")
			if written > 0 {
				require.ErrorContains(t, err, "it wrote the batch")
			}
		})
	}
}

func keepNothing(context.Context, int64, []products.Difference) error { return nil }

// editDifferences changes what a store tells of differences.
func editDifferences(b *products.Batch, change func(part []products.Difference) []products.Difference) {
	differences := b.Differences
	b.Differences = func() func(context.Context, []products.Difference) error {
		tell := differences()
		return func(ctx context.Context, part []products.Difference) error {
			return tell(ctx, change(slices.Clone(part)))
		}
	}
}

// TestDifferencesOfADryRun: they are told, and what is wrong with them is found out.
func TestDifferencesOfADryRun(t *testing.T) {
	store := memory.New(memory.Options{}).Products()
	var told []string
	o := importer.Options{DryRun: true, Differences: func(_ context.Context, batch int64, part []products.Difference) error {
		require.EqualValues(t, 1, batch)
		for _, d := range part {
			told = append(told, d.Key)
		}
		return nil
	}}
	_, _, err := doImport(t, store, "sku,name\nb,1\na,2\n", o)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, told)
	lazy := &faultyStore{store, func(b *products.Batch) { b.Differences = nil }}
	_, _, err = doImport(t, lazy, "sku,name\nb,1\n", o)
	require.ErrorIs(t, err, importer.ErrStoreContract)
	require.ErrorContains(t, err, "it tried the batch and did not ask for its Differences")
}

// TestBatchWithoutRecordsHasACheckpoint: what a store does with such a batch is looked at like everything else.
func TestBatchWithoutRecordsHasACheckpoint(t *testing.T) {
	o := importer.Options{Checkpoints: importer.Checkpoints{
		Save: func(context.Context, importer.Commit) error { return nil }}}
	store := memory.New(memory.Options{}).Products()
	_, _, err := doImport(t, store, "sku,name\n,nameless\n", o)
	require.NoError(t, err)
	lazy := &faultyStore{store, func(b *products.Batch) {
		if len(b.Records) == 0 {
			b.BeforeCommit = nil
		}
	}}
	_, _, err = doImport(t, lazy, "sku,name\n,nameless\n", o)
	require.ErrorIs(t, err, importer.ErrStoreContract)
	require.ErrorContains(t, err, "batch 1: ")
}

// resultsStore gives whatever results it is told to, and writes nothing.
type resultsStore func(ctx context.Context, b *products.Batch) (*products.BatchResult, error)

func (resultsStore) KeyRule() products.KeyRule { return products.ExactKeys }

func (resultsStore) Schema() *products.Schema { return products.Standard() }

func (s resultsStore) WriteBatch(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
	return s(ctx, b)
}

func TestStoreThatGivesNoResult(t *testing.T) {
	for name, result := range map[string]*products.BatchResult{
		"none": nil, "no outcomes": {}, "an unknown outcome": {Outcomes: []products.Outcome{77}},
	} {
		_, _, err := doImport(t, resultsStore(func(context.Context, *products.Batch) (*products.BatchResult, error) {
			return result, nil
		}), "sku,name\na,b\n", importer.Options{})
		require.ErrorIs(t, err, importer.ErrStoreContract, name)
		require.ErrorContains(t, err, "batch 1, lines 2 to 2", name)
	}
}

// TestStoreThatTriesAgain: only the last attempt counts, and it is no fault to make several.
func TestStoreThatTriesAgain(t *testing.T) {
	again := errors.New("serialization failure")
	attempts, saved, told := 0, 0, 0
	store := memory.New(memory.Options{}).Products()
	retrying := resultsStore(func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
		first := *b
		first.Changed = func(ctx context.Context, created, updated []products.Product) error {
			attempts++
			return errors.Join(b.Changed(ctx, created, updated), again)
		}
		if _, err := store.WriteBatch(ctx, &first); !errors.Is(err, again) {
			return nil, err
		}
		return store.WriteBatch(ctx, b)
	})
	_, result, err := doImport(t, retrying, "sku,name\na,1\nb,2\n", importer.Options{
		Checkpoints: importer.Checkpoints{Save: func(context.Context, importer.Commit) error { saved++; return nil }},
		Notifier: notifier(func(_ context.Context, c importer.Changes) error {
			told += len(c.Created)
			return nil
		}),
	})
	require.NoError(t, err)
	require.EqualValues(t, 2, result.Created)
	require.Equal(t, []int{1, 2, 4}, []int{attempts, saved, told})
}

// TestStoreThatCommitsADryRun is stopped by the error of its own call, or found out by it.
func TestStoreThatCommitsADryRun(t *testing.T) {
	store := memory.New(memory.Options{}).Products()
	saves := 0
	o := importer.Options{DryRun: true, Checkpoints: importer.Checkpoints{
		Save: func(context.Context, importer.Commit) error { saves++; return nil }}}
	for _, hides := range []bool{false, true} {
		committing := &faultyStore{store, func(b *products.Batch) {
			b.DryRun = false
			before := b.BeforeCommit
			b.BeforeCommit = func(ctx context.Context, result *products.BatchResult) error {
				if err := before(ctx, result); !hides {
					return err
				}
				return nil
			}
		}}
		_, _, err := doImport(t, committing, "sku,name\na,b\n", o)
		require.ErrorIs(t, err, importer.ErrStoreContract)
		require.ErrorContains(t, err, "in a dry run")
		require.Zero(t, saves)
		require.Equal(t, hides, len(catalogue(t, store)) > 0, "the error rolls the batch back")
	}
	_, _, err := doImport(t, store, "sku,name\na,b\n", o)
	require.NoError(t, err)
}
