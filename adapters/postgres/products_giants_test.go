package postgres_test

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// giants stores n products, giant-0 and so on, of nearly products.MaxBytes each. What the server can compress it does
// for every second one.
func giants(t testing.TB, url string, n int) {
	t.Helper()
	for i, storage := range []string{"EXTENDED", "EXTERNAL"} {
		query(t, url, `ALTER TABLE products ALTER attributes SET STORAGE `+storage)
		query(t, url, fmt.Sprintf(`INSERT INTO products (id, sku_key, sku, name, attributes)
			SELECT nextval('product_ids'), 'giant-' || i, 'giant-' || i, 'before', x.attributes
			FROM generate_series(%d, %d, 2) AS i, LATERAL (SELECT jsonb_object_agg('a' || k, repeat(md5(i || ' ' || k), 2040)) AS attributes
			FROM generate_series(0, 15) AS k) AS x`, i, n-1))
	}
	query(t, url, `ANALYZE products`)
}

// peak returns how much memory the process's objects took at most while f ran, in bytes.
func peak(f func()) (most uint64) {
	runtime.GC()
	debug.FreeOSMemory()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"}}
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		for {
			metrics.Read(sample)
			most = max(most, sample[0].Value.Uint64()+sample[1].Value.Uint64())
			select {
			case <-ticker.C:
			case <-done:
				return
			}
		}
	}()
	f()
	close(done)
	<-stopped
	return most
}

// TestImportOverGiants imports small files over products that are as large as they may be: the memory that it takes is
// that of the parts in which they are read, whatever they are together.
func TestImportOverGiants(t *testing.T) {
	const n, most = 64, 64 << 20
	url := migrated(t)
	db := open(t, url, postgres.Options{})
	giants(t, url, n)
	out, err := outbox.New(db.Webhooks())
	require.NoError(t, err)
	_, err = db.Webhooks().CreateEndpoint(t.Context(), webhooks.Endpoint{URL: "https://example.com",
		Events: []string{"*"}, Concurrency: 1})
	require.NoError(t, err)
	for _, test := range []struct {
		name    string
		columns string
		o       importer.Options
		outcome func(r *importer.Result) int64
	}{
		{"names", "", importer.Options{}, func(r *importer.Result) int64 { return r.Updated }},
		{"an attribute that they have", "a1", importer.Options{Extra: importer.ExtraKeep},
			func(r *importer.Result) int64 { return r.Updated }},
		{"names that an endpoint is told of", "", importer.Options{Notifier: out.Import(job.Job{ID: "told"})},
			func(r *importer.Result) int64 { return r.Updated }},
		{"more than they have room for", "b,c,d", importer.Options{Extra: importer.ExtraKeep, DryRun: true},
			func(r *importer.Result) int64 { return r.Rejected }},
		{"more than they have room for", "b,c,d", importer.Options{Extra: importer.ExtraKeep},
			func(r *importer.Result) int64 { return r.Rejected }},
	} {
		t.Run(fmt.Sprint(test.name, test.o.DryRun), func(t *testing.T) {
			var file bytes.Buffer
			fmt.Fprintf(&file, "sku,name,%s\n", test.columns)
			value := "small"
			if test.columns == "b,c,d" {
				value = fmt.Sprintf("%[1]s,%[1]s,%[1]s", bytes.Repeat([]byte("z"), 25_000))
			}
			for i := range n {
				fmt.Fprintf(&file, "giant-%d,%s,%s\n", i, test.name, value)
			}
			test.o.Mode = products.Update
			var result *importer.Result
			used := peak(func() {
				result, err = importer.Run(t.Context(), importer.Bytes(file.Bytes()), db.Products(), test.o)
			})
			require.NoError(t, err)
			require.EqualValues(t, n, test.outcome(result))
			t.Logf("%d MiB, %v", used>>20, result.Elapsed)
			require.Less(t, used, uint64(most))
		})
	}
	require.Equal(t, n,
		scan[int](t, url, `SELECT count(*) FROM products WHERE name = 'names that an endpoint is told of'`))
	told := scan[int](t, url, `SELECT last FROM webhook_numbers WHERE import_id = 'told'`)
	require.GreaterOrEqual(t, told, 1, "every product is told")
}

// TestLargerThanTheBound: a product from the time before products had a bound can be read, made smaller step by step,
// and deleted; it can't grow.
func TestLargerThanTheBound(t *testing.T) {
	url := migrated(t)
	db := open(t, url, postgres.Options{})
	query(t, url,
		`INSERT INTO products (id, sku_key, sku, name, attributes) SELECT 7, 'old', 'old', 'before', jsonb_object_agg('a' || k, repeat('x', 1000))
		FROM generate_series(1, 3000) AS k`)
	p, err := db.Products().Get(t.Context(), 7)
	require.NoError(t, err)
	require.Len(t, p.Attributes, 3_000)
	page, err := db.Products().List(t.Context(), products.Query{})
	require.NoError(t, err)
	require.Equal(t, p, page.Products[0])

	status, value := true, "x"
	p, err = db.Products().Update(t.Context(), 7, p.Version, products.Patch{Status: &status})
	require.NoError(t, err, "what doesn't make it larger is taken")
	_, err = db.Products().Update(t.Context(), 7, 0, products.Patch{Attributes: map[string]*string{"more": &value}})
	require.ErrorIs(t, err, products.ErrInvalid)
	fewer := products.Patch{Attributes: map[string]*string{}}
	for k := range 500 {
		fewer.Attributes[fmt.Sprint("a", k+1)] = nil
	}
	p, err = db.Products().Update(t.Context(), 7, 0, fewer)
	require.NoError(t, err, "it may be too large still")
	require.Len(t, p.Attributes, 2_500)

	o := importer.Options{Mode: products.Update, Extra: importer.ExtraKeep}
	result, err := importer.Run(t.Context(), importer.Bytes("sku,name,more\nold,after,x\n"), db.Products(), o)
	require.NoError(t, err)
	require.EqualValues(t, 1, result.Rejects[importer.CodeTooLarge])
	result, err = importer.Run(t.Context(), importer.Bytes("sku,name,a600\nold,after,x\n"), db.Products(), o)
	require.NoError(t, err)
	require.EqualValues(t, 1, result.Updated)
	require.NoError(t, db.Products().Delete(t.Context(), 7, 0))
}
