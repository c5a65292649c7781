package importer_test

import (
	"context"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/dialect"
)

// repeated is a file that repeats a text behind its header, of any length and without holding it.
type repeated struct {
	header, text string
	size         int64
}

func (f repeated) Size() int64 { return f.size }

func (f repeated) Open(context.Context) (io.ReadCloser, error) {
	// Long pieces, so that making them costs little.
	piece := strings.Repeat(f.text, max(1, 256<<10/len(f.text)))
	return io.NopCloser(io.MultiReader(strings.NewReader(f.header), io.LimitReader(&endless{text: piece},
		f.size-int64(len(f.header))))), nil
}

// endless repeats a text.
type endless struct {
	text string
	at   int
}

func (e *endless) Read(p []byte) (n int, err error) {
	n = copy(p, e.text[e.at:])
	e.at = (e.at + n) % len(e.text)
	return n, nil
}

// peak returns by how much the heap grew at most while f ran.
func peak(f func()) uint64 {
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	var most atomic.Uint64
	done := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most.Store(max(most.Load(), m.HeapInuse))
			}
		}
	})
	f()
	close(done)
	watcher.Wait()
	return most.Load() - min(most.Load(), before.HeapInuse)
}

// TestMemoryOfTheWorstFiles imports files that are made to take memory: what is asked for is a bound whatever the file.
func TestMemoryOfTheWorstFiles(t *testing.T) {
	const most = 64 << 20
	for name, test := range map[string]struct {
		file repeated
		code importer.Code // of every record, empty where they are valid
	}{
		"records of two bytes": {repeated{"sku,description,name\na,b\n", "a\n", 2 << 20}, importer.CodeMissingColumn},
		"valid records":        {repeated{"sku,name\n", "a,b\n", 2 << 20}, ""},
		"records of commas": {repeated{"sku,name\n", strings.Repeat(",", 1<<20-1) + "\n", 9 + 6<<20},
			importer.CodeFieldCount},
		"quotes out of place": {repeated{"sku,name\n", "a\",b\n", 9 + 3<<20}, importer.CodeBadQuote},
		"a long name of a column": {repeated{"sku,name," + strings.Repeat("x", 1<<20-100) + "\n", "a,b,\xff\n",
			1<<20 - 90 + 6<<10}, importer.CodeInvalidUTF8},
		"a long name of the status": {repeated{"sku,name," + strings.Repeat("x", 1<<20-100) + "\n", "a,b,c\n",
			1<<20 - 90 + 6<<10}, importer.CodeBadBoolean},
	} {
		t.Run(name, func(t *testing.T) {
			var result *importer.Result
			bytes := peak(func() {
				var err error
				o := importer.Options{Parsers: 2}
				if test.code == importer.CodeBadBoolean {
					o.Map = map[string]string{"status": "3"}
				}
				result, err = importer.Run(t.Context(), test.file, memory.New(memory.Options{}).Products(), o)
				require.NoError(t, err)
			})
			require.Positive(t, result.Read)
			if test.code != "" {
				require.Equal(t, map[importer.Code]int64{test.code: result.Read}, result.Rejects)
			}
			require.Less(t, bytes, uint64(most))
		})
	}
}

// TestTooManyColumns refuses a header that is wider than any table, and rejects such a record.
func TestTooManyColumns(t *testing.T) {
	const most = dialect.MaxFields
	store := memory.New(memory.Options{}).Products()
	_, result, err := doImport(t, store, "sku,name"+strings.Repeat(",", most-2)+"\na,b\n", importer.Options{})
	require.NoError(t, err)
	require.Len(t, result.Dialect.Columns, most)
	require.EqualValues(t, 1, result.Created)

	for name, text := range map[string]string{
		"one too many": "sku,name" + strings.Repeat(",", most-1) + "\na,b\n",
		"500,000":      "sku,name" + strings.Repeat(",x", 499_998) + "\na,b\n",
		"in quotes":    "sku,name" + strings.Repeat(`,"x"`, most-1) + "\na,b\n",
		"no header":    strings.Repeat("a;", most) + "b\n",
	} {
		t.Run(name, func(t *testing.T) {
			o := importer.Options{}
			if name == "no header" {
				o.Header = importer.HeaderNo
			}
			_, result, err := doImport(t, store, text, o)
			require.ErrorIs(t, err, importer.ErrInput)
			require.ErrorContains(t, err, "more than the 16384 fields")
			require.Less(t, len(err.Error()), 200)
			require.Empty(t, result.Dialect.Columns)
		})
	}

	wide := strings.Repeat("x,", most) + "x\n"
	broken := strings.Repeat(`"x",`, most) + "\"x\n"
	out, _, err := doImport(t, store, "sku,name\n1,n\n"+wide+"2,n\n"+broken+"3,n\n"+wide, importer.Options{})
	require.NoError(t, err)
	require.EqualValues(t, 3, out.counts.Created, "what stands around them is taken")
	require.Equal(t, []string{"3/3+13  field_count", "5/5+32787  field_count", "7/7+98330  field_count"}, out.rejects)
	require.Contains(t, out.reasons[0], "more than 16384 fields")
}
