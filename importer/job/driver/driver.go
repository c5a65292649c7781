package driver

import (
	"context"
	"fmt"
	"time"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/internal/rule"
)

// EndHook is called for a job that becomes final, in whichever way: by Finish, by Cancel, by Release of a job that was
// asked to end, or by Claim, which gives one up. The context is the one of the transaction in which it becomes final:
// what is written through it is committed if and only if the job's end is. An error rolls both back, and is returned. A
// store that tries again calls it again, and only the last call's effects remain. It must not call the store of jobs.
//
// Stores have a method OnEnd(EndHook) that sets it, to be called before the store is used, and a method HasEndHook()
// bool, which reports whether it is set.
type EndHook func(ctx context.Context, ended job.Job) error

// NewID returns a new UUID, version 7: IDs of later milliseconds are greater.
func NewID(now time.Time) string { return rule.NewID(now) }

// IsID reports whether the text is an ID as [NewID] makes it, so that a store need not look for it otherwise. The
// version isn't looked at.
func IsID(text string) bool {
	for i := range len(text) {
		switch c := text[i]; i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return len(text) == 36
}

// Expired reports whether a lease or a wait of that length, which ends at the time, is over. It is, too, where it would
// last for longer than its whole length: the store's clock was set back since it began, and what is left of it is not
// known. So a clock that is set back costs no more time than the wait did. Where the clock is set forward the lease
// ends early, which is what the tokens of claims are there for. A length below 0 is that of a time which somebody
// chose: for it the clock alone counts.
func Expired(now, until time.Time, length time.Duration) bool {
	return !until.After(now) || length >= 0 && until.After(now.Add(length))
}

// WithLease returns a context for the work of a worker that holds its job for the lease at a time; a [job.Runner]'s
// calls have one. A store may end a transaction whose worker has been silent for that long: another one may have the
// job by then, and wait for what the transaction locks.
func WithLease(ctx context.Context, lease time.Duration) context.Context {
	return rule.WithLease(ctx, lease)
}

// Lease returns the lease of the context's worker, 0 for none.
func Lease(ctx context.Context) time.Duration { return rule.Lease(ctx) }

// CheckKey returns an error for a string that can't be the key of an upload.
func CheckKey(key string) error { return rule.CheckKey(key) }

// CheckLimit returns an error for the most that are wanted where that is none.
func CheckLimit(limit int) error {
	if limit < 1 {
		return fmt.Errorf("job: a limit must be 1 or more, not %d", limit)
	}
	return nil
}

// CheckQuery returns an error for a query that [job.Reader] can't answer.
func CheckQuery(q job.Query) error {
	if q.Limit < 1 || q.Limit > 1_000 {
		return fmt.Errorf("job: the limit of a list must be between 1 and 1,000, not %d", q.Limit)
	}
	if q.Offset < 0 {
		return fmt.Errorf("job: the offset of a list must not be negative: %d", q.Offset)
	}
	return nil
}

// CheckClaim returns an error for arguments that [job.Claimer] can't claim with.
func CheckClaim(worker string, lease time.Duration, maxAttempts int) error {
	if worker == "" || lease <= 0 || maxAttempts < 1 {
		return fmt.Errorf("job: a claim needs a worker's name, a lease and an attempt, not %q, %v and %d", worker,
			lease, maxAttempts)
	}
	return nil
}
