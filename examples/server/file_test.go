package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/sqlite"
	"github.com/products-importer/products-importer/examples/storeflags"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/products"
)

// job returns a job as the API has it.
func (c *client) job(id string) (job map[string]any) {
	c.t.Helper()
	require.NoError(c.t, json.Unmarshal([]byte(c.do("GET", "/imports/"+id, "", nil, 200)), &job))
	return job
}

// until waits until a job is as it should be.
func (c *client) until(id string, is func(job map[string]any) bool) map[string]any {
	c.t.Helper()
	for {
		job := c.job(id)
		if is(job) {
			return job
		}
		require.NoError(c.t, c.t.Context().Err())
		time.Sleep(5 * time.Millisecond)
	}
}

func ended(job map[string]any) bool { return job["finished_at"] != nil }

// lines are those of the export, in order.
func (c *client) lines() []string {
	c.t.Helper()
	return slices.Sorted(strings.Lines(c.do("GET", "/products/export.csv", "", nil, 200)))
}

// TestKilledInAnImport is what somebody does who tries the server, with nothing said about a database: an upload, a
// SIGKILL in the middle of its import, the same command again. Everything is there, and the import goes on to the
// counts and the catalogue of an undisturbed one.
func TestKilledInAnImport(t *testing.T) {
	t.Parallel()
	const records = 150_000
	file := func() io.Reader { return catalogtest.NewReader(records, catalogtest.Base) }
	undisturbed := startIn(t, t.TempDir())
	event, want := undisturbed.importFile("?mode=update", file())
	require.Equal(t, "done", event.Event)

	folder := t.TempDir()
	c := startIn(t, folder)
	require.Equal(t, filepath.Join(folder, "products.db"), c.kept)
	first := c.upload("", "text/csv", strings.NewReader("sku,name\nearlier,Lamp\n"))
	c.until(first, ended)
	id := c.upload("?mode=update", "text/csv", file())
	c.until(id, func(job map[string]any) bool {
		require.False(t, ended(job), "it is in the middle")
		created, _ := job["created"].(float64)
		return created > 0
	})
	kill(c.process)

	c = startIn(t, folder)
	require.Equal(t, "SUCCESS", c.job(first)["state"], "the history is there")
	require.False(t, ended(c.job(id)))
	got := c.until(id, ended)
	for key := range maps.Keys(want) {
		if slices.Contains([]string{"state", "read", "created", "updated", "unchanged", "skipped", "superseded", "rejected",
			"passed_over", "bytes"}, key) {
			require.Equal(t, want[key], got[key], key)
		}
	}
	all := c.lines()
	at := slices.IndexFunc(all, func(line string) bool { return strings.Contains(line, "earlier") })
	require.Positive(t, at)
	require.Equal(t, undisturbed.lines(), slices.Delete(all, at, at+1))
}

