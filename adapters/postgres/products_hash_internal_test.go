package postgres

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHashes: the hashes are those that PostgreSQL's hashtext returns, and the partitions those in which it puts a key.
func TestHashes(t *testing.T) {
	for text, want := range map[string]struct {
		hash      int32
		partition int
	}{
		"":                               {-1477818771, 38},
		"a":                              {1075015857, 30},
		"abcdefgh":                       {-1960928205, 21},
		"abcdefghijk":                    {-1483803693, 27},
		"abcdefghijkl":                   {-1586087212, 41},
		"abcdefghijklm":                  {405849808, 22},
		"the quick brown fox jumps over": {30823235, 43},
		"öäü-123456":                     {-274890380, 49},
	} {
		require.Equal(t, want.hash, hashText(text), text)
		require.Equal(t, want.partition, partitionOf(text, 64), text)
	}
}
