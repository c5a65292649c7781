package pgtest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPooler looks whether transactions share sessions.
func TestPooler(t *testing.T) {
	direct := URL(t)
	url := Pooler(t, direct)
	_, err := connect(t, direct).ExecContext(t.Context(), `CREATE TABLE mine (a int)`)
	require.NoError(t, err)
	pids := map[int]bool{}
	for range PoolSize + 3 {
		tx, err := connect(t, url).BeginTx(t.Context(), nil)
		require.NoError(t, err)
		var pid int
		require.NoError(t,
			tx.QueryRowContext(t.Context(),
				`SELECT pg_backend_pid() FROM pg_tables WHERE tablename = 'mine'`).Scan(&pid))
		pids[pid] = true
		require.NoError(t, tx.Rollback())
	}
	require.LessOrEqual(t, len(pids), PoolSize)
}
