package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/importer/catalogtest"
)

// beyond are the commands of the README's chapter "Beyond one machine", each without what it says of it.
func beyond(t *testing.T) (commands []string) {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, chapter, _ := strings.Cut(string(readme), "\n## Beyond one machine\n")
	_, block, _ := strings.Cut(chapter, "\n```sh\n")
	block, _, found := strings.Cut(block, "\n```\n")
	require.True(t, found)
	for line := range strings.Lines(block) {
		command, _, _ := strings.Cut(line, " #")
		commands = append(commands, strings.TrimSpace(command))
	}
	return commands
}

// TestReadmeBeyondOneMachine does what that chapter says, with the programs as it makes them: what they say, and what is
// exported after each step, is the same in one table, in partitions and, where there is a cluster, over Citus.
func TestReadmeBeyondOneMachine(t *testing.T) {
	t.Parallel()
	const records = 3_000
	folder := t.TempDir()
	install := exec.Command("go", "install", "../server", "../importcsv")
	install.Env = append(os.Environ(), "GOBIN="+folder)
	said, err := install.CombinedOutput()
	require.NoError(t, err, string(said))
	for name, variant := range map[string]catalogtest.Variant{"catalog.csv": catalogtest.Base,
		"new.csv": catalogtest.HalfNew} {
		file, err := os.Create(filepath.Join(folder, name))
		require.NoError(t, err)
		require.NoError(t, catalogtest.WriteVariant(file, records, variant))
		require.NoError(t, file.Close())
	}
	commands := beyond(t)
	require.Len(t, commands, 7)
	require.Equal(t, "createdb shop", commands[0])
	require.Contains(t, commands[1], "export DATABASE_URL=")
	commands = commands[2:]
	require.Equal(t, "server migrate -distribute hash:64", commands[0])

	inOne := useBeyond(t, folder, pgtest.URL(t), "none", commands)
	for distribution, empty := range map[string]func(testing.TB) string{"hash:64": pgtest.URL, "citus": pgtest.CitusURL} {
		t.Run(distribution, func(t *testing.T) {
			require.Equal(t, inOne, useBeyond(t, folder, empty(t), distribution, commands))
		})
	}
}

// useBeyond runs the commands over a database with the distribution, and then the way back. It returns what they said
// and what was exported after each.
func useBeyond(t *testing.T, folder, url, distribution string, commands []string) (came []string) {
	t.Helper()
	server := start(t, "-database-url", url, "-workers", "0") // it goes on while the products are moved
	id := ""
	differing := regexp.MustCompile(`in [\d.]+m?s|[0-9a-f]{8}-[0-9a-f-]{27}|postgres://\S+`)
	run := func(command string) (said, export string) {
		t.Helper()
		p := exec.CommandContext(t.Context(), "sh", "-c", command)
		p.Dir, p.Env = folder, append(os.Environ(), "DATABASE_URL="+url, "LOG_LEVEL=error",
			"PATH="+folder+":"+os.Getenv("PATH"))
		output, err := p.CombinedOutput()
		require.NoError(t, err, command+"\n"+string(output))
		if _, rest, found := strings.Cut(string(output), "\n-undo "); found {
			id, _, _ = strings.Cut(rest, " ")
		}
		export = server.do("GET", "/products/export.csv", "", nil, 200)
		said = differing.ReplaceAllString(string(output), "..")
		came = append(came, said, export)
		return said, export
	}
	run(strings.ReplaceAll(commands[0], "hash:64", distribution))
	said, export := run(commands[1])
	require.Regexp(t, `created +2,801  new`, said)
	said, again := run(commands[2])
	require.Regexp(t, `unchanged +2,801  existed`, said)
	require.Equal(t, export, again)
	_, changed := run(commands[3])
	require.NotEqual(t, export, changed)
	changes, err := os.ReadFile(filepath.Join(folder, "changes.csv"))
	require.NoError(t, err)
	came = append(came, string(changes))
	_, undone := run(strings.ReplaceAll(commands[4], "ID", id))
	require.Equal(t, export, undone)
	if distribution != "none" {
		_, back := run("server migrate -distribute none")
		require.Equal(t, export, back)
		came = came[:len(came)-2]
	}
	said, back := run(commands[2])
	require.Regexp(t, `unchanged +2,801  existed`, said)
	require.Equal(t, export, back)
	return came
}
