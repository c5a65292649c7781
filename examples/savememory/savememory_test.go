package savememory_test

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/examples/savememory"
)

// TestWithin: the collector runs more often while the program does, unless its user said how often.
func TestWithin(t *testing.T) {
	percent := func() int {
		now := debug.SetGCPercent(100)
		debug.SetGCPercent(now)
		return now
	}
	limit := func() int64 { return debug.SetMemoryLimit(-1) }
	before, unlimited := percent(), limit()
	restore := savememory.Within(72<<20, func(string) string { return "" })
	require.Equal(t, 50, percent())
	require.EqualValues(t, 72<<20, limit())
	restore()
	require.Equal(t, before, percent())
	require.Equal(t, unlimited, limit())
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		restore := savememory.Within(72<<20, func(asked string) string { return map[string]string{name: "200"}[asked] })
		require.Equal(t, before, percent())
		require.Equal(t, unlimited, limit())
		restore()
		require.Equal(t, before, percent())
	}
}
