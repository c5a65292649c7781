package importer_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// The imports are parsed here and now: the outcome of a "go list" would be cached by go test, and go stale.

const module = "github.com/products-importer/products-importer"

const (
	validator  = "github.com/go-playground/validator/v10"
	text       = "golang.org/x/text"
	compress   = "github.com/klauspost/compress"
	crypto     = "golang.org/x/crypto"
	testify    = "github.com/stretchr/testify"
	sqlx       = "github.com/jmoiron/sqlx"
	pq         = "github.com/lib/pq"
	goose      = "github.com/pressly/goose/v3"
	modernc    = "modernc.org/sqlite"
	docker     = "github.com/ory/dockertest/v3"
	prometheus = "github.com/prometheus/client_golang"
)

// core are the packages that an adapter may use.
var core = []string{"products", "progress", "webhooks", "webhooks/receive", "importer", "importer/job"}

// forStores are the packages with what only stores need.
var forStores = []string{"importer/job/driver", "webhooks/driver"}

// mayImport says what a package may import beside the standard library: packages of this module by their folder,
// modules of others by their path. Packages below examples may import anything.
var mayImport = map[string][]string{
	"products":               {validator, text},
	"progress":               {},
	"webhooks":               {"webhooks/receive", "webhooks/internal/uuid"},
	"webhooks/driver":        {"webhooks", "webhooks/receive", "webhooks/internal/uuid", compress},
	"webhooks/internal/uuid": {},
	"webhooks/receive":       {},
	"importer": {"products", "progress", "importer/spelling", "importer/decompress", "importer/charset",
		"importer/dialect", "importer/internal/refuse", "importer/internal/spill"},
	"importer/internal/refuse": {},
	"importer/internal/spill":  {},
	"importer/decompress":      {"importer/internal/refuse", compress},
	"importer/charset":         {"importer/internal/refuse", text},
	"importer/dialect":         {},
	"importer/spelling":        {"products"},
	"importer/job": {"products", "progress", "importer", "importer/charset", "importer/spelling",
		"importer/job/internal/rule", compress},
	"importer/job/internal/rule": {},
	"importer/job/driver":        {"importer/job", "importer/job/internal/rule", "importer", "progress"},
	"adapters/casetest":          {testify},
	"products/storetest":         {"products", "adapters/casetest", testify},
	"webhooks/storetest":         {"webhooks", "webhooks/driver", "webhooks/receive", "adapters/casetest", testify},
	"importer/catalogtest":       {"products"},
	"importer/job/jobtest": {"importer/job", "importer/job/driver", "importer", "products", "adapters/casetest",
		"progress", testify},
	"adapters/memory":                slices.Concat(core, forStores),
	"adapters/postgres":              slices.Concat(core, forStores, []string{sqlx, pq, goose}),
	"adapters/sqlite":                slices.Concat(core, forStores, []string{sqlx, modernc, goose}),
	"adapters/postgres/pgtest":       {docker, pq, testify},
	"adapters/postgres/pgtest/citus": {"adapters/postgres/pgtest"},
	"adapters/postgres/pgtest/home":  {"adapters/postgres", "adapters/postgres/pgtest", pq, testify},
	"adapters/httpapi": slices.Concat(core, forStores, []string{"adapters/httpapi/basicauth", "importer/charset",
		"importer/decompress", "importer/spelling"}),
	"adapters/httpapi/basicauth":           {crypto},
	"adapters/httpapi/basicauth/tokentest": {"adapters/httpapi/basicauth", "adapters/casetest", testify},
	"adapters/httpapi/page":                {},
	"adapters/metrics":                     {"importer/job", "progress", "webhooks", prometheus},
	"adapters/worker":                      core,
	"adapters/outbox":                      core,
}

// topLevel are the entries of the module's folder, beside dotfiles.
var topLevel = []string{"adapters", "examples", "importer", "products", "progress", "webhooks", "CHANGELOG.md",
	"LICENSE", "README.md", "go.mod", "go.sum"}

// imported is one import of a file.
type imported struct {
	file string
	path string
}

// imports returns the imports of the tree's packages, tests not counted, by the packages' folders.
func imports(tree fs.FS) (map[string][]imported, error) {
	packages := map[string][]imported{}
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if entry.IsDir() {
			if name != "." && (base == "testdata" || base[0] == '.' || base[0] == '_') {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
		if err != nil {
			return err
		}
		folder := path.Dir(name)
		packages[folder] = append(packages[folder], nil...) // also without imports
		for _, spec := range file.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			packages[folder] = append(packages[folder], imported{name, to})
		}
		return nil
	})
	return packages, err
}

