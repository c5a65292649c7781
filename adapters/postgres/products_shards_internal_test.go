package postgres

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHashText: the hashes are those that PostgreSQL's hashtext returns.
func TestHashText(t *testing.T) {
	for text, want := range map[string]int32{
		"":                               -1477818771,
		"a":                              1075015857,
		"abcdefgh":                       -1960928205,
		"abcdefghijk":                    -1483803693,
		"abcdefghijkl":                   -1586087212,
		"abcdefghijklm":                  405849808,
		"the quick brown fox jumps over": 30823235,
		"öäü-123456":                     -274890380,
	} {
		require.Equal(t, want, hashText(text), text)
	}
}
