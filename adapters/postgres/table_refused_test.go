package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// openTable makes the table items of the statements, and opens it.
func openTable(t testing.TB, statements string, o postgres.TableOptions) (table *postgres.Table, url string) {
	t.Helper()
	url = pgtest.URL(t)
	query(t, url, statements)
	if o.Name == "" {
		o.Name = "items"
	}
	if o.Key == "" {
		o.Key = "code"
	}
	table, err := postgres.OpenTable(t.Context(), pool(t, url), o)
	require.NoError(t, err)
	return table, url
}

// runCSV imports a file and returns the result with the rejects.
func runCSV(t testing.TB, store importer.Store, text string, o importer.Options) (*importer.Result, []importer.Reject) {
	t.Helper()
	var rejects []importer.Reject
	o.OnReject = func(r importer.Reject) error { rejects = append(rejects, r); return nil }
	result, err := importer.Run(t.Context(), importer.Bytes(text), store, o)
	require.NoError(t, err)
	return result, rejects
}

// TestTableRefuses: whatever the table refuses costs its record and not its batch, in a new row and in a changed one, and
// says so with the constraint's name. A dry run tells what SELECTs show.
func TestTableRefuses(t *testing.T) {
	t.Parallel()
	const base = `CREATE TABLE brands (id int PRIMARY KEY); INSERT INTO brands VALUES (1), (2);
		CREATE DOMAIN odd AS int CHECK (VALUE %% 2 = 1);
		CREATE TABLE items (code text PRIMARY KEY, price numeric(12,2), qty int, brand int %s, ean text %s,
			CONSTRAINT sane CHECK (price IS NULL OR qty IS NULL OR price * qty < 1000), oddly odd %s);
		CREATE FUNCTION strict() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
			IF NEW.qty = 13 THEN RAISE EXCEPTION 'thirteen is unlucky'; END IF;
			IF NEW.qty = 14 THEN RETURN NULL; END IF;
			RETURN NEW; END$$;
		%s`
	const foreign, unique = "REFERENCES brands DEFERRABLE INITIALLY DEFERRED", "CONSTRAINT one_ean UNIQUE"
	const trigger = "CREATE TRIGGER strict BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION strict()"
	for _, c := range []struct {
		name, foreign, unique, after, trigger string
		bad                                   string // a record behind its code
		code                                  importer.Code
		column, reason                        string
		undry                                 bool // a dry run can't know
	}{
		{name: "check", bad: "500,3,1,x,1", code: importer.CodeCheck,
			reason: `the table items refuses the row "zbad": price, qty breaks the constraint sane`},
		{name: "check behind a trigger", trigger: trigger, bad: "500,3,1,x,1", code: importer.CodeCheck,
			reason: `price, qty breaks the constraint sane`},
		{name: "foreign key", foreign: foreign, bad: "1,1,77,x,1", code: importer.CodeForeignKey, column: "brand",
			reason: `brand "77" refers to what isn't there, by the foreign key items_brand_fkey`},
		{name: "unique", unique: unique, bad: "1,1,1,ean-0,1", code: importer.CodeUnique, column: "ean",
			reason: `ean "ean-0" is what another row has already, by the unique key one_ean`, undry: true},
		{name: "domain", bad: "1,1,1,x,2", code: importer.CodeCheck, reason: "odd_check", undry: true},
		{name: "exception", trigger: trigger, bad: "1,13,1,x,1", code: importer.CodeRefused,
			reason: `the table items refuses the row "zbad": thirteen is unlucky`, undry: true},
		{name: "left out", trigger: trigger, bad: "1,14,1,x,1", code: importer.CodeRefused,
			reason: `a trigger left it out, without an error`, undry: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			table, url := openTable(t, fmt.Sprintf(base, c.foreign, c.unique, c.after, c.trigger), postgres.TableOptions{})
			file := func(price int, withBad bool) string {
				var b strings.Builder
				b.WriteString("code,price,qty,brand,ean,oddly\n")
				for i := range 100 {
					fmt.Fprintf(&b, "c-%d,%d,1,1,ean-%d,1\n", i, price, i)
					if i == 60 && withBad {
						b.WriteString("zbad," + c.bad + "\n")
					}
				}
				return b.String()
			}
			check := func(result *importer.Result, rejects []importer.Reject, good int64) {
				t.Helper()
				require.Len(t, rejects, 1)
				require.Equal(t, c.code, rejects[0].Code)
				require.Contains(t, rejects[0].Reason, c.reason)
				require.Equal(t, c.column, rejects[0].Column)
				require.EqualValues(t, 63, rejects[0].Line)
				require.Equal(t, map[importer.Code]int64{c.code: 1}, result.Rejects)
				require.EqualValues(t, 1, result.Rejected)
				require.Equal(t, good, result.Created+result.Updated)
			}
			o := importer.Options{Mode: products.Update}
			dry := o
			dry.DryRun = true
			result, rejects := runCSV(t, table, file(1, true), dry)
			if c.undry {
				require.Empty(t, rejects)
				require.EqualValues(t, 101, result.Created)
			} else {
				check(result, rejects, 100)
			}
			require.Zero(t, scan[int](t, url, `SELECT count(*) FROM items`))
			result, rejects = runCSV(t, table, file(1, true), o)
			check(result, rejects, 100)
			require.EqualValues(t, 100, result.Created)
			require.Equal(t, 100, scan[int](t, url, `SELECT count(*) FROM items`))

			// A row that exists.
			query(t, url, `INSERT INTO items VALUES ('zbad', 7, 7, 1, 'own', 1)`)
			result, rejects = runCSV(t, table, file(2, true), dry)
			if !c.undry {
				check(result, rejects, 100)
			}
			result, rejects = runCSV(t, table, file(2, true), o)
			check(result, rejects, 100)
			require.EqualValues(t, 100, result.Updated)
			require.Equal(t, "7.00 7 1 own 1", scan[string](t, url,
				`SELECT concat_ws(' ', price, qty, brand, ean, oddly) FROM items WHERE code = 'zbad'`))
			require.Equal(t, 100, scan[int](t, url, `SELECT count(*) FROM items WHERE price = 2`))
			result, _ = runCSV(t, table, file(2, false), o)
			require.EqualValues(t, 100, result.Unchanged)
		})
	}
}

