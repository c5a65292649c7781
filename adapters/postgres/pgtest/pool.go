package pgtest

import (
	"context"
	"database/sql"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"
)

// Pool lends databases that were set up alike, one to each case of a suite. A database is emptied for the next case,
// which is many times as fast as creating one. It is safe for concurrent use.
type Pool struct {
	t     testing.TB
	make  func(t testing.TB) (url string)
	keep  func(table string) bool
	setUp func(url string)

	mu   sync.Mutex
	free []string
}

// NewPool returns a pool of databases that make, URL or CitusURL, makes and setUp makes ready for use. They lose the
// rows of all tables but those to keep, and sequences begin anew. They go when the test ends.
func NewPool(t testing.TB, make func(t testing.TB) (url string), keep func(table string) bool,
	setUp func(url string)) *Pool {
	return &Pool{t: t, make: make, keep: keep, setUp: setUp}
}

// URL returns the URL of a database that nobody else uses until the test, a part of the pool's, has ended.
func (p *Pool) URL(t testing.TB) string {
	t.Helper()
	url := p.take()
	if url == "" {
		url = p.make(p.t)
		p.setUp(url)
	}
	t.Cleanup(func() {
		if t.Failed() {
			return // what it left is unknown
		}
		if err := p.empty(url); err != nil {
			t.Errorf("pgtest: the database can't be used again: %v", err)
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.free = append(p.free, url)
	})
	return url
}

// take returns a database that was used before; empty for none.
func (p *Pool) take() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) == 0 {
		return ""
	}
	url := p.free[len(p.free)-1]
	p.free = p.free[:len(p.free)-1]
	return url
}

// empty removes what was stored. It fails when somebody still uses the tables.
func (p *Pool) empty(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	db, err := sql.Open("postgres", url)
	if err != nil {
		return err
	}
	defer db.Close()
	// What a table in partitions has is in these.
	var names, tables, sequences []string
	err = db.QueryRowContext(ctx,
		`WITH own AS (SELECT relkind, relname, format('%I.%I', nspname, relname) AS name
			FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
			WHERE nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema') AND NOT EXISTS (SELECT
				FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e'))
		SELECT ARRAY (SELECT relname FROM own WHERE relkind = 'r' ORDER BY name),
			ARRAY (SELECT name FROM own WHERE relkind = 'r' ORDER BY name),
			ARRAY (SELECT name FROM own WHERE relkind = 'S')`).
		Scan(pq.Array(&names), pq.Array(&tables), pq.Array(&sequences))
	if err != nil {
		return err
	}
	var toEmpty, questions []string
	for i, table := range tables {
		if !p.keep(names[i]) {
			toEmpty = append(toEmpty, table)
			questions = append(questions, `EXISTS (SELECT 1 FROM `+table+`)`)
		}
	}
	// Truncating makes new files: most tables are empty as it is.
	var used []bool
	if err := db.QueryRowContext(ctx, `SELECT ARRAY[`+strings.Join(questions, ", ")+`]::boolean[]`).
		Scan(pq.Array(&used)); err != nil {
		return err
	}
	var statements []string
	for i, table := range toEmpty {
		if used[i] {
			statements = append(statements, `TRUNCATE `+table+` CASCADE`)
		}
	}
	for _, sequence := range sequences {
		statements = append(statements, `ALTER SEQUENCE `+sequence+` RESTART`)
	}
	_, err = db.ExecContext(ctx, strings.Join(statements, "; "))
	return err
}
