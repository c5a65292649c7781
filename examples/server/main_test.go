package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/examples/programtest"
	"github.com/products-importer/products-importer/importer/catalogtest"
)

// asProgram is set in the environment of a process that is to be the program, or a worker, and not the tests.
const asProgram = "SERVER_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	switch os.Getenv(asProgram) {
	case "server":
		main()
	case "worker":
		work()
	default:
		pgtest.AtOnce(3)
		status := pgtest.Run(m)
		programtest.Remove()
		os.Exit(status)
	}
}

// databases are those that a test may run over: functions that return the URL of an empty one.
var databases = map[string]func(t *testing.T) string{
	"SQLite":     func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "products.db") },
	"PostgreSQL": func(t *testing.T) string { return home.URL(t) },
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args   []string
		env    string
		status int
		says   string
	}{
		{args: []string{"-nonsense"}, status: 2, says: "-nonsense"},
		{args: []string{"surplus"}, status: 2, says: "surplus"},
		{args: []string{"-database-url", "memory:", "-workers", "0"}, status: 2, says: "needs a database"},
		{args: []string{"-database-url", "memory:", "-deliveries", "0"}, status: 2, says: "needs a database"},
		{args: []string{"-database-url", "memory:", "-search-index"}, status: 2, says: "needs a database"},
		{args: []string{"-table", "items", "-key", "code"}, status: 2, says: "-table is of PostgreSQL"},
		{args: []string{"-table", "items", "-database-url", "postgres://h/d"}, status: 2, says: "name its columns with -key"},
		{args: []string{"-table", "items", "-key", "code", "-search-index", "-database-url", "postgres://h/d"}, status: 2,
			says: "-table has none"},
		{args: []string{"-database-url", "products.db"}, status: 2, says: "want sqlite:FILE, memory: or postgres://"},
		{args: []string{"-addr", "0.0.0.0:0"}, status: 2, says: "ADMIN_PASSWORD"},
		{args: []string{"-addr", "nowhere"}, status: 2, says: "host:port"},
		{args: []string{"-metrics-addr", "9090"}, status: 2, says: `-metrics-addr "9090": is no address`},
		{args: []string{"-public-url", "shop.example"}, status: 2, says: "-public-url"},
		{args: []string{"-trusted-proxies", "10.0.0.0/8,nginx"}, status: 2, says: `"nginx" is no network`},
		{args: []string{"-trusted-proxies", "10.0.0.0/33"}, status: 2, says: "trusted-proxies"},
		{args: []string{"-trusted-proxies", "0.0.0.0/0"}, status: 2, says: "everybody"},
		{args: []string{"-trusted-proxies", "::1,"}, status: 2, says: `"" is no network`},
		{args: []string{"-database-url", "postgres://u:hunter2@127.0.0.1:1/x", "-wait", "0"}, status: 1,
			says: "server: store unavailable: can't connect"},
		{args: []string{"-database-url", "memory:", "-wait", "25h"}, status: 2, says: `-wait "25h": must be between 0 and 24h`},
		{args: []string{"-keep-uploads", "1s"}, status: 2, says: `-keep-uploads "1s": must be between 1m`},
		{args: []string{"-keep-delivered", "0"}, status: 2, says: `-keep-delivered "0": must be between 1h`},
		{args: []string{"-keep-failed", "59m"}, status: 2, says: `-keep-failed "59m": must be between 1h`},
		{args: []string{"-database-url", "memory:", "-drain", "-1s"}, status: 2, says: `-drain "-1s": must be between 0 and 1h`},
		{args: []string{"-h"}, says: "ADMIN_PASSWORD"},
		{args: []string{"-version"}, says: "server "},
	} {
		var stdout, stderr bytes.Buffer
		require.Equal(t, c.status, run(t.Context(), c.args, func(string) string { return "" }, &stdout, &stderr),
			c.args)
		require.Contains(t, stdout.String()+stderr.String(), c.says)
		require.NotContains(t, stderr.String(), "hunter2")
		if c.status == 2 {
			require.Equal(t, 1, strings.Count(stderr.String(), "\n"), "one line")
		}
	}
}

