package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// Options are the settings of a DB. The zero value works.
type Options struct {
	// KeyRule says which SKUs are the same. It is recorded when a file is used for the first time; after that it must
	// be the recorded one, else Open returns a *KeyRuleError. Nil is the recorded one, or products.ExactKeys.
	KeyRule *products.KeyRule
	// Fields say which fields products have, nil for those of products.Standard. Those of one's own are columns of the
	// table products, which are added where they are missing. Other processes may have more fields, or fewer: what one
	// doesn't know it leaves alone.
	Fields *products.Schema
	// MaxReaders is how many reads are done at a time: 1 to 1,000, 0 for four times the number of processors, at
	// least 8. More of them wait.
	MaxReaders int
	// WaitFor is how long a write waits for other processes that write to the file, before it fails with
	// products.ErrBusy: 0 is a minute; negative is not at all. Writers of this process are waited for without a bound.
	WaitFor time.Duration
	// Sealer encrypts the secrets, tokens and headers of webhooks' endpoints; nil stores them readable.
	Sealer *webhooks.Sealer
	// NoMigrate leaves the schema alone. Open then fails with a *SchemaError where it isn't the one that is needed.
	NoMigrate bool
	// Logger gets a record of every migration; nil for none.
	Logger *slog.Logger
	// Now is the clock of jobs and webhooks, nil for time.Now. Tests may set it back.
	Now func() time.Time
}

// withDefaults returns the options with the defaults filled in, or an error that names the first bad one.
func (o Options) withDefaults() (Options, error) {
	if o.KeyRule != nil && *o.KeyRule > products.FoldedKeys {
		return o, fmt.Errorf("sqlite: Options.KeyRule is unknown: %d", *o.KeyRule)
	}
	if o.Fields == nil {
		o.Fields = products.Standard()
	}
	if o.Fields.Find("name") == nil {
		return o, errors.New("sqlite: Options.Fields has not even the standard fields: make it with products.NewSchema")
	}
	if o.MaxReaders == 0 {
		o.MaxReaders = max(4*runtime.GOMAXPROCS(0), 8)
	}
	if o.MaxReaders < 1 || o.MaxReaders > 1000 {
		return o, fmt.Errorf("sqlite: Options.MaxReaders must be between 1 and 1000, not %d", o.MaxReaders)
	}
	if o.WaitFor == 0 {
		o.WaitFor = time.Minute
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o, nil
}

// DB is data in a file. It is safe for concurrent use, and so is the file by many processes.
type DB struct {
	path    string // absolute
	options Options
	// turn holds a value while a transaction is open that writes. Who waits for a channel gets his turn in the order in
	// which he came, which a pool of connections doesn't promise.
	turn    chan struct{}
	waits   atomic.Int64 // how often a transaction waited for its turn
	waited  atomic.Int64 // for how long in all, in nanoseconds
	writer  *sqlx.DB     // of one connection
	readers *sqlx.DB
	wakes   wakes
	rule    products.KeyRule

	products Products
	jobs     Jobs
	webhooks Webhooks
}

// Open opens the file, makes it where there is none, and brings its schema up to date. Several processes may do so at
// the same time.
//
// *FileError where the path can't be used, and why; *SchemaError when the file belongs to a newer version of this
// package; *KeyRuleError when it was set up with another rule than the one asked for; *FieldTypeError when it has a
// field of Options.Fields in another form; *MissingFieldsError when it lacks one, and Options.NoMigrate. The caller
// closes the DB.
func Open(ctx context.Context, path string, options Options) (*DB, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	absent := ""
	if options.NoMigrate {
		absent = "migrate it, which makes it, or give another path"
	}
	if path, err = checkPath(path, absent); err != nil {
		return nil, err
	}
	db := &DB{path: path, options: options, turn: make(chan struct{}, 1)}
	db.products.db, db.products.layout = db, newLayout(options.Fields)
	db.jobs.db, db.webhooks.db = db, db
	if db.writer, err = openPool(path, forWriting); err != nil {
		return nil, err
	}
	db.writer.SetMaxOpenConns(1)
	db.writer.SetMaxIdleConns(1)
	if db.readers, err = openPool(path, forReading); err != nil {
		return nil, errors.Join(err, db.writer.Close())
	}
	// Two are held for longer: that of wakes, and that which counts.
	db.readers.SetMaxOpenConns(options.MaxReaders + 2)
	db.readers.SetMaxIdleConns(options.MaxReaders + 2)
	db.readers.SetConnMaxIdleTime(5 * time.Minute)
	db.wakes.init(db.readers)
	if err := db.setUp(ctx); err != nil {
		return nil, errors.Join(db.fail(ctx, err, nil), db.Close())
	}
	return db, nil
}

// Close closes the file. Calls under way fail. The last process that closes it tidies up: FILE-wal and FILE-shm go.
func (db *DB) Close() error {
	db.wakes.close()
	db.products.counts.close()
	// The last connection that is closed must be one that writes, or FILE-wal stays.
	return errors.Join(db.readers.Close(), db.writer.Close())
}

// Pools returns what is known at this moment of the connections that read, by the name "readers", and of the one that
// writes, "writer", whose waits are those of transactions for their turn; the waits for other processes don't count.
func (db *DB) Pools() map[string]sql.DBStats {
	writer := db.writer.Stats()
	writer.WaitCount, writer.WaitDuration = db.waits.Load(), time.Duration(db.waited.Load())
	return map[string]sql.DBStats{"readers": db.readers.Stats(), "writer": writer}
}

// Ping reports whether the file answers.
func (db *DB) Ping(ctx context.Context) error {
	return db.read(ctx, func(ctx context.Context, q querier) error {
		var one int
		return sqlx.GetContext(ctx, q, &one, `SELECT count(*) FROM products_importer_settings LIMIT 1`)
	})
}

// Path is where the file is, as an absolute path.
func (db *DB) Path() string { return db.path }

// now is the time by the DB's clock, in the resolution of what is stored.
func (db *DB) now() time.Time { return db.options.Now().UTC().Truncate(time.Microsecond) }
