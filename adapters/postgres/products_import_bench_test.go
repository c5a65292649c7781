package postgres_test

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/products"
)

// BenchmarkImport imports 500,000 records, with importer.Run and its defaults. x-copy is how many times as long it
// takes as COPY of the cleaned file (no duplicates, keys and IDs ready) takes over one connection into the same table,
// empty, before each import in the same run. Before a second import the table is vacuumed, as autovacuum does within a
// minute.
func BenchmarkImport(b *testing.B) {
	for _, c := range []struct {
		name  string
		mode  products.Mode
		file  catalogtest.Variant
		again bool
	}{
		{name: "fresh/ignore", mode: products.Ignore},
		{name: "fresh/update", mode: products.Update},
		{name: "random-skus/ignore", mode: products.Ignore, file: catalogtest.Random},
		{name: "unchanged/ignore", mode: products.Ignore, again: true},
		{name: "unchanged/update", mode: products.Update, again: true},
		{name: "half-new-half-changed/ignore", mode: products.Ignore, again: true, file: catalogtest.HalfNew},
		{name: "half-new-half-changed/update", mode: products.Update, again: true, file: catalogtest.HalfNew},
	} {
		b.Run(c.name, func(b *testing.B) {
			benchmarkImport(b, importBench{mode: c.mode, again: c.again,
				before: catalogtest.NewReader(catalogtest.BenchRecords(), catalogtest.Base),
				file:   catalogtest.NewReader(catalogtest.BenchRecords(), c.file),
				clean: func(w io.Writer) error {
					return catalogtest.WriteClean(w, catalogtest.BenchRecords(), c.file, products.Ignore)
				},
			})
		})
	}
}

// BenchmarkImportFields is as BenchmarkImport with five fields more: a decimal, an integer, two texts and a date, which
// the COPY writes too. In mode existing the file has SKUs and stock alone, a tenth of which has changed.
func BenchmarkImportFields(b *testing.B) {
	clean := func(w io.Writer) error {
		return catalogtest.WriteCleanFields(w, catalogtest.BenchRecords(), catalogtest.Base, products.Update)
	}
	for _, c := range []struct {
		name  string
		mode  products.Mode
		again bool
	}{
		{name: "fresh/update", mode: products.Update},
		{name: "unchanged/update", mode: products.Update, again: true},
		{name: "stock/existing", mode: products.Existing, again: true},
	} {
		b.Run(c.name, func(b *testing.B) {
			file := catalogtest.NewFieldsReader(catalogtest.BenchRecords(), catalogtest.Base)
			if c.mode == products.Existing {
				file = catalogtest.NewStockReader(catalogtest.BenchRecords())
			}
			benchmarkImport(b, importBench{mode: c.mode, again: c.again, schema: catalogtest.Schema(), file: file,
				before: catalogtest.NewFieldsReader(catalogtest.BenchRecords(), catalogtest.Base), clean: clean})
		})
	}
}

// importBench is an import that is measured.
type importBench struct {
	schema       *products.Schema // nil for the standard one
	mode         products.Mode
	before, file io.Reader
	again        bool                    // before was imported
	clean        func(w io.Writer) error // writes what is copied for comparison
}

func benchmarkImport(b *testing.B, c importBench) {
	url := migrated(b)
	db, err := postgres.Open(b.Context(), url, postgres.Options{Fields: c.schema}) // makes the tables
	require.NoError(b, err)
	require.NoError(b, db.Close())
	admin, err := sql.Open("postgres", url)
	require.NoError(b, err)
	defer func() { require.NoError(b, admin.Close()) }()

	statement, clean := cleanChunks(b, c.clean)
	before, err := io.ReadAll(c.before)
	require.NoError(b, err)
	file, err := io.ReadAll(c.file)
	require.NoError(b, err)
	var yardstick, took time.Duration
	for range b.N {
		empty(b, admin)
		started := time.Now()
		copyClean(b, admin, statement, clean)
		yardstick += time.Since(started)
		empty(b, admin)
		if c.again {
			mode := c.mode
			if mode == products.Existing {
				mode = products.Update // there is nothing yet
			}
			importOnce(b, url, c.schema, before, mode)
			exec(b, admin, `VACUUM ANALYZE products`)
			exec(b, admin, `CHECKPOINT`)
		}
		written := rowsWritten(b, admin, 0)
		result := importOnce(b, url, c.schema, file, c.mode)
		took += result.Elapsed
		require.Equal(b, result.Created+result.Updated, rowsWritten(b, admin, written+result.Created+result.Updated)-written,
			"rows that PostgreSQL wrote")
		if c.mode == products.Existing {
			require.Equal(b, int64(catalogtest.Restocked(catalogtest.Distinct(catalogtest.BenchRecords()))), result.Updated)
		}
	}
	b.ReportMetric(took.Seconds()/yardstick.Seconds(), "x-copy")
	b.ReportMetric(took.Seconds()/float64(b.N), "s/import")
	b.ReportMetric(yardstick.Seconds()/float64(b.N), "s/copy")
	b.ReportMetric(0, "ns/op") // holds the yardstick too
}

