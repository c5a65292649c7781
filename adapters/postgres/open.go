package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// Options are the settings of a DB. The zero value works.
type Options struct {
	// KeyRule says which SKUs are the same. It is recorded when a database is used for the first time; after that it
	// must be the recorded one, else Open returns a *KeyRuleError. Nil is the recorded one, or products.ExactKeys.
	KeyRule *products.KeyRule
	// Fields say which fields products have, nil for those of products.Standard. Those of one's own are columns of the
	// table products, which are added where they are missing. Other processes may have more fields, or fewer: what one
	// doesn't know it leaves alone.
	Fields *products.Schema
	// Schema is the PostgreSQL schema that all tables of the DB are in, a name of at most 63 bytes; it is made where it
	// is missing and the user may. Empty leaves it to the search_path. Statements name it, so it is safe behind a
	// pooler. Two schemas of a database have nothing to do with each other, and one's own tables may have the same
	// names in another.
	Schema string
	// Distribution is what the products are distributed over: one table, partitions of it, or the nodes of a Citus
	// cluster. It is recorded in the database, and the zero value leaves it as it is there. Where another one is asked
	// for than one table has, Open moves the products, in one transaction: nobody else reads or writes them meanwhile,
	// which took half a minute for each million of them on two busy cores, and both copies need room on the disk until
	// it ends. Processes that run go on afterwards. From one distribution to another the way is by OneTable, which
	// brings them back; else Open returns a *DistributionError, as where something depends on the table that can't be
	// moved with it.
	Distribution Distribution
	// MaxConns is the most connections at a time: 1 to 1,000, 0 for 10. Of four and more some are kept for heartbeats
	// of imports and for DB.Ping, and some from batches. Calls that find all of them busy wait: a heartbeat for 3 s, a
	// read for 5 s, a write for 10 s, a batch for a minute; then they fail with ErrBusy.
	MaxConns int
	// HeavyReads is how many reads that no index serves, such as searches and counts, are done at a time: at least 1, 0
	// for a fifth of MaxConns. More of them wait for a second, and fail with ErrBusy, as do those that take longer than
	// 7 s.
	HeavyReads int
	// RetryFor is how long a transaction is tried again after failures that can pass: a lost connection, a deadlock, a
	// server that restarts. 0 is 10 seconds; negative is not at all.
	RetryFor time.Duration
	// Sealer encrypts the secrets, tokens and headers of webhooks' endpoints; nil stores them readable.
	Sealer *webhooks.Sealer
	// NoMigrate leaves the schema alone. Open then fails with a *SchemaError where it isn't the one that is needed.
	NoMigrate bool
	// Logger gets a record of every migration and of every transaction that is tried again; nil for none.
	Logger *slog.Logger
}

const defaultConns = 10

