package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReadme does what the README says, and sees what it shows.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	block := func(text, begin string) (block, rest string) {
		t.Helper()
		_, text, found := strings.Cut(text, "\n"+begin+"\n")
		require.True(t, found, begin)
		block, rest, found = strings.Cut(text, "\n```\n")
		require.True(t, found, begin)
		return block + "\n", rest
	}
	fields, rest := block(string(readme), "```json")
	file, rest := block(rest, "```csv")
	command := regexp.MustCompile("`go run ./examples/importcsv (.*)` prints\n").FindStringSubmatch(rest)
	require.NotNil(t, command)
	want, _ := block(rest, "```")

	t.Chdir(t.TempDir())
	args := strings.Fields(command[1])
	require.Equal(t, "-fields", args[0])
	for path, text := range map[string]string{args[1]: fields, args[2]: file} {
		require.NoError(t, os.WriteFile(filepath.Base(path), []byte(text), 0o600))
	}
	s := importcsv(t, nil, "", args...)
	require.Equal(t, 0, s.status, s.stderr)
	took := regexp.MustCompile(`records in \S+\n`)
	require.Equal(t, took.ReplaceAllString(want, "records\n"), took.ReplaceAllString(s.stdout, "records\n"))
}
