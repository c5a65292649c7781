package importer_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// checkpoints keeps what batches commit, as a job does.
type checkpoints struct {
	mu   sync.Mutex
	done map[int64]importer.Commit
}

func (c *checkpoints) set(o importer.Options) importer.Options {
	o.Checkpoints.Save = func(_ context.Context, done importer.Commit) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.done[done.Batch] = done
		return nil
	}
	o.Checkpoints.Committed = maps.Clone(c.done)
	return o
}

// sum adds up what was committed.
func (c *checkpoints) sum() (sum importer.Commit) {
	for _, done := range c.done {
		sum.Counts.Add(done.Counts)
		sum.Bytes += done.Bytes
	}
	return sum
}

// TestResume ends imports at every possible batch, with an error or by stopping them, and resumes them.
func TestResume(t *testing.T) {
	for _, c := range []struct {
		mode products.Mode
		pack func(text string) string
	}{
		{products.Ignore, strings.Clone},
		{products.Update, strings.Clone},
		{products.Update, func(text string) string { return gzipped(t, text) }},
	} {
		rng := rand.New(rand.NewPCG(7, 8))
		before, _ := randomFile(rng, 200, 300)
		text, _ := randomFile(rng, 600, 300)
		text = c.pack(text + ",only rejects at the end\n")
		o := importer.Options{Mode: c.mode, BatchRecords: 20, Writers: 2}
		undisturbed := memory.New(memory.Options{}).Products()
		_, _, err := doImport(t, undisturbed, before, importer.Options{})
		require.NoError(t, err)
		want, result, err := doImport(t, undisturbed, text, o)
		require.NoError(t, err)

		for ends := int64(1); ends <= result.Batches; ends++ {
			store := memory.New(memory.Options{}).Products()
			_, _, err := doImport(t, store, before, importer.Options{})
			require.NoError(t, err)
			kept := &checkpoints{done: map[int64]importer.Commit{}}
			crash := errors.New("crash")
			stop := make(chan struct{})
			var once sync.Once
			failing := &countingStore{Store: store, before: func(b *products.Batch) error {
				if b.Number == ends {
					if ends%2 == 0 {
						return crash
					}
					once.Do(func() { close(stop) })
				}
				return nil
			}}
			interrupted := kept.set(o)
			interrupted.Writers, interrupted.Stop = 1, stop
			_, first, err := doImport(t, failing, text, interrupted)
			if ends%2 == 0 {
				require.ErrorIs(t, err, crash)
				require.Equal(t, ends-1, first.Batches)
			} else if err != nil {
				require.ErrorIs(t, err, importer.ErrStopped)
				require.GreaterOrEqual(t, first.Batches, ends, "the batches in hand are committed")
			}
			resuming := kept.set(o)
			committed, told := int64(len(kept.done)), kept.sum()
			if ends%3 > 0 {
				resuming.Progress = progress.Func(func(_ context.Context, e progress.Event) {
					assert.GreaterOrEqual(t, e.Read, told.Counts.Read, "it never goes back")
					assert.GreaterOrEqual(t, e.Created, told.Counts.Created)
					told.Counts = e.Counts
					if e.Phase != progress.Checking {
						assert.GreaterOrEqual(t, e.Bytes, told.Bytes)
						told.Bytes = e.Bytes
					}
				})
			}
			got, resumed, err := doImport(t, store, text, resuming)
			require.NoError(t, err)
			require.Equal(t, result.Batches, resumed.Batches)
			require.Equal(t, committed, resumed.Resumed)
			require.Equal(t, want.counts, got.counts, "the counts are those of an undisturbed import")
			require.Equal(t, result.Bytes, resumed.Bytes)
			require.Equal(t, sorted(catalogue(t, undisturbed)), sorted(catalogue(t, store)))
		}
	}
}

