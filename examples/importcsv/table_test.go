package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/products"
)

const items = `CREATE SCHEMA shop; CREATE TABLE shop.items (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	tenant_id integer NOT NULL, code text NOT NULL, title text NOT NULL, price numeric(10,2) CHECK (price >= 0),
	made_at timestamptz NOT NULL DEFAULT now(), UNIQUE (tenant_id, code))`

// TestTable imports into a table that was made by hand, of one tenant among others.
func TestTable(t *testing.T) {
	url := pgtest.URL(t)
	db := open(t, url)
	_, err := db.ExecContext(t.Context(), items+`;
		INSERT INTO shop.items (tenant_id, code, title) VALUES (8, 'a', 'of another tenant')`)
	require.NoError(t, err)
	tables := count(t, db, `SELECT count(*) FROM pg_class WHERE oid > 16383`)
	path := write(t, "items.csv", "Code;Title;Price\na;Lamp;1,50\nb;Chair;20,00\nc;Free;-1,00\n")
	env := map[string]string{"DATABASE_URL": url}
	args := []string{"-table", "shop.items", "-key", "tenant_id, code", "-set", "tenant_id=7", "-mode", "update"}
	for i := range 2 {
		s := importcsv(t, env, "", append(args, "-json", path)...)
		require.Equal(t, 0, s.status, s.stderr)
		object := s.decode(t)
		require.InDelta(t, 2-2*i, object["created"], 0)
		require.InDelta(t, 2*i, object["unchanged"], 0)
		require.InDelta(t, 1, object["rejected"], 0)
	}
	require.EqualValues(t, 2, count(t, db, `SELECT count(*) FROM shop.items WHERE tenant_id = 7 AND price > 0`))
	require.EqualValues(t, 1, count(t, db, `SELECT count(*) FROM shop.items WHERE title = 'of another tenant'`))
	require.Equal(t, tables, count(t, db, `SELECT count(*) FROM pg_class WHERE oid > 16383`), "nothing is made")
	s := importcsv(t, env, "", append(args, "-dry-run", path)...)
	require.Contains(t, s.stdout, "dry run, nothing written: "+path+" into the table shop.items, mode update: 3 records")

	s = importcsv(t, env, "", append(args, "-describe")...)
	require.Equal(t, 0, s.status, s.stderr)
	schema, err := products.ParseSchema([]byte(s.stdout))
	require.NoError(t, err, "it is a fields file")
	require.Equal(t, "code", schema.Key().Name)
	require.Equal(t, 2, schema.Find("price").Scale)
	require.Nil(t, schema.Find("tenant_id"))
}

// TestTableColumns: columns of types that can't be taken are named and left out, or set; others are renamed, left out
// and set to the time.
func TestTableColumns(t *testing.T) {
	url := pgtest.URL(t)
	db := open(t, url)
	_, err := db.ExecContext(t.Context(), `CREATE TABLE items (code text PRIMARY KEY, "Artikel" text NOT NULL, secret text
		DEFAULT 'kept', data jsonb, extra jsonb, sizes integer[] NOT NULL, updated_at timestamptz)`)
	require.NoError(t, err)
	env := map[string]string{"DATABASE_URL": url}
	path := write(t, "items.csv", "code,name,secret\na,Lamp,told\n")
	args := []string{"-table", `"items"`, "-key", `"code"`, "-rename", `"Artikel"=name`, "-leave", `"secret"`, "-touch",
		`"updated_at"`}
	s := importcsv(t, env, "", append(args, path)...)
	require.Equal(t, 1, s.status)
	require.Contains(t, s.stderr, `the column "sizes" has the type integer[], which can't be taken; give it a constant`)
	args = append(args, "-set", "sizes={1,2}", "-set", `extra={"a":1}`)
	s = importcsv(t, env, "", append(args, "-describe")...)
	require.Equal(t, 0, s.status, s.stderr)
	const told = "no file can set these columns, whose types can't be taken: data (jsonb)\n"
	require.Contains(t, s.stderr, told)
	schema, err := products.ParseSchema([]byte(s.stdout))
	require.NoError(t, err)
	require.Equal(t, 1, schema.Len(), s.stdout)
	s = importcsv(t, env, "", append(args, path)...)
	require.Equal(t, 0, s.status, s.stderr)
	require.Contains(t, s.stderr, told)
	require.EqualValues(t, 1, count(t, db, `SELECT count(*) FROM items WHERE "Artikel" = 'Lamp' AND secret = 'kept'
		AND data IS NULL AND extra->>'a' = '1' AND sizes = '{1,2}' AND updated_at IS NOT NULL`))
	s = importcsv(t, env, "", append(args, "-set", "data=x", path)...)
	require.Contains(t, s.stderr, `the column "data" can't have the constant "x": invalid input syntax for type json`)
}

