package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/examples/programtest"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// shop is a server and a worker over a table that was there before them.
type shop struct {
	*scene
	base string
}

// newShop starts them over a table that has the name of one of the importer's, which are in another schema. They are
// told by the environment.
func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{scene: &scene{t: t, url: pgtest.URL(t), races: programtest.Races(t),
		env: []string{"TABLE=public.products", "KEY=tenant_id,code", "SET=tenant_id=7", "RENAME=Bezeichnung=title",
			"TOUCH=updated_at", "LEAVE=secret", "SCHEMA=importer"}}}
	var err error
	s.self, err = os.Executable()
	require.NoError(t, err)
	s.raw, err = sql.Open("postgres", s.url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.raw.Close()) })
	_, err = s.raw.ExecContext(t.Context(), `CREATE TABLE products (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		tenant_id integer NOT NULL, code text NOT NULL, "Bezeichnung" text NOT NULL, data jsonb, secret text,
		updated_at timestamptz, price numeric(10,2), UNIQUE (tenant_id, code),
		CONSTRAINT free_has_no_price CHECK ("Bezeichnung" <> 'Free' OR price = 0));
		INSERT INTO products (tenant_id, code, "Bezeichnung") VALUES (8, 'a', 'of another tenant')`)
	require.NoError(t, err)
	program := serverProgram(t)
	_, lines := s.start(program, "-addr", "127.0.0.1:0", "-workers", "0")
	for s.base == "" && lines.Scan() {
		s.base, _ = strings.CutPrefix(lines.Text(), "serving ")
		if s.base == lines.Text() {
			s.base = ""
		}
	}
	require.NotEmpty(t, s.base, "the server says where it is")
	s.worker()
	return s
}

// do sends a request and returns its answer's body.
func (s *shop) do(method, path, contentType, body string, status int) string {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, strings.NewReader(body))
	require.NoError(s.t, err)
	r.SetBasicAuth("admin", "secret")
	r.Header.Set("Content-Type", contentType)
	response, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	require.NoError(s.t, response.Body.Close())
	require.Equal(s.t, status, response.StatusCode, string(text))
	return string(text)
}

// follow follows an import to its end by its stream, and returns its path and what it says of itself.
func (s *shop) follow(accepted string) (path string, ended map[string]any) {
	s.t.Helper()
	var task struct {
		ID string `json:"task_id"`
	}
	require.NoError(s.t, json.Unmarshal([]byte(accepted), &task))
	path = "/imports/" + task.ID
	require.Contains(s.t, s.do("GET", path+"/events", "", "", 200), "event: done")
	require.NoError(s.t, json.Unmarshal([]byte(s.do("GET", path, "", "", 200)), &ended))
	return path, ended
}

// TestTableServed imports into a table of one's own through a server and a worker.
func TestTableServed(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const file = "Code,Title,Price\na,Lamp,1.50\nb,Chair,20.00\nc,Free,1.00\nb,Armchair,25.00\n"
	path, ended := s.follow(s.do("POST", "/upload_csv/?mode=update&changes=all", "text/csv", file, 202))
	for name, want := range map[string]float64{"read": 4, "created": 2, "superseded": 1, "rejected": 1} {
		require.InDelta(t, want, ended[name], 0, name)
	}
	require.Contains(t, s.do("GET", path+"/rejects.csv", "", "", 200), "free_has_no_price")
	require.Contains(t, s.do("GET", path+"/superseded.csv", "", "", 200), "b,3,5")
	require.Contains(t, s.do("GET", path+"/changes", "", "", 200), "Armchair")

	var upload struct{ ID string }
	require.NoError(t, json.Unmarshal([]byte(s.do("POST", "/uploads/", "text/csv", file, 201)), &upload))
	require.Contains(t, s.do("GET", "/uploads/"+upload.ID+"/preview", "", "", 200), `"price"`)
	s.do("PUT", "/profiles/items", "application/json", `{"settings":{"mode":"update"}}`, 200)
	_, ended = s.follow(s.do("POST", "/imports/", "application/json",
		`{"upload":"`+upload.ID+`","profile":"items"}`, 202))
	require.InDelta(t, 2, ended["unchanged"], 0)
	require.InDelta(t, 1, ended["rejected"], 0)

	var titles string
	require.NoError(t, s.raw.QueryRowContext(t.Context(),
		`SELECT string_agg(tenant_id || "Bezeichnung", ' ' ORDER BY tenant_id, code) FROM products
		WHERE tenant_id = 8 OR updated_at IS NOT NULL`).Scan(&titles))
	require.Equal(t, "7Lamp 7Armchair 8of another tenant", titles)
	require.Contains(t, s.do("GET", "/products/", "", "", 404), "imports into a table of its owner's")
	require.Contains(t, s.do("POST", path+"/undo", "", "", 404), "no_products")
	require.NotContains(t, s.do("GET", "/openapi.json", "", "", 200), `"/products/`)
	require.Regexp(t, `^title,code,price\n`, s.do("GET", "/template.csv", "", "", 200))
}

