package postgres_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// TestOpenTableRefuses: a table that can't be imported into is refused at the start, in a sentence that names what is
// wrong.
func TestOpenTableRefuses(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	query(t, url, `CREATE TABLE items (code text PRIMARY KEY, name text NOT NULL, other text, shape box,
			place text GENERATED ALWAYS AS (code) STORED, "Größe" text, made date, tenant int NOT NULL DEFAULT 1,
			UNIQUE (tenant, other));
		CREATE VIEW seen AS SELECT code FROM items;
		CREATE COLLATION vague (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
		CREATE TABLE vague (code text COLLATE vague PRIMARY KEY);
		CREATE TABLE must (code text PRIMARY KEY, shape box NOT NULL);
		CREATE TABLE partial (code text); CREATE UNIQUE INDEX ON partial (code) WHERE code <> '';
		CREATE UNIQUE INDEX ON partial (lower(code), (code || 'x'));
		CREATE TABLE keyless (code text); CREATE TABLE "Upper" (code text PRIMARY KEY);
		CREATE TABLE ruled (code text PRIMARY KEY); CREATE RULE r AS ON INSERT TO ruled DO INSTEAD NOTHING;
		CREATE TABLE secured (code text PRIMARY KEY); ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
		ALTER TABLE secured FORCE ROW LEVEL SECURITY;
		CREATE TABLE floats (code float8 PRIMARY KEY);`)
	leave := []string{"Größe"}
	for _, c := range []struct {
		o      postgres.TableOptions
		column string
		says   string
	}{
		{postgres.TableOptions{}, "", "it has no name; give its name"},
		{postgres.TableOptions{Name: "items"}, "", "no key is given"},
		{postgres.TableOptions{Name: "shop.things", Key: "code"}, "", "sees no table of this name; give its schema too"},
		{postgres.TableOptions{Name: "shop.items", Key: "code"}, "",
			"sees no table of this name; give it as it is here: public.items"},
		{postgres.TableOptions{Name: "Upper", Key: "code"}, "", `give it as it is here: public."Upper"`},
		{postgres.TableOptions{Name: `"items`, Key: "code"}, "", "its name can't be read"},
		{postgres.TableOptions{Name: "seen", Key: "code"}, "", "it is a view; give a table, such as the one behind it"},
		{postgres.TableOptions{Name: "ruled", Key: "code"}, "", "rewrite rules"},
		{postgres.TableOptions{Name: "items", Key: "sku"}, "sku", `it has no column "sku"; it has code, name, other`},
		{postgres.TableOptions{Name: "items", Key: "name", Leave: leave}, "name",
			`the column "name" isn't unique: it has the unique keys (code), (tenant, other)`},
		{postgres.TableOptions{Name: "items", Key: "other", Leave: leave}, "other", `the column "other" isn't unique`},
		{postgres.TableOptions{Name: "partial", Key: "code"}, "code", `the column "code" isn't unique: it has the unique ` +
			`keys (code) WHERE code <> ''::text, (lower(code), (code || 'x'::text)), of which a key takes all columns`},
		{postgres.TableOptions{Name: "keyless", Key: "code"}, "code", "isn't unique: it has no unique key"},
		{postgres.TableOptions{Name: "vague", Key: "code"}, "code", "its collation takes different texts for the same one"},
		{postgres.TableOptions{Name: "floats", Key: "code"}, "code", "its type double precision can't be a key's"},
		{postgres.TableOptions{Name: "items", Key: "place"}, "place", `the column "place" is generated`},
		{postgres.TableOptions{Name: "items", Key: "code", Rename: map[string]string{"shape": "form"}}, "shape",
			`the column "shape" has the type box, which can't be taken; leave it out`},
		{postgres.TableOptions{Name: "items", Key: "shape"}, "shape", `the key "shape" has the type box, which can't be taken`},
		{postgres.TableOptions{Name: "must", Key: "code"}, "shape",
			`box, which can't be taken; give it a constant, or a default`},
		{postgres.TableOptions{Name: "must", Key: "code", Constants: map[string]string{"shape": "round"}}, "shape",
			`the column "shape" can't have the constant "round": invalid input syntax for type box: "round"; give one`},
		{postgres.TableOptions{Name: "must", Key: "code", Leave: []string{"shape"}}, "shape",
			`the column "shape" must be set in new rows, and has no source`},
		{postgres.TableOptions{Name: "items", Key: "code"}, "Größe", `the column "Größe" makes no field`},
		{postgres.TableOptions{Name: "items", Key: "code", Leave: leave, Touch: []string{"name"}}, "name", "and no time"},
		{postgres.TableOptions{Name: "items", Key: "code", Leave: leave, Constants: map[string]string{"tenant": "x"}}, "tenant",
			`the column "tenant" can't have the constant "x"; give one of the type integer`},
	} {
		_, err := postgres.OpenTable(t.Context(), pool(t, url), c.o)
		var problem *postgres.TableError
		require.ErrorAs(t, err, &problem, c.says)
		require.ErrorContains(t, err, c.says)
		require.Equal(t, c.column, problem.Column, c.says)
	}
	_, err := postgres.OpenTable(t.Context(), nil, postgres.TableOptions{})
	require.ErrorContains(t, err, "needs a pool")
}