// withDefaults returns the options with the defaults filled in, or an error that names the first bad one.
func (o Options) withDefaults() (Options, error) {
	if o.MaxConns == 0 {
		o.MaxConns = defaultConns
	}
	if o.MaxConns < 1 || o.MaxConns > 1000 {
		return o, fmt.Errorf("postgres: Options.MaxConns must be between 1 and 1000, not %d", o.MaxConns)
	}
	if o.HeavyReads == 0 {
		o.HeavyReads = max(o.MaxConns/5, 1)
	}
	if o.HeavyReads < 1 {
		return o, fmt.Errorf("postgres: Options.HeavyReads must be at least 1, not %d", o.HeavyReads)
	}
	if err := CheckSchema(o.Schema); err != nil {
		return o, fmt.Errorf("postgres: Options.Schema can't be %q: %w", o.Schema, err)
	}
	if err := o.Distribution.check(); err != nil {
		return o, fmt.Errorf("postgres: Options.Distribution can't be %q: %w", o.Distribution, err)
	}
	if o.RetryFor == 0 {
		o.RetryFor = 10 * time.Second
	}
	if o.KeyRule != nil && *o.KeyRule > products.FoldedKeys {
		return o, fmt.Errorf("postgres: Options.KeyRule is unknown: %d", *o.KeyRule)
	}
	if o.Fields == nil {
		o.Fields = products.Standard()
	}
	if o.Fields.Find("name") == nil {
		return o, errors.New("postgres: Options.Fields has not even the standard fields: make it with products.NewSchema")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

// DB is a PostgreSQL database. It is safe for concurrent use.
//
// No call waits forever for a server that is frozen or out of reach. Opening a connection may take the URL's
// connect_timeout. Where a server is silent for 8 s to a read (5 s to a heartbeat), for 15 s to a write,
// for 30 minutes to a batch or DeleteAll and for a day to what builds indexes or migrates, the call fails with
// ErrUnavailable; a call whose context ends fails within a second, but for a COMMIT that is under way and whose
// context had no deadline: that gets RetryFor. A host that is gone is noticed after 25 s.
type DB struct {
	sql         *sqlx.DB
	options     Options
	space       space
	products    Products
	jobs        Jobs
	uploads     Uploads
	webhooks    Webhooks
	notifier    notifier
	builder     builder
	slots       slots
	citus       bool          // the database has Citus
	prepared    prepared      // of Citus's nodes
	maxIdle     time.Duration // see DB.limitIdle
	distributed distributed
	opened      openedTables

	foreign bool // the pool is somebody else's, see OpenDB
	binary  bool // a foreign pool sends parameters with their statements

	connector connector // of our own pool
	places    *places
	terms     [purposes]terms
}

// Open connects to the database, a URL like postgres://user:password@host:5432/name or a libpq connection string, and
// brings its schema up to date. Without an sslmode, TLS is used where the server offers it; without a connect_timeout
// it is 5 seconds. No error shows the password.
//
// ErrUnavailable when the database can't be reached; *SchemaError when it belongs to a newer version of this package;
// *KeyRuleError when it was set up with another rule than the one asked for; *FieldTypeError when it has a field of
// Options.Fields in another form; *UnfitError when it can't be used as it
// is: its encoding isn't UTF8, the user lacks privileges, transactions are read-only, or pgbouncer allows none. A
// sequence that is behind its table is moved on. The caller closes the DB.
func Open(ctx context.Context, databaseURL string, options Options) (*DB, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	config, err := parseURL(databaseURL)
	if err != nil {
		return nil, err
	}
	connector, err := newConnector(config)
	if err != nil {
		return nil, fmt.Errorf("postgres: bad database URL: %w", err)
	}
	db := newDB(sqlx.NewDb(sql.OpenDB(connector), "postgres"), options)
	db.connector = connector
	db.sql.SetMaxOpenConns(options.MaxConns)
	db.sql.SetMaxIdleConns(options.MaxConns)
	db.sql.SetConnMaxIdleTime(5 * time.Minute)
	db.notifier.url = listenURL(databaseURL, config)
	if err := db.connect(ctx, config); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db.start(ctx)
}

// newDB returns a DB over the pool, for start.
func newDB(pool *sqlx.DB, options Options) *DB {
	db := &DB{sql: pool, options: options, space: newSpace(options.Schema), maxIdle: maxIdle,
		places: newPlaces(options.MaxConns, options.HeavyReads), terms: defaultTerms}
	db.products.db, db.jobs.db, db.uploads.db, db.webhooks.db = db, db, db, db
	db.notifier.init(db)
	return db
}

// start brings the schema up to date, and begins what is done in the background.
func (db *DB) start(ctx context.Context) (*DB, error) {
	db.products.layout = newLayout(tableName{db.space.name, "products"}, db.options.Fields)
	if err := db.setUp(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	db.buildInBackground(ctx)
	return db, nil
}

// Pools returns what is known of the pool of connections, by the name "connections", at this moment. Its waits are
// those for a connection that may be used for the purpose at hand: some are kept for what is urgent.
func (db *DB) Pools() map[string]sql.DBStats {
	s := db.sql.Stats()
	s.WaitCount += db.places.waits.Load()
	s.WaitDuration += time.Duration(db.places.waited.Load())
	return map[string]sql.DBStats{"connections": s}
}

// Close closes all connections but those of OpenDB's pool. Calls under way fail.
func (db *DB) Close() error {
	db.builder.stop()
	db.notifier.close()
	if db.foreign {
		return nil
	}
	return db.sql.Close()
}

// Products returns the store of products.
func (db *DB) Products() *Products { return &db.products }

// Jobs returns the store of jobs.
func (db *DB) Jobs() *Jobs { return &db.jobs }

// Uploads returns the storage of uploads.
func (db *DB) Uploads() *Uploads { return &db.uploads }

// Webhooks returns the store of webhooks.
func (db *DB) Webhooks() *Webhooks { return &db.webhooks }