// client talks to a server that is a process of its own.
type client struct {
	t        testing.TB
	process  *exec.Cmd
	base     string
	metrics  string // where they want no log-in; empty for nowhere
	password string
	kept     string // where it says that everything is
}

// start starts a server, which keeps everything in memory where nothing else is said, and waits until it says where it
// is.
func start(t testing.TB, args ...string) *client {
	t.Helper()
	return startIn(t, "", append([]string{"-database-url", "memory:"}, args...)...)
}

// startIn starts a server in a folder, with nothing said about its database, and waits until it says where it is.
func startIn(t testing.TB, folder string, args ...string) *client {
	t.Helper()
	return startWith(t, nil, folder, args...)
}

// startWith is startIn for a server that has more in its environment.
func startWith(t testing.TB, env []string, folder string, args ...string) *client {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	c := &client{t: t, process: exec.Command(self, append([]string{"-addr", "127.0.0.1:0", "-log-level", "error"},
		args...)...)}
	c.process.Dir = folder
	c.process.Env = append(os.Environ(), asProgram+"=server", "DATABASE_URL=", "ADDR=", "ADMIN_PASSWORD=", "ADMIN_USER=",
		"USERS=", "DRAIN=0", "LEASE=4s", programtest.Races(t)) // a killed server's import need not be waited for longer
	c.process.Env = append(c.process.Env, env...)
	c.process.Stderr = os.Stderr
	stdout, err := c.process.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.process.Start())
	t.Cleanup(func() { kill(c.process) })
	lines := bufio.NewScanner(stdout)
	for c.kept == "" && lines.Scan() {
		if address, ok := strings.CutPrefix(lines.Text(), "serving "); ok {
			c.base = address
		}
		if login, ok := strings.CutPrefix(lines.Text(), "log-in  admin:"); ok {
			c.password = login
		}
		if metrics, ok := strings.CutPrefix(lines.Text(), "metrics "); ok {
			c.metrics = metrics
		}
		if place, ok := strings.CutPrefix(lines.Text(), "kept in "); ok {
			c.kept = place
		}
	}
	require.NotEmpty(t, c.base)
	require.NotEmpty(t, c.password)
	return c
}

// kill ends a process as kill -9 does, unless it has ended.
func kill(p *exec.Cmd) {
	if p.ProcessState == nil {
		_ = p.Process.Kill()
		_ = p.Wait()
	}
}

// do sends a request and returns its answer's body.
func (c *client) do(method, path, contentType string, body io.Reader, status int) string {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, body)
	require.NoError(c.t, err)
	r.SetBasicAuth("admin", c.password)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(c.t, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(c.t, err)
	require.NoError(c.t, response.Body.Close())
	require.Equal(c.t, status, response.StatusCode, string(text))
	return string(text)
}

// upload uploads a file, and returns the job's ID.
func (c *client) upload(query, contentType string, file io.Reader) string {
	c.t.Helper()
	var task struct {
		ID string `json:"task_id"`
	}
	require.NoError(c.t, json.Unmarshal([]byte(c.do("POST", "/upload_csv/"+query, contentType, file, 202)), &task))
	return task.ID
}

// importFile uploads a file, follows the import by its stream, and returns it as it ended.
func (c *client) importFile(query string, file io.Reader) (ended struct{ State, Event string }, counts map[string]any) {
	c.t.Helper()
	id := c.upload(query, "text/csv", file)
	stream := c.do("POST", "/status/", "application/json", strings.NewReader(`{"task_id":"`+id+`"}`), 200)
	frames := strings.Split(strings.TrimSpace(stream), "\n\n")
	for line := range strings.Lines(frames[len(frames)-1]) {
		if event, ok := strings.CutPrefix(line, "event: "); ok {
			ended.Event = strings.TrimSpace(event)
		}
	}
	text := c.do("GET", "/imports/"+id, "", nil, 200)
	require.NoError(c.t, json.Unmarshal([]byte(text), &counts))
	ended.State, _ = counts["state"].(string)
	return ended, counts
}

