package driver

import (
	"cmp"
	"fmt"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/internal/rule"
	"github.com/products-importer/products-importer/progress"
)

// Bounds of what a job says, whatever its file. What is longer is cut.
const (
	MaxDialect = 64 << 10 // bytes of Job.Dialect as JSON, about; see importer.Dialect.Bounded
	MaxError   = 2_000    // characters of Job.Error
)

// Create makes a new job of what its submitter said: Pending, at Revision 1, with an ID. DuplicateOf is the store's to
// set, and so is File, where it isn't the Upload, before.
func Create(j *job.Job, now time.Time) {
	*j = job.Job{ID: NewID(now), State: job.Pending, Revision: 1, FileName: j.FileName, Upload: j.Upload, Size: j.Size,
		File: cmp.Or(j.File, j.Upload), SHA256: j.SHA256, User: j.User, IdempotencyKey: j.IdempotencyKey,
		Settings: j.Settings, Priority: j.Priority, CreatedAt: now, NotBefore: j.NotBefore,
		Event: progress.Event{Phase: progress.Checking, Time: now, TotalBytes: j.Size, ETA: -1}}
	if j.NotBefore.IsZero() {
		j.NotBefore = now
	}
}

// CreateUpload makes a new upload of what its sender said. File is the store's to set before, where it isn't the ID.
func CreateUpload(u *job.Upload, now time.Time) {
	*u = job.Upload{ID: u.ID, File: cmp.Or(u.File, u.ID), FileName: u.FileName, Size: u.Size, SHA256: u.SHA256,
		User: u.User, CreatedAt: now, UsedAt: now}
}

// Abandon counts the attempt of a worker that let its lease run out as a failed one. progressed says whether it
// committed a batch.
func Abandon(j *job.Job, worker string, progressed bool) {
	resetAttempts(j, progressed)
	j.Attempts++
	j.Error = shorten(fmt.Sprintf("the worker %s vanished", worker))
}

// resetAttempts begins anew what is counted since a batch was committed last.
func resetAttempts(j *job.Job, progressed bool) {
	if progressed {
		j.Attempts, j.Waited, j.WaitingSince = 0, 0, time.Time{}
	}
}

// Claim gives a job that nobody has to a worker, and reports whether the worker may have it. If not, the job has ended.
// committed is the sum of its checkpoints.
func Claim(j *job.Job, now time.Time, maxAttempts int, committed importer.Commit) bool {
	switch {
	case j.CancelRequested:
		end(j, now, job.Revoked, "", committed)
		return false
	case j.Attempts >= maxAttempts:
		end(j, now, job.Failure, rule.GaveUp(j.Attempts, j.Error), committed)
		return false
	}
	showCommitted(j, committed)
	j.Event.Reached = j.Event.Percent()
	j.State = job.Started
	if j.StartedAt.IsZero() {
		j.StartedAt = now
	}
	j.Revision++
	return true
}

// showCommitted makes the event that of a job that nobody works on: it counts what is committed.
func showCommitted(j *job.Job, committed importer.Commit) {
	j.Event.RowsPerSecond, j.Event.ETA = 0, -1
	if j.Settings.DryRun {
		return
	}
	j.Event.Counts = committed.Counts
	if j.Event.Phase == progress.Importing {
		j.Event.Bytes = committed.Bytes
	}
}

// Renew stores the update of a job's worker in the job.
func Renew(j *job.Job, update *job.Update) error {
	if update.State != job.Started && update.State != job.Progress {
		return fmt.Errorf("job: an update can't make a job %s", update.State)
	}
	j.State = update.State
	apply(j, update)
	j.Revision++
	return nil
}

// apply stores what is in the update but for its state.
func apply(j *job.Job, update *job.Update) {
	j.Event = update.Event
	if update.Dialect != nil {
		d := update.Dialect.Bounded(MaxDialect)
		j.Dialect = &d
	}
	if update.Rejects != nil {
		j.Rejects = update.Rejects
	}
}

// Release ends a claim as [job.Holder] says. progressed says whether the claim committed a batch, committed is the sum
// of all checkpoints of the job.
func Release(j *job.Job, now time.Time, failed, progressed bool, reason string, delay time.Duration,
	committed importer.Commit) {
	resetAttempts(j, progressed)
	switch j.Error = shorten(reason); {
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
		end(j, now, job.Revoked, "", committed)
		return
	}
	showCommitted(j, committed)
	j.State, j.NotBefore = job.Pending, now.Add(delay)
	j.Revision++
}

// Cancel asks for the end of the job as [job.Submitter] says. held says whether a worker has the job and its lease
// hasn't run out, committed is the sum of the job's checkpoints.
func Cancel(j *job.Job, now time.Time, held bool, committed importer.Commit) error {
	switch {
	case j.State.Final():
		return fmt.Errorf("%w: %s is %s", job.ErrFinal, j.ID, j.State)
	case !held:
		j.CancelRequested = true
		end(j, now, job.Revoked, "", committed)
	case !j.CancelRequested:
		j.CancelRequested = true
		j.Revision++
	}
	return nil
}

// Finish ends the job as [job.Holder] says. committed is the sum of its checkpoints.
func Finish(j *job.Job, now time.Time, state job.State, reason string, update *job.Update,
	committed importer.Commit) error {
	if !state.Final() {
		return fmt.Errorf("job: %s ends no job", state)
	}
	if update != nil {
		apply(j, update)
	}
	end(j, now, state, reason, committed)
	return nil
}

// end makes the job final.
func end(j *job.Job, now time.Time, state job.State, reason string, committed importer.Commit) {
	j.State, j.Error, j.WaitingSince, j.FinishedAt = state, shorten(reason), time.Time{}, now
	j.Event.Time, j.Event.Phase, j.Event.ETA = now, progress.Failed, -1
	if state == job.Success {
		j.Event.Phase, j.Event.ETA = progress.Done, 0
	}
	if !j.Settings.DryRun {
		j.Event.Counts, j.Event.Bytes = committed.Counts, committed.Bytes
	}
	j.Revision++
}

// shorten cuts a reason to MaxError characters.
func shorten(reason string) string {
	n := 0
	for i := range reason {
		if n++; n > MaxError {
			return reason[:i]
		}
	}
	return reason
}

// Sum adds up checkpoints.
func Sum(checkpoints map[int64]importer.Commit) (sum importer.Commit) {
	for _, c := range checkpoints {
		sum.Counts.Add(c.Counts)
		sum.Bytes += c.Bytes
	}
	return sum
}
