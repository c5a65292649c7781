package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// TestTableKeys: two keys are the same when the table says so, and a second import changes nothing.
func TestTableKeys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, keys, again string // of files
		want              string // in the table
		rejected          int64
	}{
		{kind: "integer", keys: "007,8,x,99999999999", again: "7,008", want: "7 8", rejected: 2},
		{kind: "numeric(10,2)", keys: "1.5,1.50,2", again: "001.50,2.0", want: "1.50 2.00"},
		{kind: "numeric", keys: "1.5,2", again: "1.500,2.0", want: "1.5 2"},
		{kind: "uuid", keys: "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11,no", again: "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
			want: "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", rejected: 1},
		{kind: "date", keys: "2026-02-28,2026-02-30", again: "2026-02-28", want: "2026-02-28", rejected: 1},
		{kind: "char(5)", keys: "ab,abc,toolong", again: "ab,abc", want: "ab abc", rejected: 1},
		{kind: "varchar(5)", keys: "ab,AB,toolong", again: "AB,ab", want: "AB ab", rejected: 1},
		{kind: "citext", keys: "ab,AB", again: "AB", want: "AB"},
	} {
		t.Run(c.kind, func(t *testing.T) {
			t.Parallel()
			table, url := openTable(t, `CREATE EXTENSION IF NOT EXISTS citext;
				CREATE TABLE items (code `+c.kind+` PRIMARY KEY, qty int)`, postgres.TableOptions{})
			file := func(keys string) string {
				return "code,qty\n" + strings.ReplaceAll(keys, ",", ",1\n") + ",1\n"
			}
			distinct := int64(len(strings.Fields(c.want)))
			result, _ := runCSV(t, table, file(c.keys), importer.Options{Mode: products.Update})
			require.Equal(t, c.rejected, result.Rejected)
			require.Equal(t, distinct, result.Created)
			require.Equal(t, c.want, scan[string](t, url, `SELECT string_agg(code::text, ' ' ORDER BY code::text COLLATE "C")
				FROM items`))
			result, rejects := runCSV(t, table, file(c.again), importer.Options{Mode: products.Update})
			require.Equal(t, distinct, result.Unchanged, "%v", rejects)
			result, _ = runCSV(t, table, file(c.again), importer.Options{Mode: products.Ignore})
			require.Equal(t, distinct, result.Skipped)
			result, _ = runCSV(t, table, strings.ReplaceAll(file(c.again), ",1\n", ",2\n"),
				importer.Options{Mode: products.Existing})
			require.Equal(t, distinct, result.Updated)
		})
	}
}

// TestTableOptions: columns are renamed and left out, set to constants and to the time, and changed or not.
func TestTableOptions(t *testing.T) {
	t.Parallel()
	table, url := openTable(t, `CREATE SCHEMA shop; CREATE TABLE shop.items (id bigint GENERATED ALWAYS AS IDENTITY,
			tenant int NOT NULL, code text NOT NULL, "Title" text NOT NULL, price numeric(8,2), note text NOT NULL,
			source text, secret text DEFAULT 'kept', made timestamptz DEFAULT now(), touched timestamptz,
			UNIQUE (tenant, code));
		INSERT INTO shop.items (tenant, code, "Title", price, note) VALUES (1, 'a', 'of another', 1, '')`,
		postgres.TableOptions{Name: "shop.items", Rename: map[string]string{"Title": "name"}, Blank: []string{"note"},
			Constants: map[string]string{"tenant": "7", "source": "products"}, Leave: []string{"secret", "made"},
			Update: []string{"price"}, Touch: []string{"touched"}})
	o := importer.Options{Mode: products.Update, Set: map[string]string{"note": "set"}}
	result, _ := runCSV(t, table, "code,Title,price\na,Lamp,1.5\nb,Desk,\n", o)
	require.EqualValues(t, 2, result.Created)
	const rows = `SELECT string_agg(concat_ws('|', tenant, code, "Title", price, note, source, secret, touched IS NOT NULL),
		' ' ORDER BY tenant, code) FROM shop.items`
	require.Equal(t, "1|a|of another|1.00||kept|f 7|a|Lamp|1.50|set|products|kept|t 7|b|Desk|set|products|kept|t",
		scan[string](t, url, rows))
	query(t, url, `UPDATE shop.items SET touched = NULL`)
	result, rejects := runCSV(t, table, "code,name,price,note\na,Other,2,\nb,Other,,\n", importer.Options{Mode: products.Update})
	require.Empty(t, rejects)
	require.EqualValues(t, 1, result.Updated)
	require.EqualValues(t, 1, result.Unchanged, "columns that aren't to be changed make no difference")
	require.Equal(t, "1|a|of another|1.00||kept|f 7|a|Lamp|2.00|set|products|kept|t 7|b|Desk|set|products|kept|f",
		scan[string](t, url, rows))
	result, _ = runCSV(t, table, "code,name\nc,New\n", importer.Options{Mode: products.Update})
	require.EqualValues(t, 1, result.Created)
	require.Empty(t, scan[string](t, url, `SELECT note FROM shop.items WHERE code = 'c'`))

	_, err := importer.Run(t.Context(), importer.Bytes("code,name,color\nd,D,red\n"), table,
		importer.Options{Extra: importer.ExtraKeep})
	require.ErrorContains(t, err, "the table has no place for them")
}

