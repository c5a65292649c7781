package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks/receive"
)

// follower fetches the feed of whatever server there is.
type follower struct {
	tally *receive.Tally

	mu    sync.Mutex
	at    string   // the server's URL
	ids   []string // of what came, in its order
	types map[string]int
	skus  map[string][]string // by SKU: the types of the events that tell of it
	done  map[string]bool     // imports of which everything has come
}

// serve has the follower ask this server from now on.
func (f *follower) serve(at string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = at
}

// fetch fetches the next events, and returns where to go on. Where the server goes away it is where it was.
func (f *follower) fetch(ctx context.Context, after string) (next string, err error) {
	f.mu.Lock()
	at := f.at
	f.mu.Unlock()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"/changes?limit=7&wait=30&after="+
		url.QueryEscape(after), nil)
	if err != nil {
		return after, err
	}
	r.SetBasicAuth("admin", "secret")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return after, nil //nolint:nilerr // it was killed
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	switch {
	case err != nil || response.StatusCode == http.StatusServiceUnavailable:
		return after, nil
	case response.StatusCode != http.StatusOK:
		return after, fmt.Errorf("%d: %s", response.StatusCode, body)
	}
	var page struct {
		Events []receive.Message
		Next   string
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return after, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range page.Events {
		m := &page.Events[i]
		var data struct{ Products []struct{ SKU string } }
		if err := json.Unmarshal(m.Data, &data); err != nil {
			return after, err
		}
		for _, p := range data.Products {
			f.skus[p.SKU] = append(f.skus[p.SKU], m.Type)
		}
		f.ids = append(f.ids, m.ID)
		f.types[m.Type] += len(data.Products)
		status, err := f.tally.Add(m)
		if err != nil {
			return after, err
		}
		if status != nil && status.Complete {
			f.done[status.ImportID] = true
		}
	}
	return page.Next, nil
}

// has tells whether everything of the import has come.
func (f *follower) has(importID string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.done[importID]
}

// TestFeedOfKilledProcesses fetches the feed while the worker that holds the import is killed, and the server that is
// asked, again and again; then while the import is undone, and a product is deleted by hand. What has come in the end is
// each event once, the tally says that nothing is missing, and each product was told of as it was changed.
func TestFeedOfKilledProcesses(t *testing.T) {
	t.Parallel()
	kills := casetest.Times(5, 2)
	program := serverProgram(t)
	s, id := prepared(t, products.Update)
	serve := func(args ...string) (p *exec.Cmd, at string) {
		p, lines := s.start(program, append(args, "-addr", "127.0.0.1:0", "-workers", "0")...)
		for lines.Scan() {
			if at, ok := strings.CutPrefix(lines.Text(), "serving "); ok {
				return p, at
			}
		}
		require.FailNow(t, "the server did not say where it is")
		return nil, ""
	}
	server, at := serve("-feed", "24h")
	f := &follower{tally: receive.NewTally(receive.ProductCreated, receive.ProductUpdated, receive.ProductDeleted), at: at,
		types: map[string]int{}, skus: map[string][]string{}, done: map[string]bool{}}
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	followed := make(chan error, 1)
	var after string
	go func() {
		for {
			next, err := f.fetch(ctx, after)
			if err != nil || ctx.Err() != nil {
				followed <- err
				return
			}
			if next == after {
				time.Sleep(5 * time.Millisecond) // until there is a server again
			}
			after = next
		}
	}()
	restart := func() {
		s.kill(server, syscall.SIGKILL)
		server, at = serve() // the database knows for how long the feed is kept
		f.serve(at)
	}
	rng := rand.New(rand.NewPCG(6, 21))
	s.killWorkers(id, (records+batchRecords-1)/batchRecords, kills, rng, restart)
	got := s.end(id)
	require.Equal(t, job.Success, got.job.State, got.job.Error)
	until := func(importID string) {
		require.Eventually(t, func() bool { return f.has(importID) }, time.Minute, 10*time.Millisecond,
			"everything of the import comes")
	}
	until(id)
	created, updated := int(got.job.Event.Created), int(got.job.Event.Updated)
	require.Equal(t, []int{created, updated}, []int{f.types[receive.ProductCreated], f.types[receive.ProductUpdated]})

	changes, _, err := s.service.Changes(t.Context(), id, job.ChangeQuery{Kinds: []job.ChangeKind{job.ChangeCreated}}, 1)
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, fmt.Sprint(at, "/products/", changes[0].ID), nil)
	require.NoError(t, err)
	r.SetBasicAuth("admin", "secret")
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusNoContent, response.StatusCode)
	undo, _, err := s.service.Undo(t.Context(), id, job.UndoRequest{})
	require.NoError(t, err)
	restart()
	until(undo.ID)
	undone := s.end(undo.ID)
	stop()
	require.NoError(t, <-followed)
	require.EqualValues(t, created-1, undone.job.Event.Deleted)
	require.Equal(t, created, f.types[receive.ProductDeleted], "deletions come too")
	require.Equal(t, updated+int(undone.job.Event.Updated), f.types[receive.ProductUpdated])
	seen := map[string]bool{}
	for _, one := range f.ids {
		require.False(t, seen[one], "no event comes twice to who keeps where it ended")
		seen[one] = true
	}
	var stored int
	require.NoError(t, s.raw.QueryRowContext(t.Context(), `SELECT count(*) FROM webhook_events`).Scan(&stored))
	require.Len(t, f.ids, stored, "what came is what was committed")
	there := map[string]bool{}
	rows, err := s.raw.QueryContext(t.Context(), `SELECT sku FROM products`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var sku string
		require.NoError(t, rows.Scan(&sku))
		there[sku] = true
	}
	require.NoError(t, rows.Err())
	for sku, told := range f.skus {
		last := told[len(told)-1]
		require.Equal(t, there[sku], last != receive.ProductDeleted, "%s was told of as %v", sku, told)
	}
}
