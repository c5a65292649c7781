package storeflags

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/products"
)

// Forms are the forms that a URL may have, for usage texts.
const Forms = "sqlite:FILE, memory: or postgres://user:password@host/name"

// Kind says what keeps the data.
type Kind uint8

// The kinds.
const (
	None Kind = iota
	Memory
	SQLite
	PostgreSQL
)

// URL names a database. The zero value names none.
type URL struct {
	Kind Kind
	text string // a path, or what PostgreSQL's driver takes
}

// parameters are those that other programs take behind the name of a SQLite file.
var parameters = regexp.MustCompile(`\?(_\w+|cache|immutable|mode|nolock|psow|vfs)=`)

// keyword begins a connection string such as "host=localhost dbname=shop".
var keyword = regexp.MustCompile(`^\s*[a-z_]+\s*=`)

// ParseURL reads a URL. What stands behind "sqlite:" is the path as it is: a space, "?" or "%" in it means itself. The
// error is a sentence that says what is wrong and shows no password.
func ParseURL(text string) (URL, error) {
	scheme, rest, ok := strings.Cut(text, ":")
	switch {
	case strings.HasPrefix(text, "postgres://"), strings.HasPrefix(text, "postgresql://"), keyword.MatchString(text):
		return parsePostgres(text)
	case text == "":
		return URL{}, errors.New("the URL is empty: want " + Forms)
	case !ok:
		return URL{}, fmt.Errorf("%q is no URL of a database: want %s", products.Shorten(text), Forms)
	case scheme == "memory" && rest == "":
		return URL{Kind: Memory}, nil
	case scheme == "memory":
		return URL{}, errors.New("memory: is all of the URL, nothing stands behind it: want " + Forms)
	case scheme == "sqlite":
		return parseFile(rest)
	}
	// What stands behind an unknown beginning may be a password.
	return URL{}, fmt.Errorf("%q begins no URL of a database: want %s", products.Shorten(scheme+":"), Forms)
}

// parsePostgres reads what PostgreSQL's driver takes.
func parsePostgres(text string) (URL, error) {
	pool, err := postgres.NewPool(text, 1) // it connects to nothing yet
	if err != nil {
		return URL{}, errors.New(strings.TrimPrefix(err.Error(), "postgres: bad database URL: "))
	}
	return URL{PostgreSQL, text}, pool.Close()
}

// parseFile reads what stands behind "sqlite:".
func parseFile(path string) (URL, error) {
	wrong := ""
	switch {
	case path == "":
		wrong = "names no file"
	case path == ":memory:":
		wrong = "is written memory: here"
	case strings.HasPrefix(path, "//"):
		wrong = "may be a path from the root or one from the current folder: write sqlite:/FILE or sqlite:FILE"
	case parameters.MatchString(path):
		wrong = "has parameters, and there are none"
	case strings.HasSuffix(path, "/"):
		wrong = "names a folder"
	case strings.ContainsRune(path, 0):
		wrong = "has a character that no path has"
	}
	if wrong != "" {
		return URL{}, fmt.Errorf("%q %s: want %s", products.Shorten("sqlite:"+path), wrong, Forms)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return URL{}, fmt.Errorf("%q: %w", products.Shorten("sqlite:"+path), err)
	}
	return URL{SQLite, absolute}, nil
}

// String says where the data is: a SQLite file's absolute path, or the kind alone, since a URL may have a password.
func (u URL) String() string {
	switch u.Kind {
	case Memory:
		return "memory"
	case SQLite:
		return u.text
	case PostgreSQL:
		return "PostgreSQL"
	}
	return "nowhere"
}

// Location is a SQLite file's absolute path, or what PostgreSQL's driver takes, which may have a password; empty for
// memory.
func (u URL) Location() string { return u.text }

// Stored says whether what is written outlasts the process.
func (u URL) Stored() bool { return u.Kind == SQLite || u.Kind == PostgreSQL }