// importOnce imports over connections of its own: at their end PostgreSQL has counted what they did.
func importOnce(b *testing.B, url string, schema *products.Schema, file []byte,
	mode products.Mode) *importer.Result {
	db, err := postgres.Open(b.Context(), url, postgres.Options{Fields: schema})
	require.NoError(b, err)
	result, err := importer.Run(b.Context(), importer.Bytes(file), db.Products(), importer.Options{Mode: mode})
	require.NoError(b, err)
	require.NoError(b, db.Close())
	return result
}

func exec(b *testing.B, db *sql.DB, statement string) {
	_, err := db.ExecContext(b.Context(), statement)
	require.NoError(b, err)
}

func empty(b *testing.B, db *sql.DB) {
	exec(b, db, `TRUNCATE products`)
	exec(b, db, `CHECKPOINT`)
}

// rowsWritten is how many rows of products PostgreSQL has inserted and updated, once it has stopped counting. Connections
// count when they end, which on a busy machine takes a while: so it waits some seconds for those that are expected.
func rowsWritten(b *testing.B, db *sql.DB, expected int64) (n int64) {
	exec(b, db, `SELECT pg_stat_force_next_flush()`) // what this connection did counts too, and now
	var last int64 = -1
	for deadline := time.Now().Add(15 * time.Second); n != last || n < expected && time.Now().Before(deadline); {
		last = n
		time.Sleep(500 * time.Millisecond)
		require.NoError(b,
			db.QueryRowContext(b.Context(),
				`SELECT n_tup_ins + n_tup_upd FROM pg_stat_user_tables WHERE relname = 'products'`).Scan(&n))
	}
	return n
}

// BenchmarkImportOver imports over a catalogue that exists, as a database administrator would bring it up to date:
// COPY of the cleaned file (keys and IDs ready) into a temporary table, ANALYZE, and then either INSERT .. ON CONFLICT
// DO UPDATE or UPDATE .. FROM and INSERT .. WHERE NOT EXISTS, each where something differs and with version and
// updated_at as the import sets them. x-dba is how many times as long the import takes as the faster of these two,
// and cpu-x-dba compares processor seconds, of server and client, in which the import's reading and checking of the
// file is counted; these need a server on this machine whose files the user may read.
func BenchmarkImportOver(b *testing.B) {
	for _, c := range []struct {
		name string
		file catalogtest.Variant
	}{
		{"changed", catalogtest.Changed},
		{"half-new-half-changed", catalogtest.HalfNew},
	} {
		b.Run(c.name, func(b *testing.B) {
			url := migrated(b)
			admin, err := sql.Open("postgres", url)
			require.NoError(b, err)
			defer func() { require.NoError(b, admin.Close()) }()
			n := catalogtest.BenchRecords()
			var before, file bytes.Buffer
			require.NoError(b, catalogtest.Write(&before, n))
			require.NoError(b, catalogtest.WriteVariant(&file, n, c.file))
			statement, clean := cleanChunks(b, func(w io.Writer) error {
				return catalogtest.WriteClean(w, n, c.file, products.Update)
			})
			prepare := func() {
				empty(b, admin)
				importOnce(b, url, nil, before.Bytes(), products.Update)
				exec(b, admin, `VACUUM ANALYZE products`)
				exec(b, admin, `CHECKPOINT`)
			}
			var best, took, bestCPU, tookCPU, server float64
			for range b.N {
				var ways []spent
				for _, merge := range merges {
					prepare()
					ways = append(ways, spend(b, admin, func() { mergeClean(b, url, statement, clean, merge) }))
				}
				best += min(ways[0].seconds, ways[1].seconds)
				bestCPU += min(ways[0].server+ways[0].client, ways[1].server+ways[1].client)
				prepare()
				var result *importer.Result
				s := spend(b, admin, func() { result = importOnce(b, url, nil, file.Bytes(), products.Update) })
				took, tookCPU, server = took+s.seconds, tookCPU+s.server+s.client, server+s.server
				distinct, shared := int64(catalogtest.Distinct(n)), int64(catalogtest.Distinct(n))
				if c.file == catalogtest.HalfNew {
					shared = int64(catalogtest.Shared(n))
				}
				require.Equal(b, shared, result.Updated)
				require.Equal(b, distinct-shared, result.Created)
			}
			b.ReportMetric(took/best, "x-dba")
			b.ReportMetric(took/float64(b.N), "s/import")
			b.ReportMetric(0, "ns/op")
			if server > 0 {
				b.ReportMetric(tookCPU/bestCPU, "cpu-x-dba")
				b.ReportMetric(server/float64(b.N), "server-cpu-s/import")
				b.ReportMetric((tookCPU-server)/float64(b.N), "client-cpu-s/import")
			}
		})
	}
}

