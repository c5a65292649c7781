package worker

import (
	"context"
	mathrand "math/rand/v2"
	"time"

	"github.com/products-importer/products-importer/importer/job"
)

// Housekeeper removes jobs that nobody needs any more; *job.Service is one.
type Housekeeper interface {
	Keep(ctx context.Context, retention time.Duration) (job.Kept, error)
}

// WebhookKeeper removes deliveries that nobody needs any more; *webhooks.Service is one.
type WebhookKeeper interface {
	Keep(ctx context.Context) (removed int64, err error)
}

// keepHouse has the house kept now and then, until the context ends.
func (w *Worker) keepHouse(ctx context.Context) {
	if w.options.Housekeeper == nil && w.options.WebhookKeeper == nil {
		return
	}
	wait := mathrand.N(w.options.KeepEvery)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		if h := w.options.Housekeeper; h != nil {
			kept, err := h.Keep(ctx, w.options.Retention)
			w.kept(ctx, err, kept != job.Kept{}, "jobs", kept.Jobs, "uploads", kept.Uploads)
		}
		if k := w.options.WebhookKeeper; k != nil {
			removed, err := k.Keep(ctx)
			w.kept(ctx, err, removed > 0, "deliveries", removed)
		}
		wait = jitter(w.options.KeepEvery)
	}
}

// kept tells what was removed, if anything was.
func (w *Worker) kept(ctx context.Context, err error, some bool, what ...any) {
	switch {
	case ctx.Err() != nil:
	case err != nil:
		w.log.Warn("housekeeping failed", "error", err)
	case some:
		w.log.Info("housekeeping", what...)
	}
}
