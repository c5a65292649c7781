package pgtest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCopy(t *testing.T) {
	times := 0
	setUp := func(url string) {
		times++
		require.NoError(t, run(url, `CREATE TABLE mine (a int); INSERT INTO mine VALUES (1)`))
	}
	first, second := Copy(t, "mine", setUp), Copy(t, "mine", setUp)
	require.Equal(t, 1, times, "a kind is set up once")
	require.NotEqual(t, first, second)
	require.NoError(t, run(first, `DROP TABLE mine`))
	var n int
	require.NoError(t, connect(t, second).QueryRowContext(t.Context(), `SELECT count(*) FROM mine`).Scan(&n))
	require.Equal(t, 1, n, "it has what was set up, and what happens to another copy is nothing to it")
	require.Error(t, run(URL(t), `TABLE mine`), "the others are empty")
}