// merges are a database administrator's ways to bring what is in the table cleaned into products.
var merges = []string{
	`INSERT INTO products AS p (id, sku_key, sku, name, description, updated_at)
		SELECT id, sku_key, sku, name, description, now() FROM cleaned
		ON CONFLICT (sku_key) DO UPDATE SET version = p.version + 1, updated_at = excluded.updated_at, sku = excluded.sku,
			name = excluded.name, description = excluded.description
		WHERE (p.sku, p.name, p.description) IS DISTINCT FROM (excluded.sku, excluded.name, excluded.description)`,
	`UPDATE products p SET version = p.version + 1, updated_at = now(), sku = c.sku, name = c.name,
			description = c.description
		FROM cleaned c WHERE p.sku_key = c.sku_key
			AND (p.sku, p.name, p.description) IS DISTINCT FROM (c.sku, c.name, c.description);
	INSERT INTO products (id, sku_key, sku, name, description)
		SELECT id, sku_key, sku, name, description FROM cleaned c
		WHERE NOT EXISTS (SELECT FROM products p WHERE p.sku_key = c.sku_key)`,
}

// mergeClean is what a database administrator does.
func mergeClean(b *testing.B, url, statement string, chunks []string, merge string) {
	db, err := sql.Open("postgres", url)
	require.NoError(b, err)
	defer func() { require.NoError(b, db.Close()) }()
	db.SetMaxOpenConns(1)
	exec(b, db, `CREATE TEMPORARY TABLE cleaned (LIKE products)`)
	exec(b, db, `ALTER TABLE cleaned ALTER version DROP NOT NULL, ALTER created_at DROP NOT NULL,
		ALTER updated_at DROP NOT NULL, ALTER status DROP NOT NULL, ALTER attributes DROP NOT NULL`)
	copyClean(b, db, strings.Replace(statement, "products", "cleaned", 1), chunks)
	exec(b, db, `ANALYZE cleaned`)
	exec(b, db, `BEGIN; `+merge+`; COMMIT`)
}

// spent is what something took: seconds, and processor seconds of the server's and of this process.
type spent struct{ seconds, server, client float64 }

// spend measures f, which closes the connections that it opens.
func spend(b *testing.B, admin *sql.DB, f func()) (s spent) {
	serverBefore, clientBefore, started := serverSeconds(b, admin), clientSeconds(), time.Now()
	f()
	s.seconds = time.Since(started).Seconds()
	s.client = clientSeconds() - clientBefore
	time.Sleep(300 * time.Millisecond) // the server's processes end a little later
	s.server = serverSeconds(b, admin) - serverBefore
	return s
}

// serverSeconds are the processor seconds of all connections that have ended, 0 where the server doesn't say.
func serverSeconds(b *testing.B, admin *sql.DB) (seconds float64) {
	err := admin.QueryRowContext(b.Context(), `SELECT (s[15]::float8 + s[16]::float8) / 100 FROM regexp_split_to_array(
		regexp_replace(pg_read_file('/proc/' || split_part(pg_read_file('postmaster.pid'), E'\n', 1) || '/stat'),
			'^.*[)]', ''), ' ') AS s`).Scan(&seconds)
	if err != nil {
		b.Logf("no processor seconds of the server: %v", err)
		return 0
	}
	return seconds
}

// cleanChunks returns the COPY for what clean writes, the file without the records that don't count, and its data with
// IDs and keys, in COPY's CSV format, in pieces of some 60 KiB that end with a record but without its line end, as the
// driver wants them.
func cleanChunks(b *testing.B, clean func(w io.Writer) error) (statement string, chunks []string) {
	r, w := io.Pipe()
	go func() { w.CloseWithError(clean(w)) }()
	in := csv.NewReader(r)
	header, err := in.Read()
	require.NoError(b, err)
	statement = `COPY products (id, sku_key, sku, name, ` + strings.Join(header[2:], ", ") + `) FROM STDIN (FORMAT csv)`
	var buf bytes.Buffer
	out := csv.NewWriter(&buf)
	for id := 1; ; id++ {
		record, err := in.Read()
		if err != io.EOF {
			require.NoError(b, err)
			require.NoError(b, out.Write(append([]string{strconv.Itoa(id), record[1], record[1], record[0]},
				record[2:]...)))
			out.Flush()
		}
		if buf.Len() > 60<<10 || err == io.EOF && buf.Len() > 0 {
			chunks = append(chunks, string(bytes.TrimSuffix(buf.Bytes(), []byte("\n"))))
			buf.Reset()
		}
		if err == io.EOF {
			return statement, chunks
		}
	}
}

// copyClean is what a database administrator does.
func copyClean(b *testing.B, db *sql.DB, statement string, chunks []string) {
	conn, err := db.Conn(b.Context())
	require.NoError(b, err)
	defer func() { require.NoError(b, conn.Close()) }()
	tx, err := conn.BeginTx(b.Context(), nil)
	require.NoError(b, err)
	require.NoError(b, conn.Raw(func(raw any) error {
		stmt, err := raw.(driver.ConnPrepareContext).PrepareContext(b.Context(), statement)
		if err != nil {
			return err
		}
		for _, chunk := range chunks {
			if _, err := stmt.(interface {
				CopyData(ctx context.Context, lines string) (driver.Result, error)
			}).CopyData(b.Context(), chunk); err != nil {
				return err
			}
		}
		return stmt.Close()
	}))
	require.NoError(b, tx.Commit())
}
