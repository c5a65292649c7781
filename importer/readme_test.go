package importer_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReadme holds the README's library examples to those that are compiled and run.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	example, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	for _, name := range []string{"ExampleRun", "ExampleRun_fields"} {
		_, body, found := strings.Cut(string(example), "func "+name+"() {\n")
		require.True(t, found)
		body, output, found := strings.Cut(body, "\t// Output:\n")
		require.True(t, found)
		output, _, found = strings.Cut(output, "}\n")
		require.True(t, found)
		require.Contains(t, string(readme), strings.ReplaceAll("\n"+body, "\n\t", "\n"), "README.md has the body of %s", name)
		for line := range strings.Lines(output) {
			text, _ := strings.CutPrefix(line, "\t// ")
			require.Contains(t, string(readme), text, "README.md has the output of %s", name)
		}
	}
}
