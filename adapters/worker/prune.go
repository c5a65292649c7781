package worker

import (
	"context"
	"errors"
	mathrand "math/rand/v2"
	"time"

	"github.com/products-importer/products-importer/importer/job"
)

// JobPruner removes jobs that nobody needs any more; *job.Service is one.
type JobPruner interface {
	Prune(ctx context.Context, retention time.Duration) (job.Pruned, error)
}

// WebhookPruner removes deliveries that nobody needs any more; *webhooks.Service is one.
type WebhookPruner interface {
	Prune(ctx context.Context) (removed int64, err error)
}

// HistoryPruner removes what is old of the history of products; every products.History is one.
type HistoryPruner interface {
	PruneHistory(ctx context.Context, age time.Duration, limit int) (removed int, err error)
}

// Housekeeping begins soon after the start: processes that are started again every hour would never do it otherwise. A
// round ends after a while, however much there is to do, and is followed by the next one after a pause; what it removes
// it removes a little at a time, in transactions of their own, so that nobody waits for it for long.
const (
	pruneSoon  = 10 * time.Second
	pruneRound = 30 * time.Second // for jobs, and again for webhooks
	prunePause = 10 * time.Second
)

// prune prunes jobs and deliveries soon, and then now and then, until the context ends.
func (w *Worker) prune(ctx context.Context) {
	if w.options.JobPruner == nil && w.options.WebhookPruner == nil && w.options.HistoryPruner == nil {
		return
	}
	wait := pruneSoon/2 + mathrand.N(pruneSoon)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = jitter(w.options.PruneEvery)
		if w.pruneOnce(ctx) {
			wait = jitter(prunePause)
		}
	}
}

// pruneOnce does a round, and reports whether there is more to do.
func (w *Worker) pruneOnce(ctx context.Context) (more bool) {
	var removed struct {
		job.Pruned
		deliveries int64
		entries    int
	}
	began := time.Now()
	var failed error
	for _, prune := range []func(context.Context) error{
		func(ctx context.Context) (err error) {
			if w.options.JobPruner != nil {
				removed.Pruned, err = w.options.JobPruner.Prune(ctx, w.options.Retention)
			}
			return err
		},
		func(ctx context.Context) (err error) {
			if w.options.WebhookPruner != nil {
				removed.deliveries, err = w.options.WebhookPruner.Prune(ctx)
			}
			return err
		},
		func(ctx context.Context) (err error) {
			removed.entries, err = w.pruneHistory(ctx)
			return err
		},
	} {
		round, end := context.WithTimeout(ctx, pruneRound)
		err := prune(round)
		if late := round.Err() != nil; late && err != nil {
			more = true // whatever the error says that its end became
		} else {
			failed = errors.Join(failed, err)
		}
		end()
	}
	if ctx.Err() != nil {
		return false
	}
	if failed != nil {
		w.log.Warn("housekeeping failed", "error", failed)
	}
	if removed.Pruned != (job.Pruned{}) || removed.deliveries > 0 || removed.entries > 0 {
		w.log.Info("housekeeping", "jobs", removed.Jobs, "uploads", removed.Uploads, "deliveries", removed.deliveries,
			"history", removed.entries, "took", time.Since(began), "more", more)
	}
	return more
}

// historyAtOnce is how many entries are removed in one transaction.
const historyAtOnce = 1_000

// pruneHistory removes what is old of the history of products, until the context ends.
func (w *Worker) pruneHistory(ctx context.Context) (removed int, err error) {
	if w.options.HistoryPruner == nil {
		return 0, nil
	}
	for {
		n, err := w.options.HistoryPruner.PruneHistory(ctx, w.options.KeepHistory, historyAtOnce)
		if removed += n; err != nil || n < historyAtOnce {
			return removed, err
		}
	}
}
