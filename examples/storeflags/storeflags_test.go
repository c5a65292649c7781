package storeflags_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/examples/storeflags"
)

func read(t *testing.T, environment, fallback string, args ...string) (storeflags.URL, error) {
	t.Helper()
	var s storeflags.Settings
	flags := envflags.New("test", "")
	s.Add(flags, fallback)
	_, err := flags.Parse(args, func(name string) string { return map[string]string{"DATABASE_URL": environment}[name] })
	return s.URL, err
}

func TestRead(t *testing.T) {
	folder, err := os.Getwd()
	require.NoError(t, err)
	for _, c := range []struct {
		flag, environment, fallback string
		kind                        storeflags.Kind
		where                       string
	}{
		{kind: storeflags.None, where: "nowhere"},
		{fallback: "memory:", kind: storeflags.Memory, where: "memory"},
		{environment: "postgres://u:p@h/d", fallback: "memory:", kind: storeflags.PostgreSQL, where: "PostgreSQL"},
		{flag: "memory:", environment: "postgres://u:p@h/d", kind: storeflags.Memory, where: "memory"},
		{flag: "memory:", environment: "nonsense", kind: storeflags.Memory, where: "memory"},
		{flag: "postgresql://h/d", kind: storeflags.PostgreSQL, where: "PostgreSQL"},
		{flag: "host=localhost dbname=shop", kind: storeflags.PostgreSQL, where: "PostgreSQL"},
		{flag: " host = shop", kind: storeflags.PostgreSQL, where: "PostgreSQL"},
		{flag: "sqlite:products.db", kind: storeflags.SQLite, where: filepath.Join(folder, "products.db")},
		{flag: "sqlite:../a b.db", kind: storeflags.SQLite, where: filepath.Join(filepath.Dir(folder), "a b.db")},
		{flag: "sqlite:/data/products.db", kind: storeflags.SQLite, where: "/data/products.db"},
		{flag: "sqlite:/data/100%25?#=:.db", kind: storeflags.SQLite, where: "/data/100%25?#=:.db"},
		{flag: "sqlite:./:memory:", kind: storeflags.SQLite, where: filepath.Join(folder, ":memory:")},
	} {
		var args []string
		if c.flag != "" {
			args = []string{"-database-url", c.flag}
		}
		u, err := read(t, c.environment, c.fallback, args...)
		require.NoError(t, err, c)
		require.Equal(t, c.kind, u.Kind, c)
		require.Equal(t, c.where, u.String())
		require.Equal(t, c.kind == storeflags.SQLite || c.kind == storeflags.PostgreSQL, u.Stored(), c)
	}
}

func TestAnEmptyFlagMeansTheFallback(t *testing.T) {
	u, err := read(t, "postgres://h/d", "memory:", "-database-url", "")
	require.NoError(t, err)
	require.Equal(t, storeflags.Memory, u.Kind)
	u, err = read(t, "postgres://h/d", "", "-database-url", "")
	require.NoError(t, err)
	require.Equal(t, storeflags.None, u.Kind)
	_, err = storeflags.ParseURL("")
	require.ErrorContains(t, err, "the URL is empty: want "+storeflags.Forms)
}

// Each wrong URL is one line that says what is wrong, and which forms there are.
func TestWrongURLs(t *testing.T) {
	for text, says := range map[string]string{
		"products.db":                         `"products.db" is no URL`,
		"/data/products.db":                   `"/data/products.db" is no URL`,
		"file:products.db":                    `"file:" begins no URL`,
		"mysql://u:hunter2@h/d":               `"mysql:" begins no URL`,
		"postgres:shop":                       `"postgres:" begins no URL`,
		"POSTGRES://u:hunter2@h/d":            `"POSTGRES:" begins no URL`,
		"memory":                              `"memory" is no URL`,
		"memory:shop":                         "memory: is all of the URL",
		"sqlite:":                             "names no file",
		"sqlite::memory:":                     "is written memory: here",
		"sqlite://products.db":                "sqlite:/FILE or sqlite:FILE",
		"sqlite:///data/products.db":          "sqlite:/FILE or sqlite:FILE",
		"sqlite:products.db?mode=ro":          "has parameters",
		"sqlite:products.db?_pragma=x":        "has parameters",
		"sqlite:/data/":                       "names a folder",
		"sqlite:a\x00b":                       "no path has",
		"sqlite3:" + strings.Repeat("x", 999): `"sqlite3:" begins no URL`,
	} {
		for _, from := range []string{"-database-url", "DATABASE_URL"} {
			var err error
			if from == "DATABASE_URL" {
				_, err = read(t, text, "memory:")
			} else {
				_, err = read(t, "", "memory:", "-database-url", text)
			}
			require.ErrorContains(t, err, says, text)
			message := err.Error()
			require.True(t, strings.HasPrefix(message, from+": "), message)
			require.NotContains(t, message, "hunter2")
			require.NotContains(t, message, "\n")
			require.Less(t, len(message), 300)
			for _, form := range []string{"sqlite:FILE", "memory:", "postgres://user:password@host/name"} {
				require.Contains(t, message, form)
			}
		}
	}
}