// TestTableTriggers: a dry run judges CHECKs beside triggers, of rows as the records have them, and the table names the
// triggers because of which that may be wrong. A write leaves the judgement of what they may change to the table.
func TestTableTriggers(t *testing.T) {
	t.Parallel()
	const trigger = "CREATE TRIGGER %s EXECUTE FUNCTION stamp();"
	for _, c := range []struct {
		name, triggers string
		sets           string // by the triggers' function
		file           string // code,title,qty
		dry, real      int64  // rejects
		want           []postgres.Trigger
	}{
		{"none", "", "", "b,bad,1\n", 1, 1, nil},
		{"deletes", "d BEFORE DELETE ON items FOR EACH ROW", "", "b,bad,1\n", 1, 1, nil},
		{"a time", "s BEFORE INSERT OR UPDATE ON items FOR EACH ROW", "NEW.ts = now();", "b,bad,1\n", 1, 1,
			[]postgres.Trigger{{Name: "s", Insert: true, Update: true}}},
		{"of updates", "s BEFORE UPDATE ON items FOR EACH ROW", "NEW.ts = now();", "b,bad,1\nold,bad,1\n", 2, 2,
			[]postgres.Trigger{{Name: "s", Update: true}}},
		{"of columns", "s BEFORE UPDATE OF ts ON items FOR EACH ROW", "NEW.title = 'x';", "old,bad,1\n", 1, 1, nil},
		{"of columns that are set", "s BEFORE UPDATE OF ts, qty ON items FOR EACH ROW", "NEW.title = 'x';", "old,bad,1\n",
			1, 0, []postgres.Trigger{{Name: "s", Update: true}}},
		{"of a generated column", "s BEFORE UPDATE OF twice ON items FOR EACH ROW", "NEW.title = 'x';", "old,bad,1\n",
			1, 0, []postgres.Trigger{{Name: "s", Update: true}}},
		{"mends", "s BEFORE INSERT ON items FOR EACH ROW", "NEW.title = replace(NEW.title, 'bad', 'good');",
			"b,bad,1\nc,fine,-1\n", 2, 1, []postgres.Trigger{{Name: "s", Insert: true}}},
		{"fills in", "s BEFORE INSERT ON items FOR EACH ROW", "NEW.filled = 'x';", "b,fine,1\nc,bad,1\n", 1, 1,
			[]postgres.Trigger{{Name: "s", Insert: true}}},
		{"after", "z AFTER INSERT ON items FOR EACH STATEMENT", "", "b,bad,1\n", 1, 1,
			[]postgres.Trigger{{Name: "z", Insert: true}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			filled := "text"
			if c.name == "fills in" {
				filled = "text DEFAULT '' CHECK (filled <> '')"
			}
			made := ""
			if c.triggers != "" {
				made = fmt.Sprintf(trigger, c.triggers)
			}
			table, url := openTable(t, `CREATE TABLE items (code text PRIMARY KEY, title text CHECK (title <> 'bad'), qty int
				CHECK (qty + 0 > 0), ts timestamptz, filled `+filled+`, twice int GENERATED ALWAYS AS (qty * 2) STORED);
				INSERT INTO items VALUES ('old', 'old', 7, NULL, 'x');
				CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN `+c.sets+` RETURN NEW; END$$;`+made,
				postgres.TableOptions{Leave: []string{"ts", "filled"}})
			require.Equal(t, c.want, table.Triggers())
			o := importer.Options{Mode: products.Update, DryRun: true}
			result, rejects := runCSV(t, table, "code,title,qty\na,Lamp,1\n"+c.file, o)
			require.Equal(t, c.dry, result.Rejected, "%v", rejects)
			require.Equal(t, 1, scan[int](t, url, `SELECT count(*) FROM items`))
			o.DryRun = false
			result, rejects = runCSV(t, table, "code,title,qty\na,Lamp,1\n"+c.file, o)
			require.Equal(t, c.real, result.Rejected, "%v", rejects)
		})
	}
	table, _ := openTable(t, `CREATE TABLE items (code text PRIMARY KEY, qty int) PARTITION BY HASH (code);
		CREATE TABLE items_0 PARTITION OF items FOR VALUES WITH (MODULUS 1, REMAINDER 0) PARTITION BY HASH (code);
		CREATE TABLE items_00 PARTITION OF items_0 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
		CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
		CREATE TRIGGER all_of_them BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION stamp();
		CREATE TRIGGER deep BEFORE INSERT ON items_00 FOR EACH ROW EXECUTE FUNCTION stamp()`, postgres.TableOptions{})
	require.Equal(t, []postgres.Trigger{{Name: "all_of_them", Update: true}, {Name: "deep", Insert: true, Update: true}},
		table.Triggers())
}