func TestResumeOfAnotherFileIsNoticed(t *testing.T) {
	kept := &checkpoints{done: map[int64]importer.Commit{}}
	store := &countingStore{Store: memory.New(memory.Options{}).Products()}
	_, _, err := doImport(t, store, lines(100), kept.set(importer.Options{BatchRecords: 10, Writers: 1}))
	require.NoError(t, err)
	store.batches = 0
	for _, o := range []importer.Options{{BatchRecords: 10, Writers: 1}, {BatchRecords: 20, Writers: 1}} {
		_, _, err = doImport(t, store, "sku,name\nother,n\n"+lines(99), kept.set(o))
		require.ErrorIs(t, err, importer.ErrSourceChanged)
	}
	o := kept.set(importer.Options{BatchRecords: 10, Writers: 1})
	_, result, err := doImport(t, store, lines(90), o)
	require.ErrorIs(t, err, importer.ErrSourceChanged, "a batch was committed that the file doesn't have")
	require.Equal(t, kept.sum().Counts, result.Counts)
	require.Zero(t, store.batches)
}

func TestStopBeforeAnythingIsWritten(t *testing.T) {
	stop := make(chan struct{})
	close(stop)
	store := &countingStore{Store: memory.New(memory.Options{}).Products()}
	_, _, err := doImport(t, store, "sku,name\na,b\n", importer.Options{Stop: stop})
	require.ErrorIs(t, err, importer.ErrStopped)
	require.Zero(t, store.batches)
}

// opens is a file that counts how often it was opened.
type opens struct {
	importer.Bytes
	count  int
	opened func(count int)
}

func (o *opens) Open(ctx context.Context) (io.ReadCloser, error) {
	o.count++
	o.opened(o.count)
	return o.Bytes.Open(ctx)
}

// TestStopInEachPass stops in each of the passes over a file that repeats more SKUs than are kept in mind: there are two,
// and a third where it is so small that it is taken for one that doesn't.
func TestStopInEachPass(t *testing.T) {
	for records, passes := range map[int]int{12_000: 3, 80_000: 2} {
		text, _ := randomFile(rand.New(rand.NewPCG(5, 6)), records, records/3)
		stopInEachPass(t, text, passes)
	}
}

func stopInEachPass(t *testing.T, text string, passes int) {
	t.Helper()
	for at := 1; ; at++ {
		stop := make(chan struct{})
		file := &opens{Bytes: importer.Bytes(text), opened: func(count int) {
			if count == at {
				close(stop)
			}
		}}
		store := &countingStore{Store: memory.New(memory.Options{}).Products()}
		_, err := importer.Run(t.Context(), file, store, importer.Options{Stop: stop, MaxDuplicates: 1024})
		if err == nil {
			require.Equal(t, passes, at-1)
			break
		}
		require.ErrorIs(t, err, importer.ErrStopped)
		require.Equal(t, at, file.count, "it reads no further")
		require.Zero(t, store.batches)
	}
}

func TestCheckTellsWhatRunRejects(t *testing.T) {
	text, _ := randomFile(rand.New(rand.NewPCG(9, 10)), 500, 300)
	want, result, err := doImport(t, memory.New(memory.Options{}).Products(), text, importer.Options{})
	require.NoError(t, err)
	var header []string
	var reasons []string
	var dialect importer.Dialect
	checked, err := importer.Check(t.Context(), importer.Bytes(text), importer.CheckOptions{Options: importer.Options{
		OnHeader: func(names []string) error { header = names; return nil },
		OnDialect: func(d importer.Dialect) error {
			require.NotNil(t, header, "the header comes first")
			require.Empty(t, reasons, "and the dialect next")
			dialect = d
			return nil
		},
		OnReject: func(r importer.Reject) error { reasons = append(reasons, r.Reason); return nil },
	}})
	require.NoError(t, err)
	require.Equal(t, []string{"sku", "name"}, header)
	require.Equal(t, want.reasons, reasons)
	require.Equal(t, result.Rejects, checked.Rejects)
	require.Equal(t, result.Dialect, checked.Dialect)
	require.Equal(t, result.Dialect, dialect)
}