// itemArgs say which table items is.
var itemArgs = []string{"-table", "items", "-key", "code"}

// ofItems is a scene with a catalogue that is to be imported into a table items. Nobody works.
func ofItems(t *testing.T) (s *scene, id string) {
	t.Helper()
	s = newScene(t, migrated(t))
	_, err := s.raw.ExecContext(t.Context(), `CREATE TABLE items (code text PRIMARY KEY, name text NOT NULL,
		description text CONSTRAINT odd_length CHECK (length(description) % 40 <> 7), written integer NOT NULL DEFAULT 1);
		CREATE FUNCTION written() RETURNS trigger LANGUAGE plpgsql AS
			'BEGIN NEW.written := OLD.written + 1; RETURN NEW; END';
		CREATE TRIGGER written BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION written()`)
	require.NoError(t, err)
	table, err := s.db.OpenTable(t.Context(), postgres.TableOptions{Name: "items", Key: "code"})
	require.NoError(t, err)
	s.service, err = job.NewService(s.db.Jobs(), s.db.Uploads(), job.ServiceOptions{Fields: table.Schema(),
		Into: table.Destination()})
	require.NoError(t, err)
	return s, s.submit(catalogtest.Base, products.Update).ID
}

// endOfItems waits for the end of the import.
func (s *scene) endOfItems(id string) outcome {
	s.t.Helper()
	o := outcome{job: s.until(id, final)}
	require.Equal(s.t, job.Success, o.job.State, o.job.Error)
	o.batches = s.checkpoints(id)
	require.NoError(s.t, s.raw.QueryRowContext(s.t.Context(),
		`SELECT md5(string_agg(concat_ws('|', code, name, description, written), ';' ORDER BY code)) FROM items`).
		Scan(&o.table))
	var report bytes.Buffer
	require.NoError(s.t, s.service.Rejects(s.t.Context(), id, &report))
	o.skipped = report.String()
	return o
}

// TestKilledWorkerOfATable kills a worker that has batches of a table of one's own in hand, twice: another goes on, and
// the table is as if nothing had happened.
func TestKilledWorkerOfATable(t *testing.T) {
	t.Parallel()
	s, id := ofItems(t)
	p := s.worker(append(itemArgs, "-deliveries", "0")...)
	want := s.endOfItems(id)
	s.kill(p, syscall.SIGTERM)
	require.Contains(t, want.skipped, "odd_length")
	require.Greater(t, want.job.Event.Rejected, int64(rejects), "the CHECK refuses some too")

	s, id = ofItems(t)
	for _, at := range []int{30, 60} {
		open := s.gate(id, at+1, len(want.batches))
		p := s.worker(itemArgs...)
		s.untilHeld(id, func(h holding) bool { return h.by(p) && h.batches == at })
		s.untilWaits()
		s.kill(p, syscall.SIGKILL)
		open()
	}
	s.worker(itemArgs...)
	requireSame(t, want, s.endOfItems(id))
}

