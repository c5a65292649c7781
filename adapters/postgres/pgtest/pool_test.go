package pgtest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPool(t *testing.T) {
	made := 0
	pool := NewPool(t, URL, func(table string) bool { return table == "kept" }, func(url string) {
		made++
		_, err := connect(t, url).ExecContext(t.Context(), `CREATE TABLE kept (a int); INSERT INTO kept VALUES (7);
			CREATE TABLE things (a int) PARTITION BY HASH (a); CREATE SEQUENCE numbers;
			CREATE TABLE even PARTITION OF things FOR VALUES WITH (MODULUS 2, REMAINDER 0);
			CREATE TABLE odd PARTITION OF things FOR VALUES WITH (MODULUS 2, REMAINDER 1)`)
		require.NoError(t, err)
	})
	check := func(t *testing.T) (url string) {
		url = pool.URL(t)
		var number, kept, things int
		require.NoError(t, connect(t, url).QueryRowContext(t.Context(),
			`INSERT INTO things VALUES (1) RETURNING nextval('numbers'), (SELECT a FROM kept), (SELECT count(*) FROM things)`).
			Scan(&number, &kept, &things))
		require.Equal(t, []int{1, 7, 0}, []int{number, kept, things}, "it is as it was set up")
		return url
	}
	t.Run("one after the other", func(t *testing.T) {
		for range 3 {
			t.Run("case", func(t *testing.T) { check(t) })
		}
		require.Equal(t, 1, made)
	})
	t.Run("two at the same time", func(t *testing.T) {
		first := check(t)
		require.NotEqual(t, first, check(t))
		require.Equal(t, 2, made)
	})
}
