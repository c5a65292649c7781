package pgtest

import (
	"database/sql"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"
)

func connect(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// TestOwn crashes a server: what was committed is there afterwards, at the same address, and what wasn't is gone.
func TestOwn(t *testing.T) {
	s := Own(t)
	db := connect(t, s.URL())
	_, err := db.ExecContext(t.Context(), `CREATE TABLE mine (a int)`)
	require.NoError(t, err)
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer tx.Rollback()
	_, err = tx.ExecContext(t.Context(), `INSERT INTO mine VALUES (1)`)
	require.NoError(t, err)
	for range 2 {
		s.Crash()
		require.Error(t, connect(t, s.URL()).PingContext(t.Context()))
		s.Start()
		var n int
		require.NoError(t, connect(t, s.URL()).QueryRowContext(t.Context(), `SELECT count(*) FROM mine`).Scan(&n))
		require.Zero(t, n)
	}
	_, err = tx.ExecContext(t.Context(), `SELECT`)
	require.Error(t, err, "the connection is gone")
}

// TestSmall fills the disk, and makes room.
func TestSmall(t *testing.T) {
	db := connect(t, Small(t, 20<<20))
	_, err := db.ExecContext(t.Context(), `CREATE TABLE ballast (a text); CREATE TABLE mine (a int)`)
	require.NoError(t, err)
	for err == nil {
		_, err = db.ExecContext(t.Context(),
			`INSERT INTO ballast SELECT repeat('x', 1000) FROM generate_series(1, 1000)`)
	}
	require.NotNil(t, pq.As(err, "53100"), "the disk is full, not %v", err)
	for _, statement := range []string{`DROP TABLE ballast`, `INSERT INTO mine SELECT generate_series(1, 10000)`} {
		_, err = db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
}

// TestFreeze freezes a server: what is asked of it is answered once it goes on, over the same connection.
func TestFreeze(t *testing.T) {
	s := Own(t)
	db := connect(t, s.URL())
	db.SetMaxOpenConns(1)
	var before, behind int
	require.NoError(t, db.QueryRowContext(t.Context(), `SELECT pg_backend_pid()`).Scan(&before))
	s.Freeze()
	answered := make(chan error, 1)
	go func() { answered <- db.QueryRowContext(t.Context(), `SELECT pg_backend_pid()`).Scan(&behind) }()
	select {
	case err := <-answered:
		require.Fail(t, "it answers", "%v", err)
	case <-time.After(500 * time.Millisecond):
	}
	s.Thaw()
	require.NoError(t, <-answered)
	require.Equal(t, before, behind)
}
