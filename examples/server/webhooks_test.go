package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/examples/programtest"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/webhooks/receive"
)

func TestWebhookUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		key  string
		says string
	}{
		{args: []string{"-deliveries", "-1"}, says: "-deliveries"},
		{args: []string{"-deliveries", "1001"}, says: "-deliveries"},
		{args: []string{"-database-url", "memory:", "-deliveries", "0"}, says: "needs a database"},
		{key: "hunter2!", says: "WEBHOOKS_KEY: key 1 of 1"},
		{key: "c2hvcnQ=", says: "WEBHOOKS_KEY: a key to seal with must have 32 bytes"},
	} {
		var stdout, stderr bytes.Buffer
		getenv := func(name string) string { return map[string]string{"WEBHOOKS_KEY": c.key}[name] }
		require.Equal(t, 2, run(t.Context(), c.args, getenv, &stdout, &stderr), c.args)
		require.Contains(t, stderr.String(), c.says)
		require.NotContains(t, stderr.String(), "hunter2")
	}
	for _, c := range []struct {
		args        []string
		environment map[string]string
		want        int
	}{
		{[]string{"-workers", "0"}, nil, 0}, // who works elsewhere delivers there
		{[]string{"-workers", "0", "-deliveries", "3"}, nil, 3},
		{nil, map[string]string{"WORKERS": "0", "DELIVERIES": "3"}, 3},
		{nil, map[string]string{"WORKERS": "0"}, 0},
		{[]string{"-workers", "2"}, map[string]string{"WORKERS": "0"}, 64},
	} {
		s := &settings{}
		require.NoError(t, s.parse(newFlags(s), append(c.args, "-database-url", "postgres://h/x"),
			func(name string) string { return c.environment[name] }))
		require.Equal(t, c.want, s.work.Deliveries, c)
	}
}

// receiver is examples/receiver, as a process of its own.
type receiver struct {
	t     *testing.T
	url   string
	lines chan string
}

func newReceiver(t *testing.T, secret string) *receiver {
	t.Helper()
	p := exec.Command(programtest.Build(t, "../receiver"), "-addr", "127.0.0.1:0")
	p.Env = append(os.Environ(), "WEBHOOK_SECRET="+secret)
	p.Stderr = os.Stderr
	stdout, err := p.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	r := &receiver{t: t, lines: make(chan string, 10_000)}
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(r.lines)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			r.lines <- lines.Text()
		}
	})
	t.Cleanup(func() {
		kill(p)
		reading.Wait()
	})
	r.url = strings.TrimPrefix(r.says("receiving at "), "receiving at ")
	return r
}

// says waits for the next line with the text.
func (r *receiver) says(text string) string {
	r.t.Helper()
	late := time.After(time.Minute)
	for {
		select {
		case line, open := <-r.lines:
			require.True(r.t, open, "the receiver has ended")
			require.NotContains(r.t, line, "refused")
			if strings.Contains(line, text) {
				return line
			}
		case <-late:
			require.FailNow(r.t, "the receiver doesn't say "+text)
		}
	}
}

// witness is a receiver that asks the official verifier about everything.
type witness struct {
	url      string
	mu       sync.Mutex
	bad      error
	products map[string]int // by type of event; each ID once
	seen     map[string]bool
}

