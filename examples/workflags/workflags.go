// Package workflags has the flags about imports and deliveries, and about what is cleared away, that the server and the
// worker have in common.
package workflags

import (
	"time"

	"github.com/products-importer/products-importer/examples/envflags"
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
}
