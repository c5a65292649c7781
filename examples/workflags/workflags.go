// Package workflags has the flags about imports and deliveries, and about what is cleared away, that the server and the
// worker have in common.
package workflags

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/webhooks"
)

// Settings are what the command line and the environment say.
type Settings struct {
	// Workers is how many imports are done at the same time, and Deliveries how many webhooks are delivered: 0 to 1000.
	Workers, Deliveries int
	// Lease and MaxWait are those of job.RunnerOptions.
	Lease, MaxWait time.Duration
	// Retention is how long imports that have ended are kept, 0 for ever.
	Retention time.Duration
	// KeepUploads is that of job.ServiceOptions, KeepDelivered and KeepFailed are KeepDelivered and KeepOthers of
	// webhooks.ServiceOptions.
	KeepUploads, KeepDelivered, KeepFailed time.Duration
	// KeepHistory is that of worker.Options.
	KeepHistory time.Duration
	// Feed is for how long events are kept for the feed, nil for as long as was said last.
	Feed *time.Duration
}

// Add adds the flags. elsewhere is what the usage adds about other processes that do this.
func (s *Settings) Add(flags *envflags.Set, elsewhere string) {
	flags.IntIn(&s.Workers, "workers", 1, 0, 1000,
		"how many imports this process does at the same time; 0 for none"+elsewhere)
	flags.IntIn(&s.Deliveries, "deliveries", 64, 0, 1000,
		"how many webhooks this process delivers at the same time; 0 for none")
	flags.DurationIn(&s.Lease, "lease", 15*time.Second, time.Second, time.Hour,
		"how long an import waits for another worker when this one vanishes; up to twice as long where it hangs inside a "+
			"transaction")
	flags.DurationIn(&s.MaxWait, "max-wait", time.Hour, time.Second, 30*24*time.Hour,
		"how long an import that doesn't get on waits in all for trouble of the database to pass: a full disk, no "+
			"connection left, statements that are cancelled")
}

// AddKept adds the flags about what is kept.
func (s *Settings) AddKept(flags *envflags.Set) {
	const day, most = 24 * time.Hour, 100 * 365 * 24 * time.Hour
	flags.DurationIn(&s.Retention, "retention", 30*day, 0, most,
		"how long imports that have ended are kept, with their files; 0 for ever")
	flags.DurationIn(&s.KeepUploads, "keep-uploads", day, time.Minute, most,
		"how long files are kept that were uploaded to be looked at, and that nobody imports")
	flags.DurationIn(&s.KeepDelivered, "keep-delivered", 7*day, time.Hour, most,
		"how long deliveries of webhooks that arrived are kept, and their events with the last of them")
	flags.DurationIn(&s.KeepFailed, "keep-failed", 30*day, time.Hour, most,
		"how long deliveries of webhooks that failed are kept, and their events, for sending them again")
	flags.DurationIn(&s.KeepHistory, "keep-history", 90*day, time.Minute, most,
		"how long it is kept who changed a product by hand, when, and what it was before")
	flags.Func("feed", "keep all events for so `long`, for those who fetch them by GET /changes; 0 for not at all, which "+
		"holds at first. It is recorded in the database, for all its servers and workers: without the flag what was said "+
		"last holds", s.readFeed)
}

// readFeed reads for how long events are kept for the feed.
func (s *Settings) readFeed(text string) error {
	s.Feed = nil
	if text == "" {
		return nil
	}
	d, err := envflags.ParseDuration(text)
	switch {
	case err != nil:
		return errors.New("is no duration: want one such as 30m or 168h, or 0")
	case d != 0 && (d < webhooks.MinFeed || d > webhooks.MaxFeed):
		return fmt.Errorf("must be between %s and %s, or 0", envflags.FormatDuration(webhooks.MinFeed),
			envflags.FormatDuration(webhooks.MaxFeed))
	}
	s.Feed = &d
	return nil
}

// KeepFeed records for how long events are kept for the feed, if that was said.
func (s *Settings) KeepFeed(ctx context.Context, feed webhooks.Feed, logger *slog.Logger) error {
	if s.Feed == nil {
		return nil
	}
	before, err := feed.KeepFeed(ctx, *s.Feed)
	if err != nil {
		return fmt.Errorf("-feed: %w", err)
	}
	if before != *s.Feed {
		logger.Info("the feed of events is kept for another time, by all servers and workers", "before",
			envflags.FormatDuration(before), "now", envflags.FormatDuration(*s.Feed))
	}
	return nil
}