// TestTableTriggers: a dry run names the triggers that would be fired, since what they do isn't known.
func TestTableTriggers(t *testing.T) {
	url := pgtest.URL(t)
	_, err := open(t, url).ExecContext(t.Context(), `CREATE TABLE items (sku text PRIMARY KEY,
			title text CHECK (title <> 'bad'), ts timestamptz);
		CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.ts = now(); RETURN NEW; END';
		CREATE TRIGGER stamp BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION stamp();
		CREATE TRIGGER again BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION stamp()`)
	require.NoError(t, err)
	path := write(t, "items.csv", "sku,title\na,A\nb,B\nc,bad\nd,D\n")
	args := []string{"-table", "items", "-key", "sku", "-leave", "ts", "-mode", "update", path}
	const hint = "importcsv: a dry run fires no triggers, so what these change or refuse isn't known: "
	env := map[string]string{"DATABASE_URL": url}
	good := write(t, "good.csv", "sku,title\na,A\n")
	s := importcsv(t, env, "", append([]string{"-dry-run"}, append(args[:6:6], "-mode", "update", good)...)...)
	require.Contains(t, s.stderr, hint+"stamp\n")
	s = importcsv(t, env, "", append([]string{"-dry-run"}, args...)...)
	require.Equal(t, 0, s.status, s.stderr)
	require.Contains(t, s.stderr, hint+"again, stamp\n", "a CHECK's reject may be of either")
	require.Regexp(t, `created +3[^0-9]`, s.stdout)
	require.Regexp(t, `rejected +1[^0-9]`, s.stdout)
	s = importcsv(t, env, "", append([]string{"-dry-run", "-quiet"}, args...)...)
	require.NotContains(t, s.stderr, hint)
	s = importcsv(t, env, "", args...)
	require.Regexp(t, `created +3[^0-9]`, s.stdout)
	require.Regexp(t, `rejected +1[^0-9]`, s.stdout)
	require.NotContains(t, s.stderr, hint)
	s = importcsv(t, env, "", append([]string{"-dry-run"}, append(args[:6:6], "-mode", "update", good)...)...)
	require.NotContains(t, s.stderr, hint, "nothing is to be written")
}

func TestTableRefused(t *testing.T) {
	url := pgtest.URL(t)
	_, err := open(t, url).ExecContext(t.Context(), items)
	require.NoError(t, err)
	path := write(t, "items.csv", "code,title\na,Lamp\n")
	for _, c := range []struct {
		says   string
		status int
		args   []string
	}{
		{"-key is for -table", 2, []string{"-key", "code", path}},
		{"-leave is for -table", 2, []string{"-leave", "a", path}},
		{"want COLUMN=FIELD", 2, []string{"-table", "x", "-key", "a", "-rename", "a", path}},
		{"-describe is for -table", 2, []string{"-describe"}},
		{"name its columns with -key", 2, []string{"-table", "shop.items", path}},
		{"want one column, or several different ones", 2, []string{"-table", "x", "-key", "a,,b", path}},
		{"want one column, or several different ones", 2, []string{"-table", "x", "-key", "a,a", path}},
		{"-table is of PostgreSQL", 2, []string{"-table", "x", "-key", "a", "-database-url", "memory:", path}},
		{"-missing is for products", 2, []string{"-table", "x", "-key", "a", "-missing", "delete", path}},
		{"write -table SCHEMA.TABLE", 2, []string{"-table", "x", "-key", "a", "-schema", "shop", path}},
		{"-table has its own fields", 2, []string{"-table", "x", "-key", "a", "-fields",
			write(t, "fields.json", shopFields), path}},
		{"name the file to import", 2, []string{"-table", "x", "-key", "a"}},
		{"-key has tenant_id and code from the file", 1, []string{"-table", "shop.items", "-key", "tenant_id,code", path}},
		{"one of them has to come from the file", 1, []string{"-table", "shop.items", "-key", "code", "-set", "code=1",
			path}},
		{"the table shop.items can't be imported into", 1, []string{"-table", "shop.items", "-key", "code", path}},
		{"the table nowhere can't be imported into", 1, []string{"-table", "nowhere", "-key", "code", "-describe"}},
		{"there is no field \"colour\"", 1, []string{"-table", "shop.items", "-key", "tenant_id,code", "-set",
			"tenant_id=7", "-map", "colour=x", path}},
		{"importcsv: -extra can't keep other columns: the table shop.items has no place for them", 1, []string{"-table",
			"shop.items", "-key", "tenant_id,code", "-set", "tenant_id=7", "-extra", "keep", path}},
	} {
		s := importcsv(t, map[string]string{"DATABASE_URL": url}, "", c.args...)
		require.Equal(t, c.status, s.status, "%v: %s", c.args, s.stderr)
		require.Contains(t, s.stderr, c.says)
	}
}
