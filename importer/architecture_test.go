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
	validator = "github.com/go-playground/validator/v10"
	text      = "golang.org/x/text"
	compress  = "github.com/klauspost/compress"
	crypto    = "golang.org/x/crypto"
	testify   = "github.com/stretchr/testify"
	sqlx      = "github.com/jmoiron/sqlx"
	pq        = "github.com/lib/pq"
	goose     = "github.com/pressly/goose/v3"
	docker    = "github.com/ory/dockertest/v3"
	metrics   = "github.com/prometheus/client_golang"
)

// core are the packages that an adapter may use.
var core = []string{"products", "progress", "webhooks", "importer", "importer/job"}

// mayImport says what a package may import beside the standard library: packages of this module by their folder,
// modules of others by their path. Packages below examples may import anything.
var mayImport = map[string][]string{
	"products":                 {validator, text},
	"progress":                 {},
	"webhooks":                 {},
	"importer":                 {"products", "progress", text, compress},
	"importer/job":             {"products", "progress", "importer"},
	"products/casetest":        {testify},
	"products/storetest":       {"products", "products/casetest", testify},
	"webhooks/storetest":       {"webhooks", "products/casetest", testify},
	"importer/catalogtest":     {"importer", "products", testify},
	"importer/job/jobtest":     {"importer/job", "importer", "products", "products/casetest", "progress", testify},
	"adapters/memory":          core,
	"adapters/postgres":        slices.Concat(core, []string{sqlx, pq, goose, compress}),
	"adapters/postgres/pgtest": {docker, pq, testify},
	"adapters/httpapi":         slices.Concat(core, []string{crypto, compress, metrics}),
	"adapters/worker":          core,
	"adapters/outbox":          core,
}

// topLevel are the entries of the module's folder, beside dotfiles.
var topLevel = []string{"adapters", "examples", "importer", "products", "progress", "webhooks", "CHANGELOG.md", "LICENSE", "README.md", "go.mod", "go.sum"}

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
	return slices.ContainsFunc(list, func(m string) bool { return importPath == m || strings.HasPrefix(importPath, m+"/") })
}

// breaches lists the imports that the table doesn't allow.
func breaches(packages map[string][]imported) (found []string) {
	for folder, list := range packages {
		if strings.HasPrefix(folder, "examples/") {
			continue
		}
		may, known := mayImport[folder]
		if !known {
			found = append(found, fmt.Sprintf("%s is no package of the design: give it a line in this test, with what it may import", folder))
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
	seen := map[string]bool{}
	for len(from) > 0 {
		folder := from[0]
		from = from[1:]
		if seen[folder] {
			continue
		}
		seen[folder] = true
		for _, i := range packages[folder] {
			next, ours := own(i.path)
			switch {
			case ours:
				from = append(from, next)
			case i.path == "database/sql" || strings.HasPrefix(i.path, "database/sql/"),
				!standard(i.path) && !allowed(linkedModules, i.path):
				found = append(found, fmt.Sprintf("%s imports %s, which an application without a database would link", i.file, i.path))
			}
		}
	}
	slices.Sort(found)
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
		"go.mod":                        {},
		".gitignore":                    {Data: []byte("# leftovers\n*.test\n/importcsv\n")},
		"importer.test":                 {},
		"importcsv":                     {},
		".golangci.yml":                 {},
		"pkg/util.go":                   file("fmt"),
		"products/product.go":           file("fmt", validator, validator+"/non-standard/validators", text+"/unicode/norm"),
		"products/bad.go":               file(module+"/importer", "github.com/other/thing"),
		"products/bad_test.go":          file(testify + "/require"),
		"products/storetest/suite.go":   file(module+"/products", testify+"/require"),
		"products/testdata/any.go":      file(pq),
		"importer/run.go":               file(module+"/products", module+"/progress"),
		"importer/bad.go":               file(testify+"/require", validator+"x"),
		"progress/bad.go":               file("database/sql", module+"/importer/job"),
		"importer/job/job.go":           file(module+"/importer", sqlx),
		"adapters/memory/db.go":         file(module+"/products", module+"/importer"),
		"adapters/postgres/db.go":       file(module+"/products", sqlx, pq, "database/sql"),
		"adapters/httpapi/handler.go":   file(module+"/products", module+"/adapters/memory"),
		"adapters/postgres/pgtest/m.go": file(docker, pq),
		"examples/any/main.go":          file(module+"/adapters/postgres", "github.com/other/thing"),
	}
	packages, err := imports(tree)
	require.NoError(t, err)
	require.Equal(t, []string{
		"adapters/httpapi/handler.go imports " + module + "/adapters/memory, which package adapters/httpapi must not",
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
	found, err := strays(tree)
	require.NoError(t, err)
	require.Equal(t, []string{"pkg doesn't belong into the module's folder"}, found)
}
