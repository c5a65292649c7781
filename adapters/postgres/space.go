package postgres

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// space is the PostgreSQL schema that the tables of a DB are in. Names in statements are qualified with it, since the
// search_path of a session is nobody's own behind a pooler.
type space struct {
	name   string // "" for where the search_path leads
	prefix string // what stands before names in statements
}

func newSpace(name string) space {
	if name == "" {
		return space{}
	}
	return space{name, pq.QuoteIdentifier(name) + "."}
}

// maxName is the length of the names that PostgreSQL keeps, in bytes. It cuts what is longer.
const maxName = 63

// CheckSchema returns an error for a name that Options.Schema can't have: a sentence without the name, for whoever gave
// it.
func CheckSchema(name string) error {
	switch {
	case len(name) > maxName:
		return fmt.Errorf("it has %d bytes, and PostgreSQL keeps %d", len(name), maxName)
	case !utf8.ValidString(name) || strings.Contains(name, "\x00"):
		return errors.New("it isn't text in UTF-8")
	case strings.HasPrefix(name, "pg_") || name == "information_schema":
		return errors.New("it is the server's own")
	}
	return nil
}

// of is one of our names as statements have it.
func (s space) of(name string) string { return s.prefix + name }

// all is of for each of the names.
func (s space) all(names []string) pq.StringArray {
	all := make(pq.StringArray, len(names))
	for i, name := range names {
		all[i] = s.of(name)
	}
	return all
}

// usable is the condition that there is a schema for the tables that the user may use, or that it is to be made.
func (s space) usable() string {
	if s.name == "" {
		return `current_schema() IS NOT NULL`
	}
	return `coalesce((SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = ` +
		pq.QuoteLiteral(s.name) + `), true)`
}

// channel is the name of a channel of notifications, which a database has but one of.
func (s space) channel(name string) string {
	if s.name == "" {
		return name
	}
	hash := sha256.Sum256([]byte(s.name))
	return name + "_" + hex.EncodeToString(hash[:8])
}

// openedTables are those of others that imports of this process write to.
type openedTables struct {
	mu  sync.Mutex
	all []string
}

// add adds a table by its name as SQL has it.
func (o *openedTables) add(name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !slices.Contains(o.all, name) { // it may be opened for each import
		o.all = append(o.all, name)
	}
}

func (o *openedTables) names() pq.StringArray {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.all)
}

// made are the names that a migration gives to what it makes: tables and sequences, and indexes.
type made struct {
	version            int64
	relations, indexes []string
}

var (
	makesRelation = regexp.MustCompile(`(?m)^CREATE (?:TABLE|SEQUENCE) (\w+)`)
	makesIndex    = regexp.MustCompile(`(?m)^CREATE (?:UNIQUE )?INDEX (\w+)`)
)

// allMade reads the migrations, which are the only place that says what there is.
var allMade = sync.OnceValue(func() (all []made) {
	names, _ := fs.Glob(migrations, "migrations/*.sql") // they are part of the program
	for _, name := range names {
		text, _ := migrations.ReadFile(name)
		var m made
		_, _ = fmt.Sscanf(strings.TrimPrefix(name, "migrations/"), "%d_", &m.version)
		for _, match := range makesRelation.FindAllSubmatch(text, -1) {
			m.relations = append(m.relations, string(match[1]))
		}
		for _, match := range makesIndex.FindAllSubmatch(text, -1) {
			m.indexes = append(m.indexes, string(match[1]))
		}
		all = append(all, m)
	}
	return all
})

// ours are the names of all tables and sequences.
var ours = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	for _, m := range allMade() {
		for _, name := range m.relations {
			names[name] = true
		}
	}
	return names
})

// shortest is the length of the shortest of them.
const shortest = len("products")