// TestTableRenamed: a renamed column can be given by its own name too, unless that is another column's name or field.
func TestTableRenamed(t *testing.T) {
	t.Parallel()
	table, url := openTable(t, `CREATE TABLE items (code text PRIMARY KEY, name text, "Name" text, a text, b text,
		"Title" text, "Item No" text, item_no text)`, postgres.TableOptions{Rename: map[string]string{"Name": "big", "a": "b", "b": "a",
		"Title": "words", "Item No": "number"}})
	result, rejects := runCSV(t, table, "code,name,big,a,b,Title,number,item_no\nx,n,N,is b,is a,T,1,2\n",
		importer.Options{})
	require.Empty(t, rejects)
	require.EqualValues(t, 1, result.Created)
	require.Equal(t, "n|N|is a|is b|T|1|2", scan[string](t, url,
		`SELECT concat_ws('|', name, "Name", a, b, "Title", "Item No", item_no) FROM items`))
}

// TestTableEmpty: an empty cell of a column that can't be null gives a new row the default, whatever that is, and leaves
// alone what a row has; where the default is the empty text or list it is that.
func TestTableEmpty(t *testing.T) {
	t.Parallel()
	table, url := openTable(t, `CREATE SEQUENCE numbers; CREATE TABLE items (code text PRIMARY KEY, qty int NOT NULL DEFAULT 5,
		day date NOT NULL DEFAULT current_date, tags text[] NOT NULL DEFAULT '{}', words text[] NOT NULL DEFAULT '{a,b}',
		note text NOT NULL DEFAULT '', word text NOT NULL DEFAULT 'w', free text DEFAULT 'f', made text NOT NULL DEFAULT
		'n' || nextval('numbers'), CHECK (day > '2000-01-01' OR qty < 0))`, postgres.TableOptions{})
	const rows = `SELECT string_agg(concat_ws('|', code, qty, day = current_date, array_to_string(tags, '+'),
		array_to_string(words, '+'), note, word, coalesce(free, '-'), made <> ''), ' ' ORDER BY code) FROM items`
	const header = "code,qty,day,tags,words,note,word,free,made\n"
	result, rejects := runCSV(t, table, header+"a,,,,,,,,\nb,1,2026-01-02,x,y,z,v,u,s\nc,2,,,q,,,,s\nd,,,,,,,,\n",
		importer.Options{Mode: products.Update})
	require.Empty(t, rejects)
	require.EqualValues(t, 4, result.Created)
	require.Equal(t, "a|5|t||a+b||w|-|t b|1|f|x|y|z|v|u|t c|2|t||q||w|-|t d|5|t||a+b||w|-|t", scan[string](t, url, rows))
	require.Equal(t, 2, scan[int](t, url, `SELECT count(DISTINCT made) FROM items WHERE code IN ('a', 'd')`))
	result, rejects = runCSV(t, table, header+"a,,,,,,,,\nb,,,,,,,,\n", importer.Options{Mode: products.Update})
	require.Empty(t, rejects)
	require.EqualValues(t, 1, result.Unchanged)
	require.EqualValues(t, 1, result.Updated)
	require.Equal(t, "b|1|f||y||v|-|t", scan[string](t, url, strings.Replace(rows, "FROM items", "FROM items WHERE code = 'b'", 1)))
}

