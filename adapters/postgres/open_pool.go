package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"reflect"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/products-importer/products-importer/products"
)

// OpenDB is [Open] over a pool of connections that exists and that others use too, one of lib/pq's:
// sql.Open("postgres", url). Its owner closes it; Close of the DB ends what the DB does, and leaves the pool open.
//
// At most Options.MaxConns of its connections are used at a time, and no more than the pool may have. One is enough.
// Where the others have them all, calls wait as long as they do for the DB's own, and then fail with ErrBusy; a
// goroutine that holds the last one and calls the DB waits for itself in this way. Building indexes takes one for as
// long as that lasts, so with fewer than three it isn't done in the background: call BuildIndexes.
//
// Where Options.Schema is empty, the tables are in the schema to which the search_path of the pool's connections leads
// now; a connection that somebody gives another one later makes no difference.
//
// What the URL says with binary_parameters is found out. Without it a statement with parameters takes several messages,
// which a pooler in transaction mode would tear apart; so every read is a transaction then.
//
// These promises of a DB need connections of its own, and don't hold here. A server that is frozen or out of reach is
// noticed by what the pool's owner has set, keep-alives or tcp_user_timeout, and a call whose context ends waits for
// that too; only a server that answers is held to the time limits, by statement_timeout in transactions, and by
// cancelling reads. A standby is refused when it is written to. Work of other processes is found by polling alone,
// since nothing listens; work of this process is told at once.
//
// The errors are those of Open, and one for a pool of another driver.
func OpenDB(ctx context.Context, pool *sql.DB, options Options) (*DB, error) {
	db, err := newPoolDB(ctx, pool, "OpenDB", options)
	if err != nil {
		return nil, err
	}
	return db.start(ctx)
}

// NewPool returns a pool with at most so many connections to the database, for OpenDB and OpenTable where the
// application has none: with the defaults that Open has for URLs, and with binary_parameters. The caller closes it.
func NewPool(databaseURL string, maxConns int) (*sql.DB, error) {
	if maxConns < 1 {
		return nil, fmt.Errorf("postgres: a pool needs one connection at least, not %d", maxConns)
	}
	config, err := parseURL(databaseURL)
	if err != nil {
		return nil, err
	}
	connector, err := newConnector(config)
	if err != nil {
		return nil, fmt.Errorf("postgres: bad database URL: %w", err)
	}
	pool := sql.OpenDB(connector.patient(defaultTerms[forBulk].silence))
	pool.SetMaxOpenConns(maxConns)
	pool.SetMaxIdleConns(maxConns)
	return pool, nil
}

// newPoolDB returns a DB over a pool, as the function of that name asks for it. It knows what the pool's connections
// are like, and has done nothing else.
func newPoolDB(ctx context.Context, pool *sql.DB, function string, options Options) (*DB, error) {
	if pool == nil {
		return nil, fmt.Errorf("postgres: %s needs a pool of connections, not nil", function)
	}
	if most := pool.Stats().MaxOpenConnections; most > 0 {
		if options.MaxConns == 0 {
			options.MaxConns = defaultConns
		}
		options.MaxConns = min(options.MaxConns, most)
	}
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	if reflect.TypeOf(pool.Driver()) != reflect.TypeFor[*pq.Driver]() {
		return nil, errDriver(function, pool.Driver())
	}
	db := newDB(sqlx.NewDb(pool, "postgres"), options)
	db.foreign = true
	if err := db.lookAtPool(ctx, function); err != nil {
		return nil, fail(ctx, err, nil)
	}
	return db, nil
}

// errDriver says that the pool isn't one of lib/pq's.
func errDriver(function string, found any) error {
	return fmt.Errorf("postgres: %s needs a pool of lib/pq's, and this one's driver is %T: give it one of NewPool or "+
		`sql.Open("postgres", url)`, function, found)
}

// sent is a parameter that says in which form it was sent.
type sent struct{}

// BinaryValue says that it was sent in binary.
func (sent) BinaryValue() ([]byte, error) { return []byte("binary"), nil }

// Value says that it was sent as text.
func (sent) Value() (driver.Value, error) { return "text", nil }

// lookAtPool finds out what the pool's connections are like.
func (db *DB) lookAtPool(ctx context.Context, function string) error {
	c, err := db.take(ctx, forReading)
	if err != nil {
		return err
	}
	defer c.close()
	var found any
	_ = c.Raw(func(raw any) error { found = raw; return nil })
	if of := reflect.TypeOf(found); of.Kind() != reflect.Pointer ||
		of.Elem().PkgPath() != reflect.TypeFor[pq.Driver]().PkgPath() {
		return errDriver(function, found) // it wraps one
	}
	tx, err := c.pooled.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var form string
	if err := tx.QueryRowContext(ctx, `SELECT $1::text`, sent{}).Scan(&form); err != nil {
		return err
	}
	db.binary = form == "binary"
	if db.space.name != "" {
		return nil
	}
	var name sql.NullString
	err = tx.QueryRowContext(ctx, `SELECT coalesce((SELECT nspname FROM pg_class c
		JOIN pg_namespace n ON n.oid = relnamespace WHERE c.oid = to_regclass('products_importer_settings')),
		current_schema())`).Scan(&name)
	db.space = newSpace(name.String)
	return err
}

// openShared is open for a pool that others use too: they may have all connections for any time.
func (db *DB) openShared(ctx context.Context, limit context.Context) (*sqlx.Conn, error) {
	c, err := db.sql.Connx(limit)
	if err == nil || ctx.Err() != nil || limit.Err() == nil {
		return c, err
	}
	if s := db.sql.Stats(); s.MaxOpenConnections > 0 && s.InUse >= s.MaxOpenConnections {
		return nil, fmt.Errorf("%w: others use all %d connections of the pool", products.ErrBusy, s.InUse)
	}
	return nil, fmt.Errorf("%w: PostgreSQL did not answer in time", products.ErrUnavailable)
}

// limitStatements sets how long the server may take for a statement of the transaction, where nothing else ends it.
func (t *transaction) limitStatements(ctx context.Context, db *DB, p purpose) error {
	silence := db.terms[p].silence
	if !db.foreign || silence <= t.silence {
		return nil
	}
	t.silence = silence
	_, err := t.ExecContext(ctx, fmt.Sprintf(`SET LOCAL statement_timeout = %d`, silence.Milliseconds()))
	return err
}

// over calls f with what reads over the connection. Where parameters travel in messages of their own it is a
// transaction, so that a pooler leaves the connection alone meanwhile. What builds can't be in one, and has none.
func (db *DB) over(ctx context.Context, c *conn, p purpose, f func(ctx context.Context, q querier) error) error {
	if !db.foreign || db.binary || p == forBuilding {
		return f(ctx, c)
	}
	tx, err := c.pooled.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after the commit it does nothing
	if err := f(ctx, statements{tx, db.space}); err != nil {
		return err
	}
	return tx.Commit()
}