// own returns the folder of a package of this module.
func own(importPath string) (folder string, ok bool) {
	return strings.CutPrefix(importPath, module+"/")
}

// standard tells whether a package is one of the standard library: the first part of its path is no domain.
func standard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

// allowed tells whether the list has the package, or the module that it is part of.
func allowed(list []string, importPath string) bool {
	if folder, ok := own(importPath); ok {
		return slices.Contains(list, folder)
	}
	return slices.ContainsFunc(list, func(m string) bool {
		return importPath == m ||
			strings.HasPrefix(importPath, m+"/")
	})
}

// breaches lists the imports that the table doesn't allow.
func breaches(packages map[string][]imported) (found []string) {
	for folder, list := range packages {
		if strings.HasPrefix(folder, "examples/") {
			continue
		}
		may, known := mayImport[folder]
		if !known {
			found = append(found,
				fmt.Sprintf("%s is no package of the design: give it a line in this test, with what it may import",
					folder))
			continue
		}
		for _, i := range list {
			if !standard(i.path) && !allowed(may, i.path) {
				found = append(found, fmt.Sprintf("%s imports %s, which package %s must not", i.file, i.path, folder))
			}
		}
	}
	slices.Sort(found)
	return found
}

// linkedModules are what an application links that embeds the importer and the store in memory.
var linkedModules = []string{validator, text, compress}

// drivers lists the ways on which one of the packages comes to database/sql, or to a module beside linkedModules.
func drivers(packages map[string][]imported, from ...string) (found []string) {
	for _, i := range reached(packages, from...) {
		if i.path == "database/sql" || strings.HasPrefix(i.path, "database/sql/") ||
			!standard(i.path) && !allowed(linkedModules, i.path) {
			found = append(found, fmt.Sprintf("%s imports %s, which an application without a database would link",
				i.file, i.path))
		}
	}
	slices.Sort(found)
	return found
}

// toSQLite lists the ways on which one of the packages comes to the driver for SQLite.
func toSQLite(packages map[string][]imported, from ...string) (found []string) {
	for _, i := range reached(packages, from...) {
		if allowed([]string{modernc}, i.path) {
			found = append(found, fmt.Sprintf("%s imports %s, which an application without it would link", i.file, i.path))
		}
	}
	slices.Sort(found)
	return found
}

// reached lists what the packages import, and so on: all that isn't of this module.
func reached(packages map[string][]imported, from ...string) (found []imported) {
	seen := map[string]bool{}
	for len(from) > 0 {
		folder := from[0]
		from = from[1:]
		if seen[folder] {
			continue
		}
		seen[folder] = true
		for _, i := range packages[folder] {
			if next, ours := own(i.path); ours {
				from = append(from, next)
			} else {
				found = append(found, i)
			}
		}
	}
	return found
}

// strays lists the entries of the module's folder that don't belong there. What git ignores may be there.
func strays(tree fs.FS) (found []string, err error) {
	ignored, err := fs.ReadFile(tree, ".gitignore")
	if err != nil {
		return nil, err
	}
	patterns := strings.Fields(string(ignored))
	entries, err := fs.ReadDir(tree, ".")
	for _, entry := range entries {
		name := entry.Name()
		leftover := slices.ContainsFunc(patterns, func(pattern string) bool {
			match, _ := path.Match(strings.TrimPrefix(pattern, "/"), name)
			return match
		})
		if name[0] != '.' && !leftover && !slices.Contains(topLevel, name) {
			found = append(found, fmt.Sprintf("%s doesn't belong into the module's folder", name))
		}
	}
	return found, err
}

// moduleTree is the module's folder, the nearest one above with a go.mod.
func moduleTree(t *testing.T) fs.FS {
	t.Helper()
	folder, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return os.DirFS(folder)
		}
		above := filepath.Dir(folder)
		require.NotEqual(t, above, folder, "no go.mod above the test's folder")
		folder = above
	}
}