// qualify puts the schema before every name of ours in a statement of this package: where it stands by itself, and in
// a literal that is nothing but the name, as for nextval and ::regclass. No alias, column or WITH query has such a name
// unless it is quoted.
func (s space) qualify(statement string) string {
	if s.prefix == "" {
		return statement
	}
	names := ours()
	var b strings.Builder
	done := 0 // so much of the statement is written
	for i := 0; i < len(statement); {
		start, c := i, statement[i]
		switch {
		case c == '\'' || c == '"':
			i = quotedEnd(statement, i)
			if content := statement[start+1 : max(i-1, start+1)]; c == '\'' && names[content] {
				b.WriteString(statement[done:start] + pq.QuoteLiteral(s.of(content)))
				done = i
			}
		case strings.HasPrefix(statement[i:], "$$"):
			if i += 2; strings.Contains(statement[i:], "$$") {
				i += strings.Index(statement[i:], "$$") + 2
			}
		case isNameByte(c):
			for i < len(statement) && isNameByte(statement[i]) {
				i++
			}
			part := start > 0 && statement[start-1] == '.' || i < len(statement) && statement[i] == '.'
			if !part && i-start >= shortest && names[statement[start:i]] {
				b.WriteString(statement[done:start] + s.prefix)
				done = start
			}
		default:
			i++
		}
	}
	if b.Len() == 0 {
		return statement
	}
	return b.String() + statement[done:]
}

// quotedEnd returns where the literal or quoted name ends that begins at i. A doubled quote is part of it, which comes
// out the same as two of them side by side.
func quotedEnd(statement string, i int) int {
	end := strings.IndexByte(statement[i+1:], statement[i])
	if end < 0 {
		return len(statement)
	}
	return i + 1 + end + 1
}

func isNameByte(c byte) bool {
	return c == '_' || c == '$' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// rawStatements are a connection or a transaction of sqlx.
type rawStatements interface {
	sqlx.QueryerContext
	sqlx.ExecerContext
	sqlx.PreparerContext
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// statements runs those of this package, over a connection or in a transaction.
type statements struct {
	raw   rawStatements
	space space
}

func (s statements) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return s.raw.ExecContext(ctx, s.space.qualify(query), args...)
}

func (s statements) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return s.raw.QueryContext(ctx, s.space.qualify(query), args...)
}

func (s statements) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return s.raw.QueryRowContext(ctx, s.space.qualify(query), args...)
}

func (s statements) QueryxContext(ctx context.Context, query string, args ...any) (*sqlx.Rows, error) {
	return s.raw.QueryxContext(ctx, s.space.qualify(query), args...)
}

func (s statements) QueryRowxContext(ctx context.Context, query string, args ...any) *sqlx.Row {
	return s.raw.QueryRowxContext(ctx, s.space.qualify(query), args...)
}

func (s statements) GetContext(ctx context.Context, dest any, query string, args ...any) error {
	return sqlx.GetContext(ctx, s, dest, query, args...)
}

func (s statements) SelectContext(ctx context.Context, dest any, query string, args ...any) error {
	return sqlx.SelectContext(ctx, s, dest, query, args...)
}

func (s statements) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return s.raw.PrepareContext(ctx, s.space.qualify(query))
}

// spacedFiles are migrations that make what they make in the schema.
type spacedFiles struct {
	fs.FS
	space space
}

// Open opens a file.
func (f spacedFiles) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil || f.space.name == "" || !strings.HasSuffix(name, ".sql") {
		return file, err
	}
	text, err := fs.ReadFile(f.FS, name)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	const up = "-- +goose Up\n" // each is a transaction
	return spacedFile{file, strings.NewReader(strings.Replace(string(text), up,
		up+"SET LOCAL search_path TO "+pq.QuoteIdentifier(f.space.name)+";\n", 1))}, nil
}

// spacedFile is a file with other content.
type spacedFile struct {
	fs.File
	content *strings.Reader
}

func (f spacedFile) Read(p []byte) (int, error) { return f.content.Read(p) }
