package postgres

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/products-importer/products-importer/products"
)

// UnfitError says why a database can't be used as it is set up, and what to do about it.
type UnfitError struct {
	// Kind is stable, for programs: encoding, pooling, read_only, privileges, occupied, columns,
	// sequence or citus_worker.
	Kind string
	// Problem says what is wrong, Remedy what to do; neither ends with a full stop.
	Problem, Remedy string

	cause error
}

func (e *UnfitError) Error() string {
	return fmt.Sprintf("postgres: the database can't be used: %s; %s", e.Problem, e.Remedy)
}

// Unwrap returns ErrUnavailable for read_only, since that may pass: a database is made read-only while its disk is
// full, or before a failover. Else it returns the server's error, nil for none.
func (e *UnfitError) Unwrap() error {
	if e.Kind == "read_only" {
		return products.ErrUnavailable
	}
	return e.cause
}

// tables and sequences are all that is written to.
var (
	tables = []string{"products", "products_importer_commits", "import_jobs", "import_checkpoints", "import_changes",
		"import_uploads",
		"import_upload_chunks", "import_standing_uploads", "import_profiles", "api_tokens", "product_keys",
		"product_history",
		"webhook_endpoints",
		"webhook_events",
		"webhook_numbers", "webhook_deliveries", "webhook_deliveries_pending", "webhook_deliveries_ended", "webhook_claims", "webhook_attempts",
		"webhook_feed", "webhook_feed_keeping"}
	sequences = []string{"product_ids", "webhook_delivery_ids", "webhook_feed_ids"}
)

// fit returns an *UnfitError for a database that can't be used at all. It may be called before the tables are there.
func (db *DB) fit(ctx context.Context) error {
	tx, err := db.firstTx(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var encoding, user, path string
	var readOnly, schema bool
	err = tx.QueryRowContext(ctx,
		`SELECT current_setting('server_encoding'), current_setting('default_transaction_read_only')::boolean,
		EXISTS (SELECT FROM pg_extension WHERE extname = 'citus'), current_user, current_setting('search_path'),
		`+db.space.usable()).Scan(&encoding, &readOnly, &db.citus, &user, &path, &schema)
	switch {
	case err != nil:
		return err
	case encoding != "UTF8":
		return &UnfitError{Kind: "encoding",
			Problem: fmt.Sprintf("its encoding is %s, which can't keep every text", encoding),
			Remedy:  "create one with CREATE DATABASE .. ENCODING 'UTF8' TEMPLATE template0"}
	case readOnly:
		return &UnfitError{Kind: "read_only", Problem: "its transactions are read-only",
			Remedy: "set default_transaction_read_only = off for it and for the user"}
	case !schema && db.space.name != "":
		return &UnfitError{Kind: "privileges",
			Problem: fmt.Sprintf("the user %q may not use the schema %q", user, db.space.name),
			Remedy:  "grant USAGE on it"}
	case !schema:
		return &UnfitError{Kind: "privileges",
			Problem: fmt.Sprintf("of the schemas in its search_path (%s) there is none that the user %q may use", path, user),
			Remedy:  "grant USAGE on the one with the tables, or set search_path"}
	case db.citus:
		db.doubt() // a process that vanished may have left something prepared
		return fitNode(ctx, tx)
	}
	return nil
}

// fitNode returns an *UnfitError for a worker node of Citus: the tables that aren't distributed are the coordinator's.
func fitNode(ctx context.Context, tx *sqlx.Tx) error {
	var group int
	var coordinator string
	err := tx.QueryRowContext(ctx, `SELECT (SELECT groupid FROM pg_dist_local_group), coalesce((SELECT
		nodename || ':' || nodeport FROM pg_dist_node WHERE groupid = 0 AND noderole = 'primary' LIMIT 1), '')`).
		Scan(&group, &coordinator)
	if err != nil || group == 0 {
		return err
	}
	remedy := "connect to the coordinator"
	if coordinator != "" {
		remedy += ", which is " + coordinator
	}
	return &UnfitError{Kind: "citus_worker", Problem: "it is a worker node of a Citus cluster", Remedy: remedy}
}

// firstTx begins a transaction. Where pgbouncer allows none it cuts the connection, and the driver isn't told why: that
// statements alone succeed shows it.
func (db *DB) firstTx(ctx context.Context) (tx *sqlx.Tx, err error) {
	for range 3 {
		if tx, err = db.sql.BeginTxx(ctx, nil); err == nil || !lost(err) {
			return tx, err
		}
		if _, err := db.sql.ExecContext(ctx, `SELECT 1`); err != nil {
			return nil, err
		}
	}
	return nil, &UnfitError{Kind: "pooling",
		Problem: "connections are cut where a transaction begins, as by pgbouncer in statement mode",
		Remedy:  "set pool_mode = transaction for it", cause: err}
}

// mayMigrate returns an *UnfitError for a user who may not change the schema and these tables, as far as they are
// there, for the purpose.
func (db *DB) mayMigrate(ctx context.Context, purpose string, owned ...string) error {
	var user, missing string
	err := db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		return q.QueryRowxContext(ctx, `SELECT current_user, concat_ws(', and ', CASE
			WHEN $2::text <> '' AND n.oid IS NULL THEN CASE
				WHEN NOT has_database_privilege(current_database(), 'CREATE') THEN 'CREATE on the database '
					|| quote_ident(current_database()) || ', for the schema ' || quote_ident($2) END
			WHEN NOT has_schema_privilege(n.oid, 'CREATE') THEN 'CREATE on the schema ' || quote_ident(n.nspname) END,
			(SELECT 'ownership of ' || string_agg(relname, ', ' ORDER BY relname) FROM pg_class
				WHERE oid IN (SELECT to_regclass(name) FROM unnest($1::text[]) AS name)
					AND NOT pg_has_role(relowner, 'USAGE')))
			FROM (SELECT coalesce(nullif($2::text, ''), current_schema()) AS name) AS s
			LEFT JOIN pg_namespace n ON n.nspname = s.name`,
			db.space.all(owned), db.space.name).Scan(&user, &missing)
	})
	if err != nil || missing == "" {
		return err
	}
	return &UnfitError{Kind: "privileges",
		Problem: fmt.Sprintf("%s takes what the user %q lacks: %s", purpose, user, missing),
		Remedy:  "connect once as a user who has it, or grant it"}
}