// TestOpenTableRights: a user without rights is told which ones are missing.
func TestOpenTableRights(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	query(t, url, `CREATE TABLE items (code text PRIMARY KEY, name text);
		CREATE TABLE secured (code text PRIMARY KEY); ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
		CREATE SCHEMA closed CREATE TABLE items (code text PRIMARY KEY);
		CREATE ROLE table_reader; GRANT SELECT ON items TO table_reader; GRANT ALL ON secured TO table_reader`)
	defer query(t, url, `RESET ROLE; DROP OWNED BY table_reader; DROP ROLE table_reader`)
	db := pool(t, url)
	db.SetMaxOpenConns(1)
	_, err := db.ExecContext(t.Context(), `SET ROLE table_reader`)
	require.NoError(t, err)
	_, err = postgres.OpenTable(t.Context(), db, postgres.TableOptions{Name: "items", Key: "code"})
	require.ErrorContains(t, err, `the user "table_reader" may not read and write the column "code"; `+
		`GRANT SELECT, INSERT, UPDATE ON "public"."items" TO "table_reader"`)
	_, err = postgres.OpenTable(t.Context(), db, postgres.TableOptions{Name: "closed.items", Key: "code"})
	require.ErrorContains(t, err, `the user "table_reader" may not use its schema; GRANT USAGE ON SCHEMA closed TO table_reader`)
	_, err = postgres.OpenTable(t.Context(), db, postgres.TableOptions{Name: "secured", Key: "code"})
	require.ErrorContains(t, err, `row-level security hides rows from the user "table_reader"`)
}

// TestTableChanged: a table that loses what it had while a program has it open fails batches in a sentence, for good.
func TestTableChanged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ statement, column, says string }{
		{"ALTER TABLE items DROP COLUMN qty", "qty", `the column "qty" is gone; start again`},
		{"ALTER TABLE items RENAME TO things", "", "sees no table of this name; start again"},
		{"ALTER TABLE items ALTER qty TYPE text", "qty", `the column "qty" had the type integer, and now has text`},
		{"ALTER TABLE items ALTER code TYPE int USING 1", "code", `the column "code" had the type text, and now has integer`},
	} {
		table, url := openTable(t, `CREATE TABLE items (code text PRIMARY KEY, qty int)`, postgres.TableOptions{})
		const file = "code,qty\na,1\n"
		runCSV(t, table, file, importer.Options{})
		query(t, url, c.statement)
		for _, dry := range []bool{true, false} {
			_, err := importer.Run(t.Context(), importer.Bytes(file), table, importer.Options{Mode: products.Update, DryRun: dry})
			var lost *postgres.TableError
			require.ErrorAs(t, err, &lost, c.statement)
			require.ErrorContains(t, err, "it has changed since it was opened: ", c.statement)
			require.ErrorContains(t, err, c.says)
			require.Equal(t, c.column, lost.Column)
			require.NotErrorIs(t, err, products.ErrUnavailable, "a job isn't tried again for it")
		}
	}
}

