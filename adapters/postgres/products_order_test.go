package postgres

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// randomKey makes keys that are often equal, often the beginning of each other, and often the same in their first eight
// bytes.
func randomKey(r *rand.Rand, prefix string) string {
	parts := []string{"a", "b", "ab", "é", "\x01", "\U0010FFFF", "12345678", "\u007f"}
	key := prefix
	for range 1 + r.IntN(4) {
		key += parts[r.IntN(len(parts))]
	}
	return key
}

// TestSortByKey compares with what takes longer: Batch.Winners and a plain sort.
func TestSortByKey(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 3_000 {
		b := &products.Batch{Mode: products.Mode(i % 2), Records: make([]products.Record, r.IntN(1<<r.IntN(9)))}
		prefix := []string{"", "sku-", "12345678-\u00e9"}[r.IntN(3)]
		for at := range b.Records {
			b.Records[at].Key = randomKey(r, prefix)
		}
		outcomes := make([]products.Outcome, len(b.Records))
		sorted := sortByKey(b, outcomes)
		require.Equal(t, b.Winners(), outcomes)

		var want []int32
		for at, o := range outcomes {
			if o == 0 {
				want = append(want, int32(at))
			}
		}
		slices.SortFunc(want, func(x, y int32) int { return strings.Compare(b.Records[x].Key, b.Records[y].Key) })
		require.True(t, slices.Equal(want, sorted), "%v\n%v\n%v", b.Records, want, sorted)
	}
}

func TestCommonPrefix(t *testing.T) {
	for _, c := range []struct {
		keys []string
		want int
	}{
		{[]string{"abc"}, 3},
		{[]string{"abc", "abc"}, 3},
		{[]string{"abc", "abd", "ab"}, 2},
		{[]string{"abc", "xbc"}, 0},
		{[]string{"a", "abc"}, 1},
	} {
		t.Run(strings.Join(c.keys, " "), func(t *testing.T) {
			var records []products.Record
			for _, key := range c.keys {
				records = append(records, products.Record{Key: key})
			}
			require.Equal(t, c.want, commonPrefix(records))
		})
	}
}

func TestIDRange(t *testing.T) {
	r := idRange{blocks: []int64{1, 301}}
	for i := range int64(2 * idBlock) {
		want := 1 + i
		if i >= idBlock {
			want = 301 + i - idBlock
		}
		require.Equal(t, want, r.next())
	}
}

func TestParseInts(t *testing.T) {
	for _, c := range []struct {
		array string
		want  []int64
	}{
		{"{}", []int64{7}},
		{"{1}", []int64{7, 1}},
		{"{-1,9223372036854775807}", []int64{7, -1, 9223372036854775807}},
	} {
		t.Run(c.array, func(t *testing.T) {
			got, err := parseInts([]int64{7}, c.array)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
	for _, bad := range []string{"{x}", "{NULL}", "{1,,2}", "{9223372036854775808}"} {
		t.Run(fmt.Sprint("bad ", bad), func(t *testing.T) {
			_, err := parseInts(nil, bad)
			require.Error(t, err)
		})
	}
}
