package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/products"
)

// TestStandby: the database's address leads to a standby for a while, as during a failover. That passes, and afterwards
// everything goes on, over connections of the time before too.
func TestStandby(t *testing.T) {
	t.Parallel()
	server := home.Own(t)
	for _, c := range []struct {
		name string
		url  func() string
	}{
		{"directly", server.URL},
		// Its connections outlive the server's.
		{"pgbouncer", func() string { return pgtest.Pooler(t, server.URL()) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := c.url()
			hurried, patient := open(t, url, postgres.Options{RetryFor: 100 * time.Millisecond}),
				open(t, url, postgres.Options{RetryFor: time.Minute})
			create(t, hurried, "before-"+c.name)
			create(t, patient, "before-too-"+c.name)
			query(t, server.URL(), `COPY (SELECT WHERE false) TO PROGRAM 'touch standby.signal'`)
			server.Crash()
			server.Start()
			write := func(db *postgres.DB, prefix string) error {
				_, err := db.Products().WriteBatch(t.Context(), &products.Batch{Columns: described, Records: records(10, prefix, "name")})
				return err
			}
			err := write(hurried, "hurried-"+c.name)
			require.ErrorIs(t, err, products.ErrUnavailable)
			require.NotErrorIs(t, err, products.ErrCommitUnknown)
			_, err = postgres.Open(t.Context(), server.URL(), postgres.Options{})
			require.ErrorIs(t, err, products.ErrUnavailable)
			require.ErrorContains(t, err, "standby")

			ended := make(chan error, 1)
			go func() { ended <- write(patient, "patient-"+c.name) }()
			require.True(t, scan[bool](t, server.URL(), `SELECT pg_promote()`))
			require.NoError(t, <-ended)
			require.NoError(t, write(hurried, "hurried-"+c.name))
		})
	}
}
