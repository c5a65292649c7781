package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/products"
)

// unfit opens a database that can't be used.
func unfit(t *testing.T, url, kind, problem string) {
	t.Helper()
	_, err := postgres.Open(t.Context(), url, postgres.Options{})
	var refused *postgres.UnfitError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, kind, refused.Kind, err)
	require.ErrorContains(t, err, problem)
	require.NotContains(t, err.Error(), "\n")
}

// cleanUp runs statements when the test has ended.
func cleanUp(t *testing.T, url, statements string) {
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	_, err = db.ExecContext(context.WithoutCancel(t.Context()), statements)
	require.NoError(t, errors.Join(err, db.Close()))
}

func TestEncodings(t *testing.T) {
	direct := pgtest.URL(t)
	for _, encoding := range []string{"LATIN1", "SQL_ASCII", "EUC_JP"} {
		t.Run(encoding, func(t *testing.T) {
			name := scan[string](t, direct, `SELECT current_database()`) + "_" + strings.ToLower(encoding)
			query(t, direct, `CREATE DATABASE `+pq.QuoteIdentifier(name)+` ENCODING '`+encoding+
				`' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'`)
			t.Cleanup(func() { cleanUp(t, direct, `DROP DATABASE `+pq.QuoteIdentifier(name)+` WITH (FORCE)`) })
			u, err := url.Parse(direct)
			require.NoError(t, err)
			u.Path = "/" + name
			unfit(t, u.String(), "encoding", "its encoding is "+encoding+", ")
			require.Zero(t, scan[int](t, u.String(), `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`))
		})
	}
}

func TestReadOnly(t *testing.T) {
	direct := pgtest.URL(t)
	open(t, direct, postgres.Options{})
	query(t, direct, `ALTER DATABASE `+scan[string](t, direct, `SELECT current_database()`)+
		` SET default_transaction_read_only = on`)
	unfit(t, direct, "read_only", "set default_transaction_read_only = off")
	_, err := postgres.Open(t.Context(), direct, postgres.Options{})
	require.ErrorIs(t, err, products.ErrUnavailable)
}

func TestStatementPooling(t *testing.T) {
	direct := pgtest.URL(t)
	unfit(t, pgtest.PoolerIn(t, direct, "statement"), "pooling", "set pool_mode = transaction")
	create(t, open(t, pgtest.PoolerIn(t, direct, "session"), postgres.Options{}), "a")
}

// TestPrivilegesAreAskedFor: what is written to is checked at the start, tables of later versions too.
func TestPrivilegesAreAskedFor(t *testing.T) {
	owner := pgtest.URL(t)
	open(t, owner, postgres.Options{})
	all := scan[string](t, owner, `SELECT string_agg(relname, ' ' ORDER BY relname COLLATE "C") FROM pg_class
		WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S')
			AND relname NOT LIKE 'products\_importer\_migrations%' AND relname <> 'products_importer_settings'
			AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'i' AND relkind = 'S')`)
	require.Equal(t, strings.Fields(all), postgres.WrittenTo())
}