func TestArchitecture(t *testing.T) {
	tree := moduleTree(t)
	packages, err := imports(tree)
	require.NoError(t, err)
	for _, folder := range []string{"products", "progress", "importer"} {
		require.NotEmpty(t, packages[folder], "the test looks at %s", folder)
	}

	t.Run("packages import only what they may", func(t *testing.T) {
		for _, breach := range breaches(packages) {
			t.Error(breach)
		}
	})
	t.Run("importer and the store in memory link no database driver", func(t *testing.T) {
		require.NotEmpty(t, packages["adapters/memory"])
		for _, way := range drivers(packages, "importer", "adapters/memory") {
			t.Error(way)
		}
	})
	t.Run("importer and the store in PostgreSQL link no SQLite", func(t *testing.T) {
		require.NotEmpty(t, toSQLite(packages, "adapters/sqlite"), "the test looks for the driver")
		for _, way := range toSQLite(packages, "importer", "importer/job", "webhooks", "adapters/memory",
			"adapters/postgres", "adapters/httpapi", "adapters/worker", "adapters/outbox") {
			t.Error(way)
		}
	})
	t.Run("the module's folder is tidy", func(t *testing.T) {
		found, err := strays(tree)
		require.NoError(t, err)
		for _, stray := range found {
			t.Error(stray)
		}
	})
}

// The rules are tested on a small tree that breaks each of them.
func TestArchitectureFindsBreaches(t *testing.T) {
	file := func(imports ...string) *fstest.MapFile {
		source := "package p\n"
		for _, i := range imports {
			source += "import " + strconv.Quote(i) + "\n"
		}
		return &fstest.MapFile{Data: []byte(source)}
	}
	tree := fstest.MapFS{
		"go.mod":        {},
		".gitignore":    {Data: []byte("# leftovers\n*.test\n/importcsv\n")},
		"importer.test": {},
		"importcsv":     {},
		".golangci.yml": {},
		"pkg/util.go":   file("fmt"),
		"products/product.go": file("fmt", validator, validator+"/non-standard/validators",
			text+"/unicode/norm"),
		"products/bad.go":               file(module+"/importer", "github.com/other/thing"),
		"products/bad_test.go":          file(testify + "/require"),
		"products/storetest/suite.go":   file(module+"/products", testify+"/require"),
		"products/testdata/any.go":      file(pq),
		"importer/run.go":               file(module+"/products", module+"/progress"),
		"importer/bad.go":               file(testify+"/require", validator+"x"),
		"progress/bad.go":               file("database/sql", module+"/importer/job"),
		"importer/job/job.go":           file(module+"/importer", sqlx),
		"adapters/memory/db.go":         file(module+"/products", module+"/importer"),
		"adapters/postgres/db.go":       file(module+"/products", sqlx, pq, "database/sql", module+"/adapters/sqlite"),
		"adapters/sqlite/db.go":         file(module+"/products", modernc+"/lib"),
		"adapters/httpapi/handler.go":   file(module+"/products", module+"/adapters/memory"),
		"adapters/postgres/pgtest/m.go": file(docker, pq),
		"examples/any/main.go":          file(module+"/adapters/postgres", "github.com/other/thing"),
	}
	packages, err := imports(tree)
	require.NoError(t, err)
	require.Equal(t, []string{
		"adapters/httpapi/handler.go imports " + module + "/adapters/memory, which package adapters/httpapi must not",
		"adapters/postgres/db.go imports " + module + "/adapters/sqlite, which package adapters/postgres must not",
		"importer/bad.go imports " + validator + "x, which package importer must not",
		"importer/bad.go imports " + testify + "/require, which package importer must not",
		"importer/job/job.go imports " + sqlx + ", which package importer/job must not",
		"pkg is no package of the design: give it a line in this test, with what it may import",
		"products/bad.go imports github.com/other/thing, which package products must not",
		"products/bad.go imports " + module + "/importer, which package products must not",
		"progress/bad.go imports " + module + "/importer/job, which package progress must not",
	}, breaches(packages))
	require.Equal(t, []string{
		"importer/bad.go imports " + validator + "x, which an application without a database would link",
		"importer/bad.go imports " + testify + "/require, which an application without a database would link",
		"importer/job/job.go imports " + sqlx + ", which an application without a database would link",
		"products/bad.go imports github.com/other/thing, which an application without a database would link",
		"progress/bad.go imports database/sql, which an application without a database would link",
	}, drivers(packages, "importer", "adapters/memory"))
	require.Equal(t, []string{
		"adapters/sqlite/db.go imports " + modernc + "/lib, which an application without it would link",
	}, toSQLite(packages, "importer", "adapters/postgres"))
	found, err := strays(tree)
	require.NoError(t, err)
	require.Equal(t, []string{"pkg doesn't belong into the module's folder"}, found)
}
