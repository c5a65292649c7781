package job

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/progress"
)

// The methods in this file are the rules of a job's life, made for Stores: a store reads the job, calls one, and writes
// the job back, all in one transaction. So every store's jobs live the same life.

// NewID returns a new UUID, version 7: IDs of later milliseconds are greater.
func NewID(now time.Time) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli()))
	copy(b[:6], ms[2:])
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// Init makes a new job of what its submitter said: Pending, at Revision 1, with an ID. DuplicateOf is the store's to set.
func (j *Job) Init(now time.Time) {
	*j = Job{ID: NewID(now), State: Pending, Revision: 1, FileName: j.FileName, Upload: j.Upload, Size: j.Size,
		SHA256: j.SHA256, IdempotencyKey: j.IdempotencyKey, Settings: j.Settings, Priority: j.Priority,
		CreatedAt: now, NotBefore: j.NotBefore,
		Event: progress.Event{Phase: progress.Checking, Time: now, TotalBytes: j.Size, ETA: -1}}
	if j.NotBefore.IsZero() {
		j.NotBefore = now
	}
}

// Vanish counts the attempt of a worker that let its lease run out; progressed tells whether it committed a batch.
func (j *Job) Vanish(worker string, progressed bool) {
	j.fail(progressed, fmt.Sprintf("the worker %s vanished", worker))
}

// fail counts a failed attempt.
func (j *Job) fail(progressed bool, reason string) {
	j.gotOn(progressed)
	j.Attempts++
	j.Error = brief(reason)
}

// gotOn begins anew what is counted since a batch was committed last.
func (j *Job) gotOn(progressed bool) {
	if progressed {
		j.Attempts, j.Waited, j.WaitingSince = 0, 0, time.Time{}
	}
}

// Over reports whether a lease or a wait of that length, which ends at the time, is over. It is, too, where it would last
// for longer than its whole length: the store's clock was set back since it began, and what is left of it is not known.
// So a clock that is set back costs no more time than the wait did. Where the clock is set forward it ends early, which the
// tokens of claims are made for. A length below 0 is that of a time which somebody chose, and for which the clock alone
// counts.
func Over(now, until time.Time, length time.Duration) bool {
	return !until.After(now) || length >= 0 && until.After(now.Add(length))
}

// Take gives a job that nobody has to a worker, and tells whether it may have it. If not, the job has ended; committed
// is the sum of its checkpoints.
func (j *Job) Take(now time.Time, maxAttempts int, committed importer.Commit) bool {
	switch {
	case j.CancelRequested:
		j.End(now, Revoked, "", committed)
		return false
	case j.Attempts >= maxAttempts:
		j.End(now, Failure, GaveUp(j.Attempts, j.Error), committed)
		return false
	}
	j.rest(committed)
	j.Event.Reached = j.Event.Percent()
	j.State = Started
	if j.StartedAt.IsZero() {
		j.StartedAt = now
	}
	j.Revision++
	return true
}

// rest makes the event that of a job that nobody works on: it counts what is committed.
func (j *Job) rest(committed importer.Commit) {
	j.Event.RowsPerSecond, j.Event.ETA = 0, -1
	if j.Settings.DryRun {
		return
	}
	j.Event.Counts = committed.Counts
	if j.Event.Phase == progress.Importing {
		j.Event.Bytes = committed.Bytes
	}
}

// brief cuts a reason to MaxError characters.
func brief(reason string) string {
	n := 0
	for i := range reason {
		if n++; n > MaxError {
			return reason[:i]
		}
	}
	return reason
}

// GaveUp is the Error of a job that ends after so many failed attempts.
func GaveUp(attempts int, reason string) string {
	if attempts == 1 {
		return reason
	}
	return fmt.Sprintf("gave up after %d attempts: %s", attempts, reason)
}

// Tell stores what the worker told.
func (j *Job) Tell(update *Update) error {
	if update.State != Started && update.State != Progress {
		return fmt.Errorf("job: an update can't make a job %s", update.State)
	}
	j.State = update.State
	j.tell(update)
	j.Revision++
	return nil
}

func (j *Job) tell(update *Update) {
	j.Event = update.Event
	if update.Dialect != nil {
		d := update.Dialect.Bounded(MaxDialect)
		j.Dialect = &d
	}
	if update.Rejects != nil {
		j.Rejects = update.Rejects
	}
}

// GiveBack is Holder.Release; progressed tells whether the claim committed a batch, committed is the sum of all
// checkpoints.
func (j *Job) GiveBack(now time.Time, failed, progressed bool, reason string, delay time.Duration, committed importer.Commit) {
	j.gotOn(progressed)
	switch j.Error = brief(reason); {
	case failed:
		j.Attempts++
	case reason != "":
		j.Waited += delay
	}
	if reason == "" {
		j.WaitingSince = time.Time{}
	} else if j.WaitingSince.IsZero() {
		j.WaitingSince = now
	}
	if j.CancelRequested {
		j.End(now, Revoked, "", committed)
		return
	}
	j.rest(committed)
	j.State, j.NotBefore = Pending, now.Add(delay)
	j.Revision++
}

// RequestCancel is Submitter.Cancel; held tells whether a worker has the job, and its lease hasn't run out.
func (j *Job) RequestCancel(now time.Time, held bool, committed importer.Commit) error {
	switch {
	case j.State.Final():
		return fmt.Errorf("%w: %s is %s", ErrFinal, j.ID, j.State)
	case !held:
		j.CancelRequested = true
		j.End(now, Revoked, "", committed)
	case !j.CancelRequested:
		j.CancelRequested = true
		j.Revision++
	}
	return nil
}

// Finish is Holder.Finish.
func (j *Job) Finish(now time.Time, state State, reason string, update *Update, committed importer.Commit) error {
	if !state.Final() {
		return fmt.Errorf("job: %s ends no job", state)
	}
	if update != nil {
		j.tell(update)
	}
	j.End(now, state, reason, committed)
	return nil
}

// End makes the job final.
func (j *Job) End(now time.Time, state State, reason string, committed importer.Commit) {
	j.State, j.Error, j.WaitingSince, j.FinishedAt = state, brief(reason), time.Time{}, now
	j.Event.Time, j.Event.Phase, j.Event.ETA = now, progress.Failed, -1
	if state == Success {
		j.Event.Phase, j.Event.ETA = progress.Done, 0
	}
	if !j.Settings.DryRun {
		j.Event.Counts, j.Event.Bytes = committed.Counts, committed.Bytes
	}
	j.Revision++
}

// CheckPage returns an error for a page that Reader.List can't give.
func CheckPage(limit, offset int) error {
	if limit < 1 || limit > 1_000 {
		return fmt.Errorf("job: the limit of a list must be between 1 and 1,000, not %d", limit)
	}
	if offset < 0 {
		return fmt.Errorf("job: the offset of a list must not be negative: %d", offset)
	}
	return nil
}

// CheckClaim returns an error for what Claimer.Claim can't do.
func CheckClaim(worker string, lease time.Duration, maxAttempts int) error {
	if worker == "" || lease <= 0 || maxAttempts < 1 {
		return fmt.Errorf("job: a claim needs a worker's name, a lease and an attempt, not %q, %v and %d", worker, lease, maxAttempts)
	}
	return nil
}

// Sum adds up checkpoints.
func Sum(checkpoints map[int64]importer.Commit) (sum importer.Commit) {
	for _, c := range checkpoints {
		sum.Counts.Add(c.Counts)
		sum.Bytes += c.Bytes
	}
	return sum
}
