package worker

import (
	"context"
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

// prune prunes jobs and deliveries now and then, until the context ends.
func (w *Worker) prune(ctx context.Context) {
	if w.options.JobPruner == nil && w.options.WebhookPruner == nil {
		return
	}
	wait := mathrand.N(w.options.PruneEvery)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		if h := w.options.JobPruner; h != nil {
			pruned, err := h.Prune(ctx, w.options.Retention)
			w.logPruned(ctx, err, pruned != job.Pruned{}, "jobs", pruned.Jobs, "uploads", pruned.Uploads)
		}
		if k := w.options.WebhookPruner; k != nil {
			removed, err := k.Prune(ctx)
			w.logPruned(ctx, err, removed > 0, "deliveries", removed)
		}
		wait = jitter(w.options.PruneEvery)
	}
}

// logPruned logs what was removed, if anything was.
func (w *Worker) logPruned(ctx context.Context, err error, some bool, what ...any) {
	switch {
	case ctx.Err() != nil:
	case err != nil:
		w.log.Warn("housekeeping failed", "error", err)
	case some:
		w.log.Info("housekeeping", what...)
	}
}
