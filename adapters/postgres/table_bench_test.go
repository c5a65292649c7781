package postgres_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/products"
)

// BenchmarkImportTable imports 500,000 records into a table of one's own, whose key is a text, with a numeric, an
// integer, two texts and a time with a default. x-copy is how many times as long it takes as COPY of the cleaned file
// into the same table, empty, in the same run. In the last one a record of a hundred breaks a CHECK of two
// columns, which no rule says.
func BenchmarkImportTable(b *testing.B) {
	for _, c := range []struct {
		name, more string
		again      bool
		refused    bool
	}{
		{name: "fresh"},
		{name: "unchanged", again: true},
		{name: "refused", more: `ALTER TABLE items ADD CONSTRAINT sane CHECK (price % 1 <> 0.55 OR stock < 0)`, refused: true},
	} {
		b.Run(c.name, func(b *testing.B) { benchmarkTable(b, c.more, c.again, c.refused) })
	}
}

func benchmarkTable(b *testing.B, more string, again, refused bool) {
	url := pgtest.URL(b)
	query(b, url, `CREATE TABLE items (code text COLLATE "C" PRIMARY KEY, name text NOT NULL,
		description text NOT NULL DEFAULT '', price numeric(12,2), stock integer, made timestamptz NOT NULL DEFAULT now())`)
	admin := pool(b, url)
	file, err := io.ReadAll(catalogtest.NewFieldsReader(catalogtest.BenchRecords(), catalogtest.Base))
	require.NoError(b, err)
	clean := tableChunks(b)
	prepare := func() {
		exec(b, admin, `TRUNCATE items`)
		exec(b, admin, `CHECKPOINT`)
	}
	run := func(o importer.Options) *importer.Result {
		db := pool(b, url)
		table, err := postgres.OpenTable(b.Context(), db, postgres.TableOptions{Name: "items", Key: "code"})
		require.NoError(b, err)
		result, err := importer.Run(b.Context(), importer.Bytes(file), table, o)
		require.NoError(b, err)
		return result
	}
	o := importer.Options{Mode: products.Update}
	var yardstick, took time.Duration
	for range b.N {
		exec(b, admin, `ALTER TABLE items DROP CONSTRAINT IF EXISTS sane`)
		prepare()
		started := time.Now()
		copyClean(b, admin, `COPY items (name, code, description, price, stock) FROM STDIN (FORMAT csv)`, clean)
		yardstick += time.Since(started)
		prepare()
		if more != "" {
			exec(b, admin, more)
		}
		if again {
			run(o)
			exec(b, admin, `VACUUM ANALYZE items`)
			exec(b, admin, `CHECKPOINT`)
		}
		result := run(o)
		took += result.Elapsed
		require.Equal(b, again, result.Created == 0)
		require.Equal(b, refused, result.Rejects[importer.CodeCheck] > 0)
		require.Zero(b, result.Updated)
	}
	b.ReportMetric(took.Seconds()/yardstick.Seconds(), "x-copy")
	b.ReportMetric(took.Seconds()/float64(b.N), "s/import")
	b.ReportMetric(0, "ns/op") // holds the yardstick too
}

// tableChunks are the first five columns of the cleaned file, as cleanChunks returns them.
func tableChunks(b *testing.B) (chunks []string) {
	r, w := io.Pipe()
	go func() {
		w.CloseWithError(catalogtest.WriteCleanFields(w, catalogtest.BenchRecords(), catalogtest.Base, products.Update))
	}()
	in := csv.NewReader(r)
	_, err := in.Read()
	require.NoError(b, err)
	var buf bytes.Buffer
	out := csv.NewWriter(&buf)
	for {
		record, err := in.Read()
		if err != io.EOF {
			require.NoError(b, err)
			require.NoError(b, out.Write(record[:5]))
			out.Flush()
		}
		if buf.Len() > 60<<10 || err == io.EOF && buf.Len() > 0 {
			chunks = append(chunks, string(bytes.TrimSuffix(buf.Bytes(), []byte("\n"))))
			buf.Reset()
		}
		if err == io.EOF {
			return chunks
		}
	}
}