func newWitness(t *testing.T, secret string) *witness {
	t.Helper()
	official, err := standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)
	w := &witness{products: map[string]int{}, seen: map[string]bool{}}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = official.Verify(body, r.Header)
		}
		var message struct {
			ID, Type string
			Data     struct{ Products []json.RawMessage }
		}
		if err == nil {
			err = json.Unmarshal(body, &message)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if err != nil {
			w.bad = err
		} else if !w.seen[message.ID] {
			w.seen[message.ID] = true
			w.products[message.Type] += max(1, len(message.Data.Products))
		}
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

func (w *witness) got() (map[string]int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	got := map[string]int{}
	for eventType, n := range w.products {
		got[eventType] = n
	}
	return got, w.bad
}

// TestWebhooks delivers to two receivers what people do, over memory and over PostgreSQL.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"memory", "SQLite", "PostgreSQL"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			args := []string{"-allow-private-webhooks", "-database-url", "memory:"}
			var env []string
			url := ""
			switch where {
			case "SQLite":
				args = append(args, "-database-url", "sqlite:"+filepath.Join(t.TempDir(), "products.db"))
			case "PostgreSQL":
				url = home.URL(t)
				args = append(args, "-database-url", url)
				env = append(env, "WEBHOOKS_KEY="+base64.StdEncoding.EncodeToString(make([]byte, 32)))
			}
			c := startWith(t, env, "", args...)
			secret := receive.NewSecret().Reveal()
			r, w := newReceiver(t, secret), newWitness(t, secret)
			post := func(path, body string, status int) (answer map[string]any) {
				t.Helper()
				text := c.do("POST", path, "application/json", strings.NewReader(body), status)
				require.NoError(t, json.Unmarshal([]byte(text), &answer), text)
				return answer
			}
			hook := post("/webhooks/", `{"callback_url":"`+r.url+`","token":"the-token","secret":"`+secret+`"}`, 201)
			require.Equal(t, secret, hook["secret"])
			at := "/webhooks/" + hook["id"].(string)
			post("/webhooks/", `{"callback_url":"`+w.url+`","secret":"`+secret+`"}`, 201)

			tested := post(at+"/test", "", 200)
			require.Equal(t, true, tested["delivered"])
			require.InDelta(t, 204, tested["status"], 0)
			require.Positive(t, tested["seconds"])
			r.says("webhook.test")

			product := post("/products/", `{"name":"Lamp","sku":"of-hand"}`, 201)
			one := fmt.Sprintf("/products/%.0f", product["id"])
			require.Contains(t, r.says("product.created"), `"sku":"of-hand"`)
			c.do("PATCH", one, "application/json", strings.NewReader(`{"name":"Desk lamp"}`), 200)
			updated := r.says("product.updated")
			require.Contains(t, updated, `"name":"Desk lamp"`)
			c.do("PATCH", one, "application/json", strings.NewReader(`{"name":"Desk lamp"}`), 200) // changes nothing
			c.do("DELETE", one, "", nil, 204)
			require.Contains(t, r.says("product."), "product.deleted")
			var history struct {
				Results []struct {
					Kind, User string
					Fields     map[string]struct{ Before, After any }
				}
			}
			require.NoError(t, json.Unmarshal([]byte(c.do("GET", one+"/history", "", nil, 200)), &history))
			require.Len(t, history.Results, 3, "created, updated and deleted")
			require.Equal(t, "admin", history.Results[1].User)
			require.Equal(t, "Lamp", history.Results[1].Fields["name"].Before)

			const records = 10_000
			distinct, shared := catalogtest.Distinct(records), catalogtest.Shared(records)
			_, counts := c.importFile("?mode=update", catalogtest.NewReader(records, catalogtest.Base))
			require.Contains(t, r.says(": complete:"), fmt.Sprintf("import %s: complete: %d products in ", counts["id"],
				distinct))
			_, counts = c.importFile("?mode=update", catalogtest.NewReader(records, catalogtest.HalfNew))
			require.InDelta(t, shared, counts["updated"], 0)
			require.Contains(t, r.says(": complete:"), fmt.Sprintf("import %s: complete: %d products in ", counts["id"],
				distinct))
			c.importFile("?dry_run=true", strings.NewReader("sku,name\nx,y\n"))
			c.importFile("?max_rejects=0", strings.NewReader("sku,name\n1,\n"))
			require.Contains(t, r.says("import."), "import.failed", "a dry run isn't told")
			c.do("DELETE", "/delete_all/", "", nil, 204)
			r.says("products.deleted_all")

			id := strings.Fields(updated)[0]
			deliveries := func(query string) []any {
				var list struct{ Results []any }
				require.NoError(t, json.Unmarshal([]byte(c.do("GET", at+"/deliveries"+query, "", nil, 200)), &list))
				return list.Results
			}
			require.Eventually(t, func() bool { return len(deliveries("?state=pending")) == 0 }, 30*time.Second,
				10*time.Millisecond)
			require.Len(t, deliveries("?event_type=import.failed&state=delivered"), 1)
			again := deliveries("?event_id=" + id)[0].(map[string]any)
			post(fmt.Sprintf("/webhooks/deliveries/%.0f/resend", again["id"]), "", 202)
			require.Contains(t, r.says(id), "attempt 2")

			// The events of an import are of distinct products: the first import created all of its own, the second
			// those that were new.
			all := map[string]int{"product.created": 2*distinct - shared + 1, "product.updated": shared + 1,
				"product.deleted":      1,
				"products.deleted_all": 1, "import.completed": 2, "import.failed": 1}
			require.EventuallyWithT(t, func(c *assert.CollectT) {
				got, bad := w.got()
				require.NoError(c, bad, "the official verifier takes every delivery")
				require.Equal(c, all, got)
			}, 30*time.Second, 10*time.Millisecond)
			require.Contains(t, c.do("GET", "/metrics", "", nil, 200), `importer_webhook_attempts_total{outcome="delivered"}`)

			if where == "PostgreSQL" {
				db, err := sql.Open("postgres", url)
				require.NoError(t, err)
				defer db.Close()
				var readable bool
				require.NoError(t,
					db.QueryRowContext(t.Context(),
						`SELECT bool_or(position('the-token'::bytea IN private) > 0) FROM webhook_endpoints`).Scan(
						&readable))
				require.False(t, readable, "the key encrypts")
			}
			require.NoError(t, c.process.Process.Signal(syscall.SIGTERM))
			require.NoError(t, c.process.Wait(), "it ends in good order")
		})
	}
}

func TestPrivateWebhooksWantLeave(t *testing.T) {
	t.Parallel()
	c := start(t)
	for _, url := range []string{"http://127.0.0.1:9090/", "https://localhost/", "https://10.0.0.1/",
		"https://shop.example:9090/"} {
		require.Contains(t, c.do("POST", "/webhooks/", "application/json", strings.NewReader(`{"callback_url":"`+url+
			`"}`), 422), `"field":"callback_url"`)
	}
}
