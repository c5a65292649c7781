package pgtest

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { Main(m) }

func TestURL(t *testing.T) {
	urls := []string{URL(t), URL(t)}
	require.NotEqual(t, urls[0], urls[1])
	names := map[string]bool{}
	for _, u := range urls {
		db, err := sql.Open("postgres", u)
		require.NoError(t, err)
		defer db.Close()
		var name string
		var tables int
		require.NoError(t,
			db.QueryRowContext(t.Context(),
				`SELECT current_database(), count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`).Scan(&name, &tables))
		require.Zero(t, tables, "the database is empty")
		names[name] = true
		_, err = db.ExecContext(t.Context(), `CREATE TABLE mine (a int)`)
		require.NoError(t, err, "the user may make tables, and nobody else's is in the way")
	}
	require.Len(t, names, 2, "each call gives a database of its own")
}

// TestURLDropped looks whether a database has gone when its test has ended, even with a connection still open.
func TestURLDropped(t *testing.T) {
	var dropped string
	t.Run("user", func(t *testing.T) {
		dropped = URL(t)
		db, err := sql.Open("postgres", dropped)
		require.NoError(t, err)
		defer db.Close()
		require.NoError(t, db.PingContext(t.Context()))
	})
	if dropped == "" {
		t.Skip("pgtest: no PostgreSQL, so this is not tested")
	}
	db, err := sql.Open("postgres", dropped)
	require.NoError(t, err)
	defer db.Close()
	require.ErrorContains(t, db.PingContext(t.Context()), "does not exist")
}

func TestWithDatabase(t *testing.T) {
	for _, c := range []struct{ name, url, want string }{
		{"URL", "postgres://u:p@host:5432/old?sslmode=disable", "postgres://u:p@host:5432/new?sslmode=disable"},
		{"URL without a database", "postgresql://u@host", "postgresql://u@host/new"},
		{"password with escapes", "postgres://u:p%2F%40@host/old", "postgres://u:p%2F%40@host/new"},
		{"name with escapes", "postgres://host/o%2Fld", "postgres://host/new"},
		{"socket", "postgres:///old?host=/run/postgresql", "postgres:///new?host=/run/postgresql"},
		{"connection string", "host=localhost user=u dbname=old", "host=localhost user=u dbname=old dbname=new"},
		{"connection string with a colon", "password=a:b host=::1", "password=a:b host=::1 dbname=new"},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, withDatabase(c.url, "new")) })
	}
}
