package memory

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Rows whose hashes are equal don't occur by chance, so they are made here.
func TestIndexOfEqualHashes(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}} {
		x := index{byHash: map[uint64]*row{}}
		rows := []*row{{key: "a", hash: 7}, {key: "b", hash: 7}, {key: "c", hash: 7}, {key: "d", hash: 8}}
		there := map[int]bool{}
		check := func() {
			require.Equal(t, len(there), x.n)
			for i, r := range rows {
				if there[i] {
					require.Same(t, r, x.get(r.hash, r.key))
				} else {
					require.Nil(t, x.get(r.hash, r.key))
				}
			}
		}
		for i, r := range rows {
			x.put(r)
			there[i] = true
			check()
		}
		require.Nil(t, x.get(7, "d"), "the key counts, not the hash")
		for _, i := range order {
			x.remove(rows[i])
			delete(there, i)
			check()
		}
		require.Len(t, x.byHash, 1)
		x.put(rows[order[0]])
		there[order[0]] = true
		check()
	}
}