// TestTableSchema: a table's columns make its schema, and what it asks of values the rules.
func TestTableSchema(t *testing.T) {
	t.Parallel()
	table, _ := openTable(t, `CREATE TYPE state AS ENUM ('new', 'in stock');
		CREATE DOMAIN cents AS numeric(12,2) CHECK (VALUE >= 0) NOT NULL;
		CREATE TABLE items (id bigint GENERATED BY DEFAULT AS IDENTITY, code int2 PRIMARY KEY, name varchar(80) NOT NULL,
			price cents, qty int CHECK (qty BETWEEN 0 AND 500), state state NOT NULL DEFAULT 'new', free numeric,
			weight float8, ref uuid, made date, seen timestamp, tags text[], note text NOT NULL DEFAULT '',
			kind text CHECK (kind IN ('a', 'b c')), short text CHECK (char_length(short) <= 5), active boolean,
			odd int CHECK (odd % 2 = 1), "Item No" text)`,
		postgres.TableOptions{Rename: map[string]string{"Item No": "item_no"}})
	schema := table.Schema()
	require.Equal(t, products.PlainKeys, table.KeyRule())
	require.True(t, schema.IsTable())
	require.Equal(t, "code", schema.Key().Name)
	require.Equal(t, products.Integer, schema.Key().Type)
	for _, want := range []struct {
		name, rules string
		kind        products.Type
		empty       products.Empty
	}{
		{"name", "required,max=80", products.Text, products.EmptyClears},
		{"price", "required,gt=-10000000000,lt=10000000000,gte=0", products.Decimal, products.EmptyClears},
		{"qty", "gte=-2147483648,lte=2147483647,gte=0,lte=500", products.Integer, products.EmptyClears},
		{"state", "oneof=new 'in stock'", products.Text, products.EmptyKeeps},
		{"free", "", products.Decimal, products.EmptyClears},
		{"weight", "", products.Decimal, products.EmptyClears},
		{"ref", "uuid_rfc4122", products.Text, products.EmptyClears},
		{"made", "", products.Date, products.EmptyClears},
		{"seen", "", products.Timestamp, products.EmptyClears},
		{"tags", "", products.List, products.EmptyClears},
		{"note", "", products.Text, products.EmptyIsText},
		{"kind", "oneof=a 'b c'", products.Text, products.EmptyClears},
		{"short", "lte=5", products.Text, products.EmptyClears},
		{"active", "", products.Boolean, products.EmptyClears},
		{"odd", "gte=-2147483648,lte=2147483647", products.Integer, products.EmptyClears},
		{"item_no", "", products.Text, products.EmptyClears},
	} {
		f := schema.Find(want.name)
		require.NotNil(t, f, want.name)
		require.Equal(t, want.rules, f.Rules, want.name)
		require.Equal(t, want.kind, f.Type, want.name)
		require.Equal(t, want.empty, f.Empty, want.name)
	}
	require.Equal(t, 16, schema.Len())
	require.Nil(t, schema.Find("id"))

	text, err := schema.MarshalJSON()
	require.NoError(t, err)
	again, err := products.ParseSchema(text)
	require.NoError(t, err)
	require.True(t, schema.Equal(again), string(text))
}

// TestTableLeavesOut: columns of types that can't be taken are left out by themselves where a row can do without, and
// are set to constants; names that fields can't have become such.
func TestTableLeavesOut(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	query(t, url, `CREATE TABLE items (code text PRIMARY KEY, "Item No" text, "madeAt" date, "URL2" text, data jsonb,
		photo bytea NOT NULL DEFAULT '', sizes int[], area box NOT NULL, spans int4range)`)
	var log bytes.Buffer
	table, err := postgres.OpenTable(t.Context(), pool(t, url), postgres.TableOptions{Name: "items", Key: "code",
		Constants: map[string]string{"area": "1,2,3,4", "spans": "[1,5)"},
		Logger:    slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	require.Equal(t, []postgres.LeftOutColumn{{Name: "data", Type: "jsonb"}, {Name: "photo", Type: "bytea"},
		{Name: "sizes", Type: "integer[]"}}, table.LeftOut())
	require.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
	require.Contains(t, log.String(), "data (jsonb)")
	result, rejects := runCSV(t, table, "code,Item No,madeAt,url2,data\na,no 1,2026-11-28,x,{}\n",
		importer.Options{Mode: products.Update})
	require.Empty(t, rejects)
	require.EqualValues(t, 1, result.Created)
	require.Equal(t, "a|no 1|2026-11-28|x|(3,4),(1,2)|[1,5)", scan[string](t, url, `SELECT concat_ws('|', code, "Item No",
		"madeAt", "URL2", area, spans) FROM items WHERE data IS NULL AND photo = ''`))
	require.Equal(t, []string{"item_no", "made_at", "url2"}, []string{table.Schema().At(0).Name, table.Schema().At(1).Name,
		table.Schema().At(2).Name})
}

// item is what a program has of a table.
type item struct {
	Code  string `import:"key" db:"code"`
	Price string `db:"price" validate:"gte=0" import:"scale=2,aliases=cost"`
	Stock int
}

// TestTableOfStruct: a struct is held against the table at the start.
func TestTableOfStruct(t *testing.T) {
	t.Parallel()
	fields, err := products.TableSchemaOf[item]()
	require.NoError(t, err)
	for _, c := range []struct{ columns, says string }{
		{"price numeric(10,2), stock int, other box", ""},
		{"price numeric(10,2)", `the field "stock" has no column that can be set; it has code, price`},
		{"price numeric(10,3), stock int", `the field "price" doesn't fit the column "price": the field has 2 digits behind ` +
			`the point, but the column's numeric(10,3) has 3`},
		{"price text, stock int", "the field is of the type decimal, but the column's text makes it text"},
		{"price numeric(10,2), stock int, must text NOT NULL", `the column "must" must be set in new rows, and has no source`},
	} {
		url := pgtest.URL(t)
		query(t, url, `CREATE TABLE items (code text PRIMARY KEY, `+c.columns+`)`)
		table, err := postgres.OpenTable(t.Context(), pool(t, url), postgres.TableOptions{Name: "items", Key: "code",
			Fields: fields})
		if c.says != "" {
			require.ErrorContains(t, err, c.says)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, 2, table.Schema().Len())
		require.Equal(t, []string{"cost"}, table.Schema().Find("price").Aliases)
	}
}