// TestProcessesShareAFile has a server without workers, a worker and two imports of other programs on one file at the
// same time, and clients that change products meanwhile. Nobody is told to come again, every count is right, and the
// server's clients see how far the worker is.
func TestProcessesShareAFile(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "products.db")
	c := start(t, "-database-url", url, "-workers", "0")
	startWorker(t, url)
	at := make([]string, 10)
	for i := range at {
		var product struct{ ID json.Number }
		require.NoError(t, json.Unmarshal([]byte(c.do("POST", "/products/", "application/json",
			strings.NewReader(`{"name":"Lamp","sku":"lamp-`+string(rune('0'+i))+`"}`), 201)), &product))
		at[i] = "/products/" + product.ID.String()
	}

	const records = 100_000
	var others sync.WaitGroup
	stop := make(chan struct{})
	failed := make(chan error, 3)
	for _, variant := range []catalogtest.Variant{catalogtest.Random, catalogtest.HalfNew} {
		others.Go(func() {
			if err := importBeside(t.Context(), url, catalogtest.NewReader(records/5, variant)); err != nil {
				failed <- err
			}
		})
	}
	changes := 0
	others.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			r, err := http.NewRequestWithContext(t.Context(), "PATCH", c.base+at[changes%len(at)],
				strings.NewReader(`{"description":"`+strings.Repeat("x", 1+changes%7)+`"}`))
			if err != nil {
				failed <- err
				return
			}
			r.SetBasicAuth("admin", c.password)
			r.Header.Set("Content-Type", "application/merge-patch+json")
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				failed <- err
				return
			}
			said, _ := io.ReadAll(response.Body)
			_ = response.Body.Close()
			if !assert.Equal(t, 200, response.StatusCode, string(said)) {
				return
			}
			changes++
		}
	})
	id := c.upload("?mode=update", "text/csv", catalogtest.NewReader(records, catalogtest.Base))
	seen := sighting{begun: func() {}}
	var between int
	stream := c.do("POST", "/status/", "application/json", strings.NewReader(`{"task_id":"`+id+`"}`), 200)
	for line := range strings.Lines(stream) {
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			var status struct{ Progression float64 }
			require.NoError(t, json.Unmarshal([]byte(data), &status))
			if status.Progression > seen.percent && status.Progression < 100 {
				between++
			}
			seen.percent = max(seen.percent, status.Progression)
		}
	}
	close(stop)
	others.Wait()
	close(failed)
	for err := range failed {
		require.NoError(t, err)
	}
	job := c.job(id)
	require.Equal(t, "SUCCESS", job["state"], job["error"])
	require.InDelta(t, records, job["read"], 0)
	require.InDelta(t, 100, seen.percent, 0)
	require.Positive(t, between, "the stream shows the other process's progress")
	require.Positive(t, changes)
	require.InDelta(t, 1, c.count("?sku=lamp-7"), 0)
}

// TestFilesThatCannotBeUsed: each is one line that names the file and says what is wrong, and it is left as it is.
func TestFilesThatCannotBeUsed(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "catalogue.csv")
	require.NoError(t, os.WriteFile(text, []byte("sku,name\na-1,Lamp\n"), 0o600))
	newer := filepath.Join(folder, "newer.db")
	db, err := sqlite.Open(t.Context(), newer, sqlite.Options{})
	require.NoError(t, err)
	require.NoError(t, db.Close())
	raw, err := sql.Open("sqlite", newer)
	require.NoError(t, err)
	_, err = raw.ExecContext(t.Context(),
		`INSERT INTO products_importer_migrations (version_id, is_applied) VALUES (4711, true)`)
	require.NoError(t, errors.Join(err, raw.Close()))
	readOnly := filepath.Join(folder, "read-only.db")
	require.NoError(t, os.WriteFile(readOnly, nil, 0o400))
	for _, c := range []struct {
		path string
		says string
	}{
		{text, "is no SQLite database"},
		{newer, "newer"},
		{folder, "is a folder"},
		{filepath.Join(folder, "none", "products.db"), "folder that doesn't exist"},
		{readOnly, "read-only"},
	} {
		if c.path == readOnly && os.Geteuid() == 0 {
			continue // who may write everything
		}
		before, _ := os.ReadFile(c.path)
		for _, args := range [][]string{{"-addr", "127.0.0.1:0", "-database-url", "sqlite:" + c.path},
			{"copy", "-from", "sqlite:" + c.path, "-to", "postgres://127.0.0.1:1/x"}} {
			var stdout, stderr bytes.Buffer
			require.Equal(t, 1, run(t.Context(), args, func(string) string { return "" }, &stdout, &stderr), c.path)
			if args[0] == "copy" && strings.Contains(c.says, "folder that") {
				c.says = "doesn't exist"
			}
			require.Contains(t, stderr.String(), c.says)
			require.Contains(t, stderr.String(), c.path)
			require.Equal(t, 1, strings.Count(stderr.String(), "\n"), "one line: %s", stderr.String())
			after, _ := os.ReadFile(c.path)
			require.Equal(t, before, after)
		}
	}
}

// importBeside imports a file over connections of its own, as another process would.
func importBeside(ctx context.Context, url string, r io.Reader) error {
	file, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	u, err := storeflags.ParseURL(url)
	if err != nil {
		return err
	}
	db, err := storeflags.Open(ctx, u, storeflags.Options{})
	if err != nil {
		return err
	}
	_, err = importer.Run(ctx, importer.Bytes(file), db.Products,
		importer.Options{Mode: products.Update, BatchRecords: 1_000})
	return errors.Join(err, db.Close())
}
