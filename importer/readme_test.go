package importer_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReadme holds the README's library example to the one that is compiled and run.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	example, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	_, body, found := strings.Cut(string(example), "func ExampleRun() {\n")
	require.True(t, found)
	body, output, found := strings.Cut(body, "\t// Output:\n")
	require.True(t, found)
	require.Contains(t, string(readme), strings.ReplaceAll("\n"+body, "\n\t", "\n"), "README.md has the body of ExampleRun")
	for line := range strings.Lines(output) {
		if text, ok := strings.CutPrefix(line, "\t// "); ok {
			require.Contains(t, string(readme), text, "README.md has the output of ExampleRun")
		}
	}
}
