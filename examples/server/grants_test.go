package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/examples/programtest"
)

// execute runs statements as the owner.
func execute(t *testing.T, ctx context.Context, owner, statements string) {
	t.Helper()
	db, err := sql.Open("postgres", owner)
	require.NoError(t, err)
	_, err = db.ExecContext(ctx, statements)
	require.NoError(t, errors.Join(err, db.Close()), statements)
}

// newUser makes a user of the database who may connect, and nothing else, and returns its name and URL.
func newUser(t *testing.T, owner string) (name, as string) {
	t.Helper()
	u, err := url.Parse(owner)
	require.NoError(t, err)
	name = "importer_" + strings.TrimPrefix(u.Path, "/")
	execute(t, t.Context(), owner, `CREATE ROLE `+name+` LOGIN PASSWORD 'secret'; REVOKE ALL ON SCHEMA public FROM PUBLIC`)
	t.Cleanup(func() {
		execute(t, context.WithoutCancel(t.Context()), owner, `DROP OWNED BY `+name+`; DROP ROLE `+name)
	})
	u.User = url.UserPassword(name, "secret")
	return name, u.String()
}

// startBuiltWorker starts examples/worker, and waits until it is at work.
func startBuiltWorker(t *testing.T, program string, args ...string) *exec.Cmd {
	t.Helper()
	p := exec.Command(program, append(args, "-admin-addr", "")...)
	p.Stderr = os.Stderr
	stdout, err := p.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	t.Cleanup(func() { kill(p) })
	require.True(t, bufio.NewScanner(stdout).Scan(), "it says its name")
	return p
}

