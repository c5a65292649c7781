package sqlite

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestWakes: who waits for work is woken by this process at once and by others soon, as long as his context lasts.
func TestWakes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "products.db")
	here, there := openFile(t, path, Options{}), openFile(t, path, Options{})
	ctx, end := context.WithCancel(t.Context())
	jobs, webhooks := here.wakes.jobs.listen(ctx), here.wakes.webhooks.listen(ctx)
	receive := func(ear <-chan struct{}, what string) {
		t.Helper()
		select {
		case <-ear:
		case <-time.After(30 * time.Second):
			t.Fatal("not woken: " + what)
		}
	}
	receive(jobs, "at the beginning something may have happened")
	receive(webhooks, "and here too")

	here.wakes.jobs.wake()
	receive(jobs, "by this process")
	require.Empty(t, webhooks, "another kind of work")

	began := time.Now()
	require.NoError(t, set(t.Context(), there, "a"))
	receive(jobs, "by another process")
	receive(webhooks, "by another process")
	t.Logf("woken after %v", time.Since(began))
	require.Less(t, time.Since(began), 30*lookEvery)

	end()
	require.Eventually(t, func() bool {
		here.wakes.mu.Lock()
		defer here.wakes.mu.Unlock()
		return !here.wakes.started && len(here.wakes.jobs.listeners) == 0
	}, 30*time.Second, time.Millisecond, "nobody looks for nobody")
	receive(here.wakes.jobs.listen(t.Context()), "it begins again")
}
