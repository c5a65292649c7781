package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/products-importer/products-importer/importer/job"
)

// Stats counts what a Worker did since New, but for webhooks, see webhooks.Dispatcher.Stats.
type Stats struct {
	// Claimed jobs, each counted as often as it was.
	Claimed int64
	// Running is how many imports are worked on now.
	Running int64
	// Success, Failure and Revoked are jobs that ended here.
	Success, Failure, Revoked int64
	// Released are jobs that the worker gave back because it was stopped. Retried are those that wait for another
	// attempt, after a failed one or for trouble to pass.
	Released, Retried int64
	// Lost to another worker, or with an end that could not be stored.
	Lost int64
	// Outages is how often a look for work failed.
	Outages int64
}

// Stats returns the counts of this moment.
func (w *Worker) Stats() Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stats
}

// Healthy returns nil while the worker runs and finds its store, and so does its Dispatcher, and else what is wrong.
func (w *Worker) Healthy() error {
	if d := w.options.Dispatcher; d != nil {
		if err := d.Healthy(); err != nil {
			return fmt.Errorf("worker: %w", err)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.running {
		return errors.New("worker: it doesn't run")
	}
	if w.outage != nil {
		return fmt.Errorf("worker: looking for work: %w", w.outage)
	}
	return nil
}

// countClaim counts and logs how a try to claim a job went.
func (w *Worker) countClaim(ctx context.Context, claim *job.Claim, err error) {
	if err != nil && ctx.Err() != nil {
		return // it was broken off
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err != nil:
		w.stats.Outages++
		if w.outage == nil {
			w.log.Warn("can't look for work", "error", err)
		}
	case w.outage != nil:
		w.log.Info("looking for work again", "after", w.outage)
	}
	w.outage = err
	if claim != nil {
		w.stats.Claimed++
		w.stats.Running++
	}
}

// runImport works on a job, and counts and logs how it went.
func (w *Worker) runImport(ctx context.Context, claim *job.Claim, stop <-chan struct{}) error {
	log := w.log.With("job", claim.Job.ID, "user", claim.Job.User, "token", claim.Token)
	log.Info("import begins", "file", claim.Job.FileName, "bytes", claim.Job.Size, "failed_attempts",
		claim.Job.Attempts)
	began := time.Now()
	ended, err := w.runner.Run(ctx, claim, stop)
	c := ended.Event.Counts
	counts := slog.Group("counts", "read", c.Read, "created", c.Created, "updated", c.Updated, "unchanged", c.Unchanged,
		"skipped", c.Skipped, "superseded", c.Superseded, "rejected", c.Rejected, "missing", c.Missing,
		"deactivated", c.Deactivated, "deleted", c.Deleted, "kept", c.Kept)
	took := slog.Duration("took", time.Since(began))

	w.mu.Lock()
	defer w.mu.Unlock()
	w.stats.Running--
	switch {
	case err != nil:
		w.stats.Lost++
		log.Warn("import was lost", took, "error", err)
		return err
	case ended.State == job.Success:
		w.stats.Success++
		log.Info("import ended", "state", ended.State, counts, took)
	case ended.State == job.Failure:
		w.stats.Failure++
		log.Warn("import ended", "state", ended.State, counts, took, "error", ended.Error)
	case ended.State == job.Revoked:
		w.stats.Revoked++
		log.Info("import ended", "state", ended.State, counts, took)
	case ended.Error != "":
		w.stats.Retried++
		log.Warn("import will be tried again", "failed_attempts", ended.Attempts, "waited", ended.Waited, "not_before",
			ended.NotBefore, took, "error", ended.Error)
	default:
		w.stats.Released++
		log.Info("import was given back", took)
	}
	return nil
}