// grants are the statements of grants.sql for a schema and a user, as psql reads them.
func grants(t *testing.T, schema, user string) (statements string) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("..", "grants.sql"))
	require.NoError(t, err)
	for line := range strings.Lines(string(file)) {
		if !strings.HasPrefix(line, `\`) {
			statements += line
		}
	}
	return strings.NewReplacer(`:"schema"`, `"`+schema+`"`, `:"user"`, `"`+user+`"`).Replace(statements)
}

// TestGrantsInASchema grants all in a schema of one's own and nothing else, by psql too where there is one.
func TestGrantsInASchema(t *testing.T) {
	t.Parallel()
	owner := home.Empty(t)
	name, as := newUser(t, owner)
	const schema = "Shop's"
	// has compares what the user may do with the settings and with products.
	has := func(want bool) {
		t.Helper()
		db, err := sql.Open("postgres", owner)
		require.NoError(t, err)
		defer func() { require.NoError(t, db.Close()) }()
		for table, privileges := range map[string]string{"products": "SELECT INSERT UPDATE DELETE",
			"products_importer_settings": "SELECT", "products_importer_migrations": "SELECT"} {
			for _, privilege := range strings.Fields("SELECT INSERT UPDATE DELETE") {
				var may bool
				require.NoError(t, db.QueryRowContext(t.Context(), `SELECT has_table_privilege($1, $2, $3)`, name,
					fmt.Sprintf("%q.%s", schema, table), privilege).Scan(&may))
				require.Equal(t, want && strings.Contains(privileges, privilege), may, table+" "+privilege)
			}
		}
	}
	execute(t, t.Context(), owner, `CREATE SCHEMA "`+schema+`"`)
	status, _, stderr := command(t, "migrate", "-database-url", owner, "-schema", schema)
	require.Zero(t, status, stderr)
	has(false)
	execute(t, t.Context(), owner, grants(t, schema, name))
	has(true)
	c := start(t, "-database-url", as, "-schema", schema, "-no-migrate")
	c.do("POST", "/products/", "application/json", strings.NewReader(`{"name":"Chair","sku":"d"}`), 201)

	psql, err := exec.LookPath("psql")
	if err != nil {
		return
	}
	execute(t, t.Context(), owner, `DROP OWNED BY `+name)
	has(false)
	run := func(args ...string) (string, error) {
		args = append([]string{owner, "-X", "-v", "user=" + name, "-f", filepath.Join("..", "grants.sql")}, args...)
		said, err := exec.CommandContext(t.Context(), psql, args...).CombinedOutput()
		return string(said), err
	}
	said, err := run()
	require.Error(t, err, "nothing was migrated there: %s", said)
	require.Contains(t, said, "public.products_importer_settings\" does not exist")
	has(false)
	said, err = run("-v", "schema="+schema)
	require.NoError(t, err, said)
	has(true)
}

// TestLeastPrivileges runs everything as a user who owns nothing and has what grants.sql grants.
func TestLeastPrivileges(t *testing.T) {
	t.Parallel()
	owner := home.Empty(t)
	name, user := newUser(t, owner)
	fields := filepath.Join(t.TempDir(), "fields.json")
	require.NoError(t, os.WriteFile(fields,
		[]byte(`{"fields": [{"name": "price", "type": "decimal", "scale": 2, "index": true}]}`), 0o600))
	// refused starts a server as the user, which says in one line why it doesn't begin.
	refused := func(says string, args ...string) {
		t.Helper()
		status, _, stderr := command(t, append([]string{"-addr", "127.0.0.1:0", "-database-url", user, "-fields", fields,
			"-log-level", "error"}, args...)...)
		require.Equal(t, 1, status)
		require.Contains(t, stderr, says)
		require.NotContains(t, stderr, "secret")
	}
	refused(`there is none that the user "`+name+`" may use; grant USAGE`, "-no-migrate")
	status, stdout, stderr := command(t, "migrate", "-database-url", owner, "-fields", fields, "-search-index")
	require.Zero(t, status, stderr)
	require.Equal(t, "PostgreSQL: the schema is up to date\n", stdout)
	require.Contains(t, stderr, "migrated the database")
	require.Contains(t, stderr, "built an index")
	refused("there is none that the user", "-no-migrate")

	granted := grants(t, "public", name)
	usage, _, found := strings.Cut(granted[strings.Index(granted, "GRANT USAGE ON SCHEMA"):], "\n")
	require.True(t, found)
	execute(t, t.Context(), owner, usage)
	refused("permission denied for table products_importer_migrations")
	execute(t, t.Context(), owner, granted)

	as := []string{"-database-url", user, "-fields", fields, "-no-migrate"}
	c := start(t, append(as, "-workers", "0", "-allow-private-webhooks")...)
	startBuiltWorker(t, programtest.Build(t, "../worker"), append(as, "-allow-private-webhooks")...)
	secret := "whsec_" + strings.Repeat("MDEyMzQ1Njc4OWFi", 2)
	r := newReceiver(t, secret)
	c.do("POST", "/webhooks/", "application/json",
		strings.NewReader(fmt.Sprintf(`{"callback_url": %q, "secret": %q, "events": ["*"]}`, r.url, secret)), 201)
	ended, counts := c.importFile("?mode=update", strings.NewReader("sku,name,price\na,Lamp,1.50\nb,Desk,2\nc,,3\n"))
	require.Equal(t, "done", ended.Event)
	require.InDelta(t, 2, counts["created"], 0)
	require.InDelta(t, 1, counts["rejected"], 0)
	r.says("complete: 2 products")
	require.InDelta(t, 1, c.count("?search=lam&price__gte=1&ordering=price"), 0)
	c.do("POST", "/products/", "application/json", strings.NewReader(`{"name":"Chair","sku":"d"}`), 201)
	require.Contains(t, c.do("GET", "/products/export.csv", "", nil, 200), "Chair")
	c.do("PUT", "/profiles/p", "application/json", strings.NewReader(`{"settings": {"mode": "update"}}`), 200)
	c.do("POST", "/tokens/", "application/json", strings.NewReader(`{"name": "ci", "role": "viewer"}`), 201)
	csv := filepath.Join(t.TempDir(), "a.csv")
	require.NoError(t, os.WriteFile(csv, []byte("sku,name\na,Lamp\ne,Shelf\n"), 0o600))
	importcsv := programtest.Build(t, "../importcsv")
	imported, err := exec.CommandContext(t.Context(), importcsv, append(as, "-json", csv)...).Output()
	require.NoError(t, err)
	require.Contains(t, string(imported), `"created":1`)
	c.do("DELETE", "/delete_all/", "", nil, 204)

	// What a table of one's own needs stands there in comments.
	execute(t, t.Context(), owner, `CREATE SCHEMA shop;
		CREATE TABLE shop.items (id serial PRIMARY KEY, code text NOT NULL UNIQUE, name text)`)
	execute(t, t.Context(), owner, strings.ReplaceAll(granted, "-- GRANT", "GRANT"))
	items := filepath.Join(t.TempDir(), "items.csv")
	for _, counts := range []string{`"created":2`, `"updated":2`} {
		require.NoError(t, os.WriteFile(items, []byte("code,name\na,"+counts[1:4]+"\nb,"+counts[1:4]+"\n"), 0o600))
		said, err := exec.CommandContext(t.Context(), importcsv, "-database-url", user, "-no-migrate", "-table", "shop.items",
			"-key", "code", "-mode", "update", "-json", items).CombinedOutput()
		require.NoError(t, err, string(said))
		require.Contains(t, string(said), counts)
	}

	// What is missing is said at the start, not with the first batch.
	execute(t, t.Context(), owner, `REVOKE INSERT ON import_jobs FROM `+name+`; REVOKE USAGE ON SEQUENCE product_ids FROM `+
		name)
	refused("lacks privileges on import_jobs, product_ids; grant SELECT, INSERT", "-no-migrate")
	refused("lacks privileges on import_jobs, product_ids; grant SELECT, INSERT")
	execute(t, t.Context(), owner, `GRANT INSERT ON import_jobs TO `+name+`; GRANT USAGE ON SEQUENCE product_ids TO `+name)
	// Tables of later versions are granted too.
	execute(t, t.Context(), owner, `CREATE TABLE later (id int PRIMARY KEY); CREATE SEQUENCE later_ids`)
	execute(t, t.Context(), user, `INSERT INTO later VALUES (nextval('later_ids'))`)
	// A schema of another version is one sentence that says what to run.
	execute(t, t.Context(), owner, `DELETE FROM products_importer_migrations
		WHERE version_id = (SELECT max(version_id) FROM products_importer_migrations)`)
	refused("is needed: migrate it, by the command server migrate\n", "-no-migrate")
	execute(t, t.Context(), owner, `INSERT INTO products_importer_migrations (version_id, is_applied) VALUES (4711, true)`)
	refused("newer than the", "-no-migrate")
	refused("update the program\n")
}

// TestMigrateCommand makes a file, with a key rule that stays, and brings it up to date.
func TestMigrateCommand(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	url := "sqlite:" + filepath.Join(folder, "products.db")
	status, _, stderr := command(t, "-database-url", url, "-no-migrate", "-addr", "127.0.0.1:0")
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "doesn't exist: migrate it")
	for range 2 {
		status, stdout, stderr := command(t, "migrate", "-database-url", url, "-key-rule", "fold", "-log-level", "error")
		require.Zero(t, status, stderr)
		require.Contains(t, stdout, "products.db: the schema is up to date\n")
	}
	status, _, stderr = command(t, "migrate", "-database-url", url, "-key-rule", "exact")
	require.Equal(t, 1, status)
	require.Contains(t, stderr, `by the rule "fold", which can't be changed to "exact"`)
	fields := filepath.Join(folder, "fields.json")
	require.NoError(t, os.WriteFile(fields, []byte(`{"fields": [{"name": "stock", "type": "integer"}]}`), 0o600))
	status, _, stderr = command(t, "-database-url", url, "-no-migrate", "-fields", fields, "-addr", "127.0.0.1:0")
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "for the fields stock: migrate it with these fields, by the command server migrate\n")
	c := start(t, "-database-url", url, "-no-migrate")
	c.do("POST", "/products/", "application/json", strings.NewReader(`{"name":"Lamp","sku":"A-1"}`), 201)
	c.do("POST", "/products/", "application/json", strings.NewReader(`{"name":"Lamp","sku":"a-1"}`), 409)

	for says, args := range map[string][]string{
		"memory has no schema":           {"-database-url", "memory:"},
		"nothing to do with \"surplus\"": {"surplus"},
		`-key-rule "none"`:               {"-key-rule", "none"},
		"-no-migrate leaves no room":     nil,
	} {
		args = append([]string{"migrate"}, args...)
		if len(args) == 1 {
			args = []string{"-no-migrate", "-search-index"}
		}
		status, _, stderr := command(t, args...)
		require.Equal(t, 2, status, stderr)
		require.Contains(t, stderr, says)
	}
}