// TestTableRefusesMany: all records of a batch may be refused, and half of them.
func TestTableRefusesMany(t *testing.T) {
	t.Parallel()
	table, url := openTable(t, `CREATE TABLE items (code int PRIMARY KEY, qty int);
		CREATE FUNCTION strict() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
			IF NEW.qty % 2 = 1 THEN RAISE EXCEPTION 'odd' USING ERRCODE = 'U0001'; END IF; RETURN NEW; END$$;
		CREATE TRIGGER strict BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION strict()`,
		postgres.TableOptions{})
	var odd, mixed strings.Builder
	odd.WriteString("code,qty\n")
	mixed.WriteString("code,qty\n")
	for i := range 200 {
		fmt.Fprintf(&odd, "%d,1\n", i)
		fmt.Fprintf(&mixed, "%03d,%d\n", i, i)
	}
	result, rejects := runCSV(t, table, odd.String(), importer.Options{Mode: products.Update})
	require.EqualValues(t, 200, result.Rejected)
	require.Len(t, rejects, 200)
	result, _ = runCSV(t, table, mixed.String(), importer.Options{Mode: products.Update})
	require.EqualValues(t, 100, result.Rejects[importer.CodeRefused])
	require.EqualValues(t, 100, result.Created)
	require.Equal(t, 100, scan[int](t, url, `SELECT count(*) FROM items`))
}