// TestTablePooler: a table is imported into by way of a pooler in transaction mode.
func TestTablePooler(t *testing.T) {
	t.Parallel()
	direct := pgtest.URL(t)
	query(t, direct, `CREATE TABLE items (code text PRIMARY KEY, qty int CHECK (qty <> 50 OR code = ''))`)
	var text strings.Builder
	text.WriteString("code,qty\n")
	for i := range 2000 {
		fmt.Fprintf(&text, "c-%d,%d\n", i, i%100)
	}
	table, err := postgres.OpenTable(t.Context(), pool(t, pgtest.Pooler(t, direct)),
		postgres.TableOptions{Name: "items", Key: "code"})
	require.NoError(t, err)
	o := importer.Options{Mode: products.Update, BatchRecords: 100}
	result, rejects := runCSV(t, table, text.String(), o)
	require.EqualValues(t, 1980, result.Created)
	require.Len(t, rejects, 20)
	result, _ = runCSV(t, table, text.String(), o)
	require.EqualValues(t, 1980, result.Unchanged)
	require.Equal(t, 1980, scan[int](t, direct, `SELECT count(*) FROM items`))
}

// TestTableJob: a job writes into a table of one's own in the transactions of the DB that keeps it. A worker that goes
// in the middle, with a batch that isn't committed, leaves what another one goes on with: each batch is written once, and
// what was refused is counted and told.
func TestTableJob(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	query(t, url, `CREATE TABLE items (code text PRIMARY KEY, qty int, CONSTRAINT sane CHECK (qty <> 7 OR code = ''));
		CREATE TABLE log (code text);
		CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO log VALUES (NEW.code); RETURN NULL; END';
		CREATE TRIGGER note AFTER INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION note()`)
	db := open(t, url, postgres.Options{})
	table, err := db.OpenTable(t.Context(), postgres.TableOptions{Name: "items", Key: "code"})
	require.NoError(t, err)
	var text strings.Builder
	text.WriteString("code,qty\n")
	for i := range 100 {
		fmt.Fprintf(&text, "c-%d,%d\n", i, i%10)
	}
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{Fields: table.Schema(),
		KeyRule: table.KeyRule(), Into: table.Destination()})
	require.NoError(t, err)
	submitted, _, err := service.Submit(t.Context(), job.Request{Settings: job.Settings{Mode: products.Update,
		BatchRecords: 10}}, strings.NewReader(text.String()))
	require.NoError(t, err)

	// The first worker is gone in its fourth batch, and says nothing more.
	gone := errors.New("gone")
	dying := &dyingTable{Table: table, after: 3, with: gone}
	ctx, die := context.WithCancel(t.Context())
	dying.die = die
	runner, err := job.NewRunner(db.Jobs(), db.Uploads(), dying, job.RunnerOptions{Writers: 1})
	require.NoError(t, err)
	claim, err := runner.Claim(t.Context(), "first")
	require.NoError(t, err)
	_, _ = runner.Run(ctx, claim, nil)
	require.Equal(t, 27, scan[int](t, url, `SELECT count(*) FROM items`))

	query(t, url, `UPDATE import_jobs SET lease_until = now() - interval '1 hour' WHERE lease_until IS NOT NULL`)
	runner, err = job.NewRunner(db.Jobs(), db.Uploads(), table, job.RunnerOptions{Writers: 2})
	require.NoError(t, err)
	query(t, url, `UPDATE import_jobs SET not_before = now()`)
	claim, err = runner.Claim(t.Context(), "second")
	require.NoError(t, err)
	require.NotNil(t, claim)
	_, err = runner.Run(t.Context(), claim, nil)
	require.NoError(t, err)
	done, err := service.Get(t.Context(), submitted.ID)
	require.NoError(t, err)
	require.Equal(t, job.Success, done.State, done.Error)
	require.EqualValues(t, 90, done.Event.Counts.Created)
	require.EqualValues(t, 10, done.Event.Counts.Rejected)
	require.Equal(t, map[importer.Code]int64{importer.CodeCheck: 10}, done.Rejects)
	require.Equal(t, 90, scan[int](t, url, `SELECT count(*) FROM items`))
	require.Equal(t, 90, scan[int](t, url, `SELECT count(*) FROM log`), "triggers fire once for each row")
	var rejects bytes.Buffer
	require.NoError(t, service.Rejects(t.Context(), submitted.ID, &rejects))
	require.Equal(t, 10, strings.Count(rejects.String(), "breaks the constraint sane"))
}

// dyingTable is one whose process dies in the transaction of a batch.
type dyingTable struct {
	*postgres.Table
	after int
	with  error
	die   func()
}

func (d *dyingTable) WriteBatch(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
	if d.after--; d.after < 0 {
		dies := *b
		save := b.BeforeCommit
		dies.BeforeCommit = func(ctx context.Context, result *products.BatchResult) error {
			return errors.Join(save(ctx, result), d.with)
		}
		d.die()
		return d.Table.WriteBatch(context.WithoutCancel(ctx), &dies)
	}
	return d.Table.WriteBatch(ctx, b)
}
