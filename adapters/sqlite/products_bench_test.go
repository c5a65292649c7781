package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"io"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/sqlite"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/products"
)

// BenchmarkImport imports 500,000 records, with importer.Run and its defaults. x-import is how many times as long it
// takes as the sqlite3 program's .import of the cleaned file (no duplicates, keys and IDs ready) takes into the same
// table with the same index, in a new file with the same settings, before each import in the same run. Where there is
// no such program, a loop of prepared INSERTs in one transaction stands in for it.
func BenchmarkImport(b *testing.B) {
	for _, c := range []struct {
		name  string
		mode  products.Mode
		file  catalogtest.Variant
		again bool
	}{
		{name: "fresh/ignore", mode: products.Ignore},
		{name: "fresh/update", mode: products.Update},
		{name: "unchanged/ignore", mode: products.Ignore, again: true},
		{name: "unchanged/update", mode: products.Update, again: true},
		{name: "unchanged/existing", mode: products.Existing, again: true},
		{name: "half-new-half-changed/ignore", mode: products.Ignore, again: true, file: catalogtest.HalfNew},
		{name: "half-new-half-changed/update", mode: products.Update, again: true, file: catalogtest.HalfNew},
	} {
		b.Run(c.name, func(b *testing.B) {
			file := catalogue(b, c.file)
			clean := cleaned(b)
			var yardstick, took time.Duration
			for range b.N {
				yardstick += importClean(b, clean)
				path := filepath.Join(b.TempDir(), "products.db")
				if c.again {
					importOnce(b, path, catalogue(b, catalogtest.Base), products.Update)
				}
				written := rowsWritten(b, path)
				result := importOnce(b, path, file, c.mode)
				took += result.Elapsed
				require.Equal(b, result.Created+result.Updated, rowsWritten(b, path)-written, "rows that were written")
				require.NoError(b, os.Remove(path))
			}
			b.ReportMetric(took.Seconds()/yardstick.Seconds(), "x-import")
			b.ReportMetric(took.Seconds()/float64(b.N), "s/import")
			b.ReportMetric(yardstick.Seconds()/float64(b.N), "s/yardstick")
			b.ReportMetric(0, "ns/op") // holds the yardstick too
		})
	}
}

func catalogue(b *testing.B, variant catalogtest.Variant) []byte {
	file, err := io.ReadAll(catalogtest.NewReader(catalogtest.BenchRecords(), variant))
	require.NoError(b, err)
	return file
}

// importOnce imports, and closes the file: what is in FILE-wal is in the file then.
func importOnce(b *testing.B, path string, file []byte, mode products.Mode) *importer.Result {
	db, err := sqlite.Open(b.Context(), path, sqlite.Options{})
	require.NoError(b, err)
	began := time.Now()
	result, err := importer.Run(b.Context(), importer.Bytes(file), db.Products(), importer.Options{Mode: mode})
	require.NoError(b, err)
	require.NoError(b, db.Close())
	result.Elapsed = time.Since(began)
	return result
}

// rowsWritten is the sum of all versions: it grows by one with each row that is inserted or updated.
func rowsWritten(b *testing.B, path string) (n int64) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return 0
	}
	return scan[int64](b, path, `SELECT coalesce(sum(version), 0) FROM products`)
}

// cleaned writes the rows of the table as they are after a fresh import, in the order of the file, as CSV.
func cleaned(b *testing.B) (path string) {
	path = filepath.Join(b.TempDir(), "clean.csv")
	to, err := os.Create(path)
	require.NoError(b, err)
	out := csv.NewWriter(to)
	r, w := io.Pipe()
	go func() {
		w.CloseWithError(catalogtest.WriteClean(w, catalogtest.BenchRecords(), catalogtest.Base, products.Ignore))
	}()
	in := csv.NewReader(r)
	_, err = in.Read() // the header
	require.NoError(b, err)
	now := strconv.FormatInt(time.Now().UnixMicro(), 10)
	for id := 1; ; id++ {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(b, err)
		require.NoError(b, out.Write([]string{strconv.Itoa(id), "1", now, now, "0", record[1], record[1], record[0],
			record[2], "{}"}))
	}
	out.Flush()
	require.NoError(b, errors.Join(out.Error(), to.Close()))
	return path
}

const yardstickPragmas = `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8192;`

// importClean is what somebody does who knows SQLite. It returns how long that took.
func importClean(b *testing.B, clean string) time.Duration {
	path := filepath.Join(b.TempDir(), "yardstick.db")
	db, err := sqlite.Open(b.Context(), path, sqlite.Options{}) // makes the table
	require.NoError(b, err)
	require.NoError(b, db.Close())
	defer func() { require.NoError(b, os.Remove(path)) }()
	program, err := osexec.LookPath("sqlite3")
	if err != nil {
		return insertClean(b, path, clean)
	}
	began := time.Now()
	command := osexec.CommandContext(b.Context(), program, path)
	command.Stdin = strings.NewReader(yardstickPragmas + "\n.import --csv " + clean + " products\n")
	output, err := command.CombinedOutput()
	require.NoError(b, err, "%s", output)
	took := time.Since(began)
	require.Equal(b, catalogtest.Distinct(catalogtest.BenchRecords()), scan[int](b, path, `SELECT count(*) FROM products`))
	return took
}

// insertClean stands in for the program.
func insertClean(b *testing.B, path, clean string) time.Duration {
	file, err := os.ReadFile(clean)
	require.NoError(b, err)
	began := time.Now()
	db, err := sql.Open("sqlite", path)
	require.NoError(b, err)
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(b.Context(), yardstickPragmas)
	require.NoError(b, err)
	tx, err := db.BeginTx(b.Context(), nil)
	require.NoError(b, err)
	statement, err := tx.PrepareContext(context.Background(), `INSERT INTO products VALUES (?,?,?,?,?,?,?,?,?,?)`)
	require.NoError(b, err)
	defer func() { require.NoError(b, statement.Close()) }()
	in := csv.NewReader(bytes.NewReader(file))
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(b, err)
		args := make([]any, len(record))
		for i, text := range record {
			args[i] = text
		}
		_, err = statement.ExecContext(context.Background(), args...)
		require.NoError(b, err)
	}
	require.NoError(b, errors.Join(tx.Commit(), db.Close()))
	return time.Since(began)
}