func (c *client) count(query string) float64 {
	c.t.Helper()
	var page struct{ Count float64 }
	require.NoError(c.t, json.Unmarshal([]byte(c.do("GET", "/products/"+query, "", nil, 200)), &page))
	return page.Count
}

// TestServer does what people do, over memory, over a file and over PostgreSQL, directly and behind a pooler in
// transaction mode. Where it can a second server shares the database.
func TestServer(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"memory", "SQLite", "PostgreSQL", "pgbouncer"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			var args []string
			switch where {
			case "SQLite":
				args = []string{"-database-url", "sqlite:" + filepath.Join(t.TempDir(), "products.db")}
			case "PostgreSQL":
				args = []string{"-database-url", home.URL(t)}
			case "pgbouncer":
				args = []string{"-database-url", pgtest.Pooler(t, home.URL(t))}
			}
			c := start(t, args...)
			for path, status := range map[string]int{"/products/": 401, "/imports/": 401, "/metrics": 401,
				"/livez": 200, "/readyz": 200} {
				response, err := http.Get(c.base + path)
				require.NoError(t, err)
				require.NoError(t, response.Body.Close())
				require.Equal(t, status, response.StatusCode, path)
			}
			const records = 20_000
			ended, counts := c.importFile("?mode=update", catalogtest.NewReader(records, catalogtest.Base))
			require.Equal(t, "done", ended.Event)
			require.Equal(t, "SUCCESS", ended.State)
			distinct := float64(catalogtest.Distinct(records))
			require.InDelta(t, distinct, counts["created"], 0)
			require.InDelta(t, distinct, c.count(""), 0)

			created := c.do("POST", "/products/", "application/json",
				strings.NewReader(`{"name":"=1+1","sku":"of-hand","status":true}`), 201)
			var product struct{ ID json.Number }
			require.NoError(t, json.Unmarshal([]byte(created), &product))
			at := "/products/" + product.ID.String()
			c.do("POST", "/products/", "application/json", strings.NewReader(`{"name":"twice","sku":"of-hand"}`), 409)
			require.Contains(t, c.do("PATCH", at, "application/merge-patch+json",
				strings.NewReader(`{"description":"new"}`), 200), `"version":2`)
			require.InDelta(t, 1, c.count("?sku=of-hand"), 0)
			require.InDelta(t, 1, c.count("?status=true"), 0)
			require.InDelta(t, 1, c.count("?search=OF-HAND"), 0)

			export := c.do("GET", "/products/export.csv", "", nil, 200)
			other := c
			if where != "memory" {
				other = start(t, append(args, "-workers", "0")...)
			}
			ended, counts = other.importFile("?mode=update", strings.NewReader(export))
			require.Equal(t, "done", ended.Event, "the other server sees the import that this one's worker does")
			require.InDelta(t, distinct+1, counts["unchanged"], 0, "what is exported imports again without a change")

			c.do("DELETE", at, "", nil, 204)
			c.do("GET", at, "", nil, 404)
			c.do("DELETE", "/delete_all/", "", nil, 204)
			require.Zero(t, c.count(""))

			ended, counts = c.importFile("?max_rejects=0", strings.NewReader("sku,name\n1,\n"))
			require.Equal(t, "failed", ended.Event)
			require.Equal(t, "FAILURE", ended.State)
			require.Contains(t, counts["error"], "too many rejected records")
			refused := c.do("POST", "/upload_csv/", "text/csv", strings.NewReader("price,weight\n1,2\n"), 422)
			require.Contains(t, refused, "sku and name")
			c.do("POST", "/upload_csv/", "text/csv", strings.NewReader(""), 422)
			c.do("POST", "/upload_csv/?mode=both", "text/csv", strings.NewReader("sku,name\n"), 400)

			began := time.Now()
			require.NoError(t, c.process.Process.Signal(syscall.SIGTERM))
			require.NoError(t, c.process.Wait(), "it ends in good order")
			require.Less(t, time.Since(began), 30*time.Second)
		})
	}
}

