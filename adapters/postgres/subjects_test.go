package postgres

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The subjects of this package stand side by side: a file whose name begins with one of them uses nothing that is
// declared in a file of another. What several need is declared in a file of none.
var subjects = []string{"products", "jobs", "uploads", "webhooks"}

// subjectOf returns the subject of a file, "" for none.
func subjectOf(file string) string {
	name := strings.TrimSuffix(path.Base(file), ".go")
	for _, subject := range subjects {
		if name == subject || strings.HasPrefix(name, subject+"_") {
			return subject
		}
	}
	return ""
}

// nothing imports packages without what they declare. The declarations of this package are known without that.
type nothing struct{}

func (nothing) Import(importPath string) (*types.Package, error) {
	p := types.NewPackage(importPath, path.Base(importPath))
	p.MarkComplete()
	return p, nil
}

// crossings lists the uses of one subject's declarations in files of another.
func crossings(sources map[string]string) (found []string, err error) {
	files := token.NewFileSet()
	var parsed []*ast.File
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		file, err := parser.ParseFile(files, name, sources[name], parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, file)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: nothing{}, Error: func(error) {}} // there are many, of what other packages declare
	_, _ = config.Check("postgres", files, parsed, info)
	for use, of := range info.Uses {
		user, owner := files.Position(use.Pos()).Filename, files.Position(of.Pos()).Filename
		if a, b := subjectOf(user), subjectOf(owner); a != "" && b != "" && a != b {
			found = append(found, fmt.Sprintf("%s uses %s, which %s declares", user, of.Name(), owner))
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

func TestSubjects(t *testing.T) {
	sources := map[string]string{}
	seen := map[string]bool{}
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			sources[name] = string(text)
			seen[subjectOf(name)] = true
		}
	}
	for _, subject := range subjects {
		require.True(t, seen[subject], "the test looks at %s", subject)
	}
	found, err := crossings(sources)
	require.NoError(t, err)
	require.Empty(t, found, "declare what several subjects need in a file of none")
}

func TestSubjectsFindsCrossings(t *testing.T) {
	found, err := crossings(map[string]string{
		"open.go": `package postgres
			import "context"
			type DB struct { products Products; jobs Jobs }
			func clean(s string) string { return s }
			func (db *DB) each(ctx context.Context, f func(t *transaction)) {}
			type transaction struct{}
			func (db *DB) Products() *Products { return &db.products }`,
		"products.go": `package postgres
			type Products struct { db *DB; rule int }
			type row struct{ name string }
			const columns = "id"
			func (p *Products) fail() string { return clean("") }`,
		"products_list.go": `package postgres
			func (p *Products) List() (r row) { return row{name: columns + p.fail()} }`,
		"jobs.go": `package postgres
			import "context"
			type Jobs struct { db *DB }
			func (j *Jobs) Get(ctx context.Context) {
				row, columns := 1, "a variable of its own"
				j.db.each(ctx, func(t *transaction) { _ = j.db.products.rule })
				_ = struct{ name string }{name: clean(columns)}
				_ = row
			}`,
		"jobs_claim.go": `package postgres
			func (j *Jobs) claim() { j.db.Products().List() }`,
		"uploads_read.go":     `package postgres; func read() string { return columns + row{}.name }`,
		"webhooksnumbered.go": `package postgres; var all = columns`,
	})
	require.NoError(t, err)
	require.Equal(t, []string{
		"jobs.go uses rule, which products.go declares",
		"jobs_claim.go uses List, which products_list.go declares",
		"uploads_read.go uses columns, which products.go declares",
		"uploads_read.go uses name, which products.go declares",
		"uploads_read.go uses row, which products.go declares",
	}, found)
}
