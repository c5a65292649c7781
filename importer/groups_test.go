package importer

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestGroupsAreWrittenDown: groups that were written down and read again forget and find what the others do.
func TestGroupsAreWrittenDown(t *testing.T) {
	key := func(name string) digest { return digest{uint64(len(name)), uint64(strings.LastIndexByte(name, 'x'))} }
	names := map[digest]string{}
	rng := rand.New(rand.NewPCG(51, 52))
	some := func() (name string) {
		name = strings.Repeat("x", 1+rng.IntN(40)) + strings.Repeat("y", rng.IntN(40))
		names[key(name)] = name
		return name
	}
	use := func(rng *rand.Rand, s *groups, name string) *group {
		if rng.IntN(2) == 0 {
			return s.find(key(name))
		}
		g := group{key: key(name), name: name, line: rng.Int64N(1 << 40), taken: rng.IntN(2) == 0, product: "p",
			cells: []string{"", fmt.Sprint(rng.Uint64()), strings.Repeat("z", rng.IntN(60_000))}}
		g.own()
		s.put(&g)
		return &g
	}
	first := newGroups()
	for range 3_000 {
		g := use(rng, first, some())
		first.above = g
	}
	require.Less(t, len(first.byKey), len(names), "some were forgotten")
	b, ok := first.appendTo(nil)
	require.True(t, ok)
	second, ok := readGroups(b, key)
	require.True(t, ok)
	again, ok := second.appendTo(nil)
	require.True(t, ok)
	require.Equal(t, b, again)
	require.Equal(t, first.bytes, second.bytes)
	for i := range uint64(3_000) {
		name := some()
		require.Equal(t, use(rand.New(rand.NewPCG(i, 0)), first, name), use(rand.New(rand.NewPCG(i, 0)), second, name))
	}

	_, ok = readGroups(b[:len(b)-1], key)
	require.False(t, ok, "a text is cut off")
	_, ok = readGroups(nil, key)
	require.False(t, ok)
	first.put(&group{key: digest{1, 1}})
	_, ok = first.appendTo(nil)
	require.False(t, ok, "a name is missing")
}