// TestEverySetting: whatever flag there is, the environment sets it too, and where its value makes no sense there is
// one line that names what was used, the flag or the variable.
func TestEverySetting(t *testing.T) {
	values := map[string]string{"admin-user": "a:b", "schema": "pg_catalog", "rename": "a=b", "set": "a=b",
		"addr": "127.0.0.1:http-", "metrics-addr": "192.0.2.1:0"}
	variables := []string{"ADMIN_PASSWORD_FILE", "WEBHOOKS_KEY", "WEBHOOKS_KEY_FILE", "DATABASE_URL_FILE"}
	wrong := map[string][]string{} // the value of each variable, and the arguments that say the same
	for _, variable := range variables {
		wrong[variable] = []string{"nonsense"}
	}
	newFlags(&settings{}).VisitAll(func(f *flag.Flag) {
		value := cmp.Or(values[f.Name], "nonsense")
		if f.Name != "version" {
			wrong[strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))] = []string{value, "-" + f.Name + "=" + value}
		}
	})
	for variable, c := range wrong {
		for _, args := range [][]string{nil, c[1:]} {
			environment := map[string]string{"ADMIN_PASSWORD": "secret", "ADDR": "127.0.0.1:0", "DATABASE_URL": "memory:"}
			named := variable
			switch {
			case len(args) > 0:
				named, _, _ = strings.Cut(args[0], "=")
			case strings.HasSuffix(variable, "_FILE"):
				delete(environment, strings.TrimSuffix(variable, "_FILE"))
				fallthrough
			default:
				environment[variable] = c[0]
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			var stdout, stderr bytes.Buffer
			status := run(ctx, args, func(name string) string { return environment[name] }, &stdout, &stderr)
			cancel()
			require.NotZero(t, status, named)
			require.Regexp(t, "^server: "+named+"[ :].*\n$", stderr.String())
			require.Empty(t, stdout.String(), named)
		}
	}
}

// TestPlaceholders: what stands behind a flag says what it is.
func TestPlaceholders(t *testing.T) {
	for _, of := range []string{"", "backup", "copy", "migrate", "user", "token"} {
		args := append(strings.Fields(of), "-help")
		status, usage, _ := command(t, args...)
		require.Zero(t, status)
		require.NotRegexp(t, `(?m)^  -\S+ (value|string|int|exact)\b`, usage, of)
	}
	require.Contains(t, usageOf(t), "\n  -set COLUMN=VALUE   SET\n")
}

func usageOf(t *testing.T) string {
	t.Helper()
	_, usage, _ := command(t, "-help")
	return usage
}

// TestSecretsInFiles logs in with a password from a file, to a database whose URL is in one.
func TestSecretsInFiles(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	environment := map[string]string{
		"ADMIN_PASSWORD_FILE": write("password", "open sesame\n"),
		"DATABASE_URL_FILE":   write("url", "sqlite:"+filepath.Join(folder, "products.db")+"\r\n"),
		"WEBHOOKS_KEY_FILE":   write("key", base64.StdEncoding.EncodeToString(make([]byte, 32))+"\n"),
	}
	s := &settings{}
	require.NoError(t, s.parse(newFlags(s), nil, func(name string) string { return environment[name] }))
	require.Equal(t, "open sesame", s.password)
	require.False(t, s.madeUp)
	require.Equal(t, filepath.Join(folder, "products.db"), s.database.URL.String())
	require.NotNil(t, s.hooks.Sealer)
}
