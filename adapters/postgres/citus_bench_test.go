package postgres_test

import (
	"bytes"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/products"
)

// BenchmarkCitusImport imports into products that Citus distributes, and into one table of a plain PostgreSQL: what is
// new, the same again, and the same with other content. server-x-plain compares the processor seconds of the servers,
// summed over the nodes, which must be on this machine with files that the user may read. Where TEST_DATABASE_URL is
// TEST_CITUS_URL, the plain one is another database on the coordinator. Rounds differ, by a half for what is new.
func BenchmarkCitusImport(b *testing.B) {
	n := catalogtest.BenchRecords()
	var before, changed bytes.Buffer
	require.NoError(b, catalogtest.Write(&before, n))
	require.NoError(b, catalogtest.WriteVariant(&changed, n, catalogtest.Changed))
	distinct := int64(catalogtest.Distinct(n))
	cases := []struct {
		name  string
		file  []byte
		count func(*importer.Result) int64
	}{
		{"fresh", before.Bytes(), func(r *importer.Result) int64 { return r.Created }},
		{"unchanged", before.Bytes(), func(r *importer.Result) int64 { return r.Unchanged }},
		{"changed", changed.Bytes(), func(r *importer.Result) int64 { return r.Updated }},
	}
	spends := map[string]map[string]spent{}
	for _, place := range []string{"plain", "citus"} {
		spends[place] = map[string]spent{}
		url := ""
		var nodes []*sql.DB
		if place == "citus" {
			url = home.In(b, postgres.Citus())
			for _, worker := range pgtest.CitusWorkers(b, url) {
				nodes = append(nodes, openSQL(b, worker))
			}
		} else {
			pgtest.NeedCitus(b)
			url = home.In(b, postgres.OneTable())
		}
		nodes = append(nodes, openSQL(b, url))
		for _, c := range cases {
			s := spent{server: -allSeconds(b, nodes)}
			began := time.Now()
			require.Equal(b, distinct, c.count(importOnce(b, url, nil, c.file, products.Update)))
			s.seconds = time.Since(began).Seconds()
			s.server += allSeconds(b, nodes)
			spends[place][c.name] = s
			for _, node := range nodes {
				exec(b, node, `VACUUM ANALYZE products`)
				exec(b, node, `CHECKPOINT`)
			}
		}
	}
	for _, c := range cases {
		plain, citus := spends["plain"][c.name], spends["citus"][c.name]
		b.ReportMetric(citus.server/plain.server, c.name+"-server-x-plain")
		b.ReportMetric(citus.server, c.name+"-citus-server-s")
		b.ReportMetric(plain.server, c.name+"-plain-server-s")
		b.ReportMetric(citus.seconds/plain.seconds, c.name+"-x-plain")
	}
	b.ReportMetric(0, "ns/op")
}

// allSeconds is what the processes of all nodes have taken that have ended, which they do a little after they are done:
// those that prepared something as well.
func allSeconds(b *testing.B, nodes []*sql.DB) (seconds float64) {
	time.Sleep(time.Second)
	for _, node := range nodes {
		seconds += serverSeconds(b, node)
	}
	return seconds
}

func openSQL(b *testing.B, url string) *sql.DB {
	db, err := sql.Open("postgres", url)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, db.Close()) })
	return db
}