// TestWorkersOfOtherTables: a job waits, and says for what, where workers import into other tables and rows than the
// server's; nothing is written there.
func TestWorkersOfOtherTables(t *testing.T) {
	t.Parallel()
	s := newScene(t, migrated(t))
	_, err := s.raw.ExecContext(t.Context(), `CREATE SCHEMA shop;
		CREATE TABLE shop.copy (tenant_id int, code text, title text, UNIQUE (tenant_id, code), UNIQUE (tenant_id, title));
		CREATE TABLE shop.copy2 (LIKE shop.copy INCLUDING ALL)`)
	require.NoError(t, err)
	table, err := s.db.OpenTable(t.Context(), postgres.TableOptions{Name: "shop.copy", Key: "code",
		Constants: map[string]string{"tenant_id": "7"}})
	require.NoError(t, err)
	s.service, err = job.NewService(s.db.Jobs(), s.db.Uploads(), job.ServiceOptions{Fields: table.Schema(),
		Into: table.Destination()})
	require.NoError(t, err)
	j, _, err := s.service.Submit(t.Context(), job.Request{}, strings.NewReader("code,title\na,Lamp\n"))
	require.NoError(t, err)
	const want = `the job is for the table "shop"."copy" with the key "code", "tenant_id"="7", and this worker imports into `
	for _, c := range []struct {
		has  string
		args []string
	}{
		{`the table "shop"."copy2" with the key "code", "tenant_id"="7"`, []string{"-table", "shop.copy2", "-key",
			"tenant_id,code", "-set", "tenant_id=7"}},
		{`the table "shop"."copy" with the key "code", "tenant_id"="8"`, []string{"-table", "shop.copy", "-key",
			"tenant_id,code", "-set", "tenant_id=8"}},
		{"the importer's own products", nil},
	} {
		p := s.worker(append(c.args, "-deliveries", "0")...)
		waiting := s.until(j.ID, func(j job.Job) bool { return j.State.Final() || strings.Contains(j.Error, c.has+":") })
		require.True(t, waiting.Waiting(), "%v: %s", c.args, waiting.State)
		require.Contains(t, waiting.Error, want+c.has)
		s.kill(p, syscall.SIGTERM)
	}
	require.Zero(t, s.count(`SELECT (SELECT count(*) FROM shop.copy) + (SELECT count(*) FROM shop.copy2)`))
	s.worker("-deliveries", "0", "-table", `shop."copy"`, "-key", "code,tenant_id", "-set", "tenant_id=07")
	done := s.until(j.ID, final)
	require.Equal(t, job.Success, done.State, done.Error)
	require.Equal(t, 1, s.count(`SELECT count(*) FROM shop.copy WHERE tenant_id = 7`))
}

// TestTableRefused: what can't be imported into is one line at the start.
func TestTableRefused(t *testing.T) {
	url := pgtest.URL(t)
	for _, c := range []struct {
		says   string
		status int
		args   []string
	}{
		{"-table is of PostgreSQL", 2, []string{"-database-url", "sqlite:" + filepath.Join(t.TempDir(), "a.db"), "-table",
			"items", "-key", "code"}},
		{"name its columns with -key", 2, []string{"-table", "items"}},
		{"-key is for -table", 2, []string{"-key", "code"}},
		{"-set is for -table", 2, []string{"-set", "tenant_id=7"}},
		{"want COLUMN=VALUE", 2, []string{"-table", "items", "-key", "code", "-set", "tenant_id"}},
		{"gives tenant_id two values", 2, []string{"-table", "items", "-key", "code", "-set", "tenant_id=7", "-set",
			"tenant_id=8"}},
		{"-key has a and b from the file", 2, []string{"-table", "items", "-key", "a,b"}},
		{"one of them has to come from the file", 2, []string{"-table", "items", "-key", "a", "-set", "a=1"}},
		{"the table items can't be imported into", 1, []string{"-table", "items", "-key", "code"}},
	} {
		var stdout, stderr bytes.Buffer
		status := run(t.Context(), append([]string{"-admin-addr", "", "-log-level", "error"}, c.args...),
			func(name string) string { return map[string]string{"DATABASE_URL": url}[name] }, &stdout, &stderr)
		require.Equal(t, c.status, status, "%v: %s", c.args, stderr.String())
		require.Contains(t, stderr.String(), c.says)
		require.Equal(t, 1, strings.Count(stderr.String(), "\n"), "one line: %s", stderr.String())
	}
}
