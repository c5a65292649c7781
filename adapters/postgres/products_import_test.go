package postgres_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

const importRecords = 20_000

var modes = []products.Mode{products.Ignore, products.Update}

// catalogue is a generated file.
func catalogue(t testing.TB, v catalogtest.Variant) importer.Bytes {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, catalogtest.WriteVariant(&file, importRecords, v))
	return file.Bytes()
}

// winners is what an import of the file into an empty table leaves there, found in the simplest way.
func winners(t *testing.T, file importer.Bytes, mode products.Mode) []string {
	t.Helper()
	all, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	require.NoError(t, err)
	bySKU := map[string]string{}
	for _, r := range all[1:] {
		if _, taken := bySKU[r[1]]; !taken || mode == products.Update {
			bySKU[r[1]] = line(r[1], r[0], r[2])
		}
	}
	var lines []string
	for _, sku := range slices.Sorted(maps.Keys(bySKU)) {
		lines = append(lines, bySKU[sku])
	}
	return lines
}

// run imports the file in batches of 1,000, over connections of its own, and waits until they have gone: PostgreSQL's
// statistics are complete then.
func run(t *testing.T, url string, file importer.Bytes, o importer.Options) *importer.Result {
	t.Helper()
	o.BatchRecords = 1_000
	db := open(t, url, postgres.Options{})
	result, err := importer.Run(t.Context(), file, db.Products(), o)
	require.NoError(t, err)
	requireSum(t, result.Counts)
	require.NoError(t, db.Close())
	// Those that Citus makes for itself stay.
	for scan[int](t, url, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
		AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND application_name NOT LIKE 'citus%'`) > 0 {
		require.NoError(t, t.Context().Err())
		time.Sleep(2 * time.Millisecond)
	}
	return result
}

func requireSum(t *testing.T, c progress.Counts) {
	t.Helper()
	require.Equal(t, c.Read, c.Created+c.Updated+c.Unchanged+c.Skipped+c.Superseded+c.Rejected, "the counts add up")
}

// written is how many rows PostgreSQL has written to the table and its partitions, by its own count.
func written(t *testing.T, url string) int64 {
	t.Helper()
	if home.Distribution(t) == postgres.Citus() {
		t.Skip("the nodes count for themselves what they write: see TestCitusImport")
	}
	return scan[int64](t, url, `SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables
		WHERE relid = 'products'::regclass OR relid IN (SELECT relid FROM pg_partition_tree('products'))`)
}

func TestImport(t *testing.T) {
	t.Parallel()
	file := catalogue(t, catalogtest.Base)
	distinct := int64(catalogtest.Distinct(importRecords))
	for _, mode := range modes {
		want := winners(t, file, mode)
		for _, writers := range []int{1, 2, 4} {
			t.Run(fmt.Sprintf("%v, %d writers", mode, writers), func(t *testing.T) {
				url := migrated(t)
				o := importer.Options{Mode: mode, Writers: writers}
				result := run(t, url, file, o)
				require.Equal(t, progress.Counts{Read: importRecords, Created: distinct,
					Superseded: importRecords - distinct}, result.Counts)
				require.Equal(t, want, content(t, url))
				require.Equal(t, distinct, scan[int64](t, url, `SELECT count(DISTINCT id) FROM products`))
				first := written(t, url)
				require.Equal(t, distinct, first)

				result = run(t, url, file, o)
				again := progress.Counts{Read: importRecords, Skipped: distinct, Superseded: importRecords - distinct}
				if mode == products.Update {
					again.Skipped, again.Unchanged = 0, distinct
				}
				require.Equal(t, again, result.Counts)
				require.Equal(t, want, content(t, url))
				require.Equal(t, first, written(t, url), "the same file again writes no row")
			})
		}
	}
}

func TestImportHalfNew(t *testing.T) {
	t.Parallel()
	base, half := catalogue(t, catalogtest.Base), catalogue(t, catalogtest.HalfNew)
	distinct, shared := int64(catalogtest.Distinct(importRecords)), int64(catalogtest.Shared(importRecords))
	for _, mode := range modes {
		t.Run(mode.String(), func(t *testing.T) {
			url := migrated(t)
			run(t, url, base, importer.Options{Mode: mode})
			before, stored := written(t, url), content(t, url)
			trial := run(t, url, half, importer.Options{Mode: mode, DryRun: true})
			require.Equal(t, before, written(t, url), "a dry run writes nothing")
			require.Equal(t, stored, content(t, url), "a dry run writes nothing")

			result := run(t, url, half, importer.Options{Mode: mode})
			want := progress.Counts{Read: importRecords, Created: distinct - shared, Skipped: shared,
				Superseded: importRecords - distinct}
			if mode == products.Update {
				want.Skipped, want.Updated = 0, shared
			}
			require.Equal(t, want, result.Counts)
			require.Equal(t, want, trial.Counts, "a dry run counts as the real one")
			require.Equal(t, want.Created+want.Updated, written(t, url)-before, "only what changes is written")
		})
	}
}

func TestImportAttributes(t *testing.T) {
	url := migrated(t)
	o := importer.Options{Mode: products.Update, Extra: importer.ExtraKeep}
	run(t, url, importer.Bytes("sku,name,Color,\"Größe \"\"x\"\"\"\na,A,red,\"7\"\"\t\\\"\nb,B,,\n"), o)
	attributes := func(sku string) string {
		return scan[string](t, url, `SELECT attributes::text FROM products WHERE sku = '`+sku+`'`)
	}
	require.JSONEq(t, `{"Color": "red", "Größe \"x\"": "7\"\t\\"}`, attributes("a"))
	require.JSONEq(t, `{}`, attributes("b"))

	result := run(t, url, importer.Bytes("sku,name,Color,Weight\na,A,,3\nb,B,,\n"), o)
	require.Equal(t, progress.Counts{Read: 2, Updated: 1, Unchanged: 1}, result.Counts)
	require.JSONEq(t, `{"Weight": "3", "Größe \"x\"": "7\"\t\\"}`, attributes("a"),
		"an absent column stays, an empty one goes")
}

func TestImportCancelled(t *testing.T) {
	file := catalogue(t, catalogtest.Base)
	for _, mode := range modes {
		t.Run(mode.String(), func(t *testing.T) {
			url := migrated(t)
			db := open(t, url, postgres.Options{})
			stop := errors.New("stop")
			ctx, cancel := context.WithCancelCause(t.Context())
			var mu sync.Mutex
			batches := 0
			o := importer.Options{Mode: mode, Writers: 4, BatchRecords: 500}
			o.Checkpoints.Save = func(context.Context, importer.Commit) error {
				mu.Lock()
				defer mu.Unlock()
				if batches++; batches == 10 {
					cancel(stop)
				}
				return nil
			}
			result, err := importer.Run(ctx, file, db.Products(), o)
			require.ErrorIs(t, err, stop)
			requireSum(t, result.Counts)
			rows := scan[int64](t, url, `SELECT count(*) FROM products`)
			require.Equal(t, rows, result.Created, "what is counted is committed, and the other way round")
			require.Less(t, rows, int64(catalogtest.Distinct(importRecords)))

			o.Checkpoints.Save = nil
			result, err = importer.Run(t.Context(), file, db.Products(), o)
			require.NoError(t, err)
			require.EqualValues(t, catalogtest.Distinct(importRecords), rows+result.Created)
			require.Equal(t, winners(t, file, mode), content(t, url))
		})
	}
}

// TestImportConcurrently imports two files, which have half of their SKUs in common, at the same time.
func TestImportConcurrently(t *testing.T) {
	t.Parallel()
	files := []importer.Bytes{catalogue(t, catalogtest.Base), catalogue(t, catalogtest.HalfNew)}
	distinct, shared := int64(catalogtest.Distinct(importRecords)), int64(catalogtest.Shared(importRecords))
	for _, mode := range modes {
		t.Run(mode.String(), func(t *testing.T) {
			url := migrated(t)
			dbs := []*postgres.DB{open(t, url, postgres.Options{}), open(t, url, postgres.Options{})}
			results, errs := make([]*importer.Result, 2), make([]error, 2)
			var both sync.WaitGroup
			for i := range files {
				both.Go(func() {
					results[i], errs[i] = importer.Run(t.Context(), files[i], dbs[i].Products(),
						importer.Options{Mode: mode, Writers: 2, BatchRecords: 1_000})
				})
			}
			both.Wait()
			var total progress.Counts
			for i, result := range results {
				require.NoError(t, errs[i])
				requireSum(t, result.Counts)
				total.Add(result.Counts)
			}
			existed := total.Skipped
			if mode == products.Update {
				existed = total.Updated
			}
			require.Equal(t, 2*distinct-shared, total.Created, "each SKU is created once")
			require.Equal(t, shared, existed, "and found by the other import")
			require.Equal(t, 2*distinct-shared, scan[int64](t, url, `SELECT count(*) FROM products`))
			require.Equal(t, 2*distinct-shared+total.Updated, scan[int64](t, url, `SELECT sum(version) FROM products`))
			require.Zero(t,
				scan[int](t, url, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`))

			// Each product is what one of the files wants it to be.
			wanted := map[string]bool{}
			for _, file := range files {
				for _, l := range winners(t, file, mode) {
					wanted[l] = true
				}
			}
			for _, l := range content(t, url) {
				require.True(t, wanted[l], l)
			}
		})
	}
}
