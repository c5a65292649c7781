package dialect

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTitlesAboveATable: lines with a single value above a table are passed over where its header has no known name,
// but never a header.
func TestTitlesAboveATable(t *testing.T) {
	unknown := func(int, []string) (int, bool) { return 0, false }
	many := strings.Repeat("1;a;2\n", 30)
	for name, c := range map[string]struct {
		text    string
		header  func(int, []string) (int, bool)
		skipped int64
	}{
		"a title and an empty line": {"Prices, 2026\n\nid;text\n1;a\n2;b\n", unknown, 2},
		"an address":                {"Acme Ltd\nLong Street 1\nid;text;net\n1;a;2\n", unknown, 2},
		"in a sheet":                {"Prices 2026;;\n;;\nid;text;net\n1;a;2\n", unknown, 2},
		"one record is damaged":     {"Prices\nid;text;net\n" + many + "1;\"a\"b;2\n" + many, unknown, 1},
		"a record is short":         {"Prices\nid;text;net\n1;a\n1;a;2\n", unknown, 0},
		"two columns":               {"text\n1;a\n2;b\n", unknown, 0},
		"numbers are no names":      {"text\n1;a;b\n2;b;b\n", unknown, 0},
		"nor is what is repeated":   {"text\na;a;b\n2;b;b\n", unknown, 0},
		"nor is nothing":            {"text\nx;;b\n2;b;b\n", unknown, 0},
		"a header alone":            {"Prices\nid;text;net\n", unknown, 0},
		"nothing above":             {";;\nid;text;net\n1;a;2\n", unknown, 0},
		"two values above":          {"Prices;2026\n\nid;text;net\n1;a;2\n", unknown, 0},
		"no header is wanted":       {"Prices\n\nid;text;net\n1;a;2\n", nil, 0},
		"it can be no header": {"Prices\n\nid;text;net\n1;a;2\n", func(record int, _ []string) (int, bool) {
			return min(0, -record), false
		}, 0},
		"a name is known": {"Prices\n\nid;text;net\n1;a;2\n", func(record int, _ []string) (int, bool) {
			return max(0, 1-record), false
		}, 0},
		"too many lines": {strings.Repeat("Prices\n", 20) + "id;text;net\n" + many, unknown, 0},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := Detect([]byte(c.text), true, Options{Header: c.header})
			require.NoError(t, err)
			require.Equal(t, c.skipped, found.SkippedLines)
			if c.skipped > 0 {
				require.Equal(t, byte(';'), found.Dialect.Delimiter)
				require.True(t, strings.HasPrefix(c.text[found.SkippedBytes:], "id;text"))
			}
		})
	}
}