// unoccupied returns an *UnfitError for a database that has something of others' under the names of what the migrations
// behind the version make.
func (db *DB) unoccupied(ctx context.Context, version int64) error {
	var names []string
	for _, m := range allMade() {
		if m.version > version {
			names = append(append(names, m.relations...), m.indexes...)
		}
	}
	var taken string
	err := db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		return q.QueryRowxContext(ctx, `SELECT coalesce(string_agg(name, ', ' ORDER BY name), '')
			FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL OR to_regtype(name) IS NOT NULL`,
			db.space.all(names)).Scan(&taken)
	})
	if err != nil || taken == "" {
		return err
	}
	// Another process may have made them just now, each together with its version.
	if now, err := db.schemaVersion(ctx); err != nil || now != version {
		return err
	}
	return &UnfitError{Kind: "occupied",
		Problem: "it has something else under names that the importer needs: " + taken,
		Remedy: "give the importer a schema of its own, with Options.Schema or the flag -schema; " +
			"it is made where it is missing"}
}

// mayWrite returns an *UnfitError for a user who may not read and write all of the tables.
func (db *DB) mayWrite(ctx context.Context) error {
	var user, missing string
	err := db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		return q.QueryRowxContext(ctx, `SELECT current_user, concat_ws(', ',
		(SELECT string_agg(name, ', ') FROM unnest($1::text[]) AS name WHERE NOT (has_table_privilege(name, 'SELECT')
			AND has_table_privilege(name, 'INSERT') AND has_table_privilege(name, 'UPDATE')
			AND has_table_privilege(name, 'DELETE'))),
		(SELECT string_agg(name, ', ') FROM unnest($2::text[]) AS name
			WHERE NOT has_sequence_privilege(name, 'USAGE')))`,
			db.space.all(tables), db.space.all(sequences)).Scan(&user, &missing)
	})
	if err != nil || missing == "" {
		return err
	}
	return &UnfitError{Kind: "privileges", Problem: fmt.Sprintf("the user %q lacks privileges on %s", user, missing),
		Remedy: "grant SELECT, INSERT, UPDATE, DELETE on tables, and USAGE on sequences"}
}

// fillable returns an *UnfitError for a table of products with columns of others that a new row has to fill, and that
// nothing fills: no default, and no trigger, which might, but for domains that are never null.
func (db *DB) fillable(ctx context.Context) error {
	known := pq.StringArray{"id", "version", "created_at", "updated_at", "sku_key", "sku", "attributes"}
	for _, f := range db.options.Fields.All() {
		known = append(known, f.Name)
	}
	var missing string
	err := db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		return q.QueryRowxContext(ctx, `SELECT coalesce(string_agg(quote_ident(attname), ', ' ORDER BY attnum), '')
			FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
			WHERE attrelid = 'products'::regclass AND attnum > 0 AND NOT attisdropped 
				AND NOT atthasdef AND attidentity = '' AND typdefault IS NULL AND attname <> ALL ($1::text[])
				AND (typnotnull OR attnotnull AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = attrelid
					AND NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgtype & 7 = 7))`, known).Scan(&missing)
	})
	if err != nil || missing == "" {
		return err
	}
	return &UnfitError{Kind: "columns",
		Problem: "its table products has columns that no row may be without, and that the importer can't fill: " + missing,
		Remedy:  "give them a default, or drop their NOT NULL"}
}

// refusal returns an *UnfitError where the server refused the user a privilege for the purpose, else the error.
func refusal(purpose string, err error) error {
	if e := pq.As(err, insufficientPrivilege); e != nil {
		return &UnfitError{Kind: "privileges", Problem: purpose + " was refused: " + e.Message,
			Remedy: "grant it, or connect as the owner of the tables", cause: err}
	}
	return err
}
