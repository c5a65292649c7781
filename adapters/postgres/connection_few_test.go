package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/products"
)

// TestFewConnections: a role that may have fewer connections than MaxConns is slow, and nothing fails.
func TestFewConnections(t *testing.T) {
	owner := migrated(t)
	open(t, owner, postgres.Options{}) // for the schema
	raw, err := sql.Open("postgres", owner)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, raw.Close()) })
	role := fmt.Sprintf("few_%d", rand.Uint64())
	execute := func(statement string) {
		t.Helper()
		_, err := raw.ExecContext(context.WithoutCancel(t.Context()), statement)
		require.NoError(t, err)
	}
	execute(`CREATE ROLE ` + role + ` LOGIN PASSWORD 'secret' CONNECTION LIMIT 2`)
	t.Cleanup(func() { execute(`DROP OWNED BY ` + role); execute(`DROP ROLE ` + role) })
	execute(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ` + role)
	execute(`GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ` + role)
	u, err := url.Parse(owner)
	require.NoError(t, err)
	u.User = url.UserPassword(role, "secret")
	query := u.Query()
	query.Set("connect_timeout", "60") // a busy machine opens none in the usual 5 s, now and then
	u.RawQuery = query.Encode()

	db := open(t, u.String(), postgres.Options{MaxConns: 10, RetryFor: -1})
	postgres.SetWait(db, time.Minute) // ten have two connections, and nobody's turn comes by order
	var writers sync.WaitGroup
	for i := range 10 {
		writers.Go(func() {
			for j := range 10 {
				_, err := db.Products().Create(t.Context(), products.Product{SKU: fmt.Sprint(i, "-", j), Name: "Lamp"})
				if err == nil {
					_, err = db.Products().List(t.Context(), products.Query{Limit: 1, SkipCount: true})
				}
				assert.NoError(t, err)
			}
		})
	}
	writers.Wait()
	require.Equal(t, 100, scan[int](t, owner, `SELECT count(*) FROM products`))
	require.NoError(t, db.Close()) // before its role goes
}