func TestPrivileges(t *testing.T) {
	owner := pgtest.URL(t)
	name := scan[string](t, owner, `SELECT 'user_' || current_database()`)
	query(t, owner, `CREATE ROLE `+name+` LOGIN PASSWORD 'secret'; REVOKE CREATE ON SCHEMA public FROM PUBLIC`)
	t.Cleanup(func() { cleanUp(t, owner, `DROP OWNED BY `+name+`; DROP ROLE `+name) })
	u, err := url.Parse(owner)
	require.NoError(t, err)
	u.User = url.UserPassword(name, "secret")
	user := u.String()

	query(t, owner, `REVOKE USAGE ON SCHEMA public FROM PUBLIC`)
	unfit(t, user, "privileges", `of the schemas in its search_path ("$user", public) there is none that the user "`+name+
		`" may use; grant USAGE`)
	query(t, owner, `GRANT USAGE ON SCHEMA public TO PUBLIC`)
	unfit(t, user, "privileges", `making the schema or bringing it up to date takes what the user "`+name+
		`" lacks: CREATE on the schema public;`)
	create(t, open(t, owner, postgres.Options{}), "a")
	unfit(t, user, "privileges", "permission denied for table products_importer_migrations")
	query(t, owner, `GRANT SELECT ON ALL TABLES IN SCHEMA public TO `+name)
	unfit(t, user, "privileges", "lacks privileges on products, products_importer_commits, import_jobs,")
	query(t, owner, `GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO `+name)
	unfit(t, user, "privileges", "lacks privileges on product_ids, webhook_delivery_ids, webhook_feed_ids; grant ")
	query(t, owner, `GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO `+name+`; REVOKE DELETE ON webhook_claims FROM `+
		name)
	unfit(t, user, "privileges", "lacks privileges on webhook_claims;")
	query(t, owner, `GRANT DELETE ON webhook_claims TO `+name)
	create(t, open(t, user, postgres.Options{}), "b")

	query(t, owner, `ALTER TABLE products ADD COLUMN price numeric(38,2);
		REVOKE INSERT, UPDATE ON products_importer_settings FROM `+name)
	create(t, open(t, user, postgres.Options{Fields: schemaWith(t, price)}), "with a price")
	_, err = postgres.Open(t.Context(), user, postgres.Options{Fields: schemaWith(t, price, stock)})
	require.ErrorContains(t, err, `adding the columns of fields takes what the user "`+name+
		`" lacks: CREATE on the schema public, and ownership of products;`)
	_, err = postgres.Open(t.Context(), user, postgres.Options{Distribution: postgres.HashPartitions(2)})
	require.ErrorContains(t, err, `distributing the products by hash:2 takes what the user "`+name+
		`" lacks: CREATE on the schema public, and ownership of product_keys, products;`)

	query(t, owner, `INSERT INTO products (id, sku_key, sku, name) VALUES (1000, 'c', 'c', 'c')`)
	unfit(t, user, "sequence", "as its owner run SELECT setval('product_ids', 1000)")
	query(t, owner,
		`DELETE FROM products_importer_migrations WHERE version_id = (SELECT max(version_id) FROM products_importer_migrations)`)
	unfit(t, user, "privileges", "lacks: CREATE on the schema public, and ownership of api_tokens, import_changes, ")
	query(t, owner, `GRANT CREATE ON SCHEMA public TO `+name)
	unfit(t, user, "privileges", "lacks: ownership of api_tokens, import_changes, import_checkpoints, ")
}

// TestColumnsOfOthers: columns that somebody has added to the table, and that every new row has to fill, are named at
// the start.
func TestColumnsOfOthers(t *testing.T) {
	url := pgtest.URL(t)
	create(t, open(t, url, postgres.Options{}), "a")
	query(t, url, `CREATE DOMAIN code AS text DEFAULT 'x' NOT NULL; CREATE DOMAIN bare AS text NOT NULL;
		ALTER TABLE products ADD COLUMN note text, ADD COLUMN supplier integer NOT NULL DEFAULT 1,
			ADD COLUMN number integer NOT NULL GENERATED BY DEFAULT AS IDENTITY, ADD COLUMN code code,
			ADD COLUMN twice integer NOT NULL GENERATED ALWAYS AS (supplier * 2) STORED`)
	create(t, open(t, url, postgres.Options{}), "b")
	query(t, url, `ALTER TABLE products ADD COLUMN "Shelf no" integer NOT NULL DEFAULT 1, ADD COLUMN bare bare DEFAULT '';
		ALTER TABLE products ALTER COLUMN "Shelf no" DROP DEFAULT, ALTER COLUMN bare DROP DEFAULT`)
	unfit(t, url, "columns", `columns that no row may be without, and that the importer can't fill: "Shelf no", bare; `+
		"give them a default, or drop their NOT NULL")
	_, err := postgres.Open(t.Context(), url, postgres.Options{NoMigrate: true})
	require.ErrorContains(t, err, `"Shelf no"`)

	// A trigger may fill the one, and comes too late for the other.
	query(t, url, `CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS
			$$ BEGIN NEW."Shelf no" = 7; RETURN NEW; END $$;
		CREATE TRIGGER filling BEFORE INSERT ON products FOR EACH ROW EXECUTE FUNCTION fill()`)
	unfit(t, url, "columns", "can't fill: bare; ")
	query(t, url, `ALTER TABLE products ALTER COLUMN bare SET DEFAULT ''`)
	create(t, open(t, url, postgres.Options{}), "c")
	query(t, url, `ALTER TABLE products DISABLE TRIGGER filling`)
	unfit(t, url, "columns", `can't fill: "Shelf no"; `)
}
