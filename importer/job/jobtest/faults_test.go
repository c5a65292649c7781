package jobtest_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
	"github.com/products-importer/products-importer/progress"
)

// fault is a way to break a store, the case that finds it, and what the failure says.
type fault struct {
	name  string
	spoil func(s *broken)
	found string
	says  string
}

// sameSum is the checksum of the files in the cases about files.
const sameSum = "5a5e"

// createAnUndo stores the undo without asking whether another one is in its way.
func createAnUndo(ctx context.Context, s job.Store, j job.Job) (job.Job, error) {
	j.Settings.Undo = ""
	return s.Create(ctx, j)
}

var brokenStores = []fault{
	{"loses a setting", func(s *broken) {
		s.create = func(ctx context.Context, j job.Job) (job.Job, error) {
			j.Settings.BatchRecords = 0
			return s.Store.Create(ctx, j)
		}
	}, "create/stores what the submitter says", "Settings is stored"},
	{"takes a key twice", func(s *broken) {
		s.create = func(ctx context.Context, j job.Job) (job.Job, error) {
			stored, err := s.Store.Create(ctx, j)
			if errors.Is(err, job.ErrKeyUsed) {
				return s.ByKey(ctx, j.IdempotencyKey)
			}
			return stored, err
		}
	}, "create/an idempotency key is taken once", "ErrKeyUsed"},
	{"names the oldest duplicate", func(s *broken) {
		first := map[string]string{}
		s.create = func(ctx context.Context, j job.Job) (job.Job, error) {
			stored, err := s.Store.Create(ctx, j)
			if id, again := first[j.SHA256]; again && j.SHA256 != "" {
				stored.DuplicateOf = id
			}
			first[j.SHA256] = stored.ID
			if stored.DuplicateOf != "" {
				first[j.SHA256] = stored.DuplicateOf
			}
			return stored, err
		}
	}, "create/the same file again", "the newest earlier job"},
	{"undoes twice, at the same time alone", func(s *broken) {
		s.create = func(ctx context.Context, j job.Job) (job.Job, error) {
			if j.Settings.Undo == "" {
				return s.Store.Create(ctx, j)
			}
			if err := driver.CheckUndo(ctx, s.Store, j.Settings.Undo, nil); err != nil {
				return job.Job{}, err
			}
			time.Sleep(20 * time.Millisecond) // others look meanwhile
			return createAnUndo(ctx, s.Store, j)
		}
	}, "undo/several at the same time", "one of several undos"},
	{"undoes what is undone", func(s *broken) {
		s.create = func(ctx context.Context, j job.Job) (job.Job, error) {
			stored, err := s.Store.Create(ctx, j)
			if errors.Is(err, job.ErrUndone) {
				return createAnUndo(ctx, s.Store, j)
			}
			return stored, err
		}
	}, "undo/of a job that is undone", "whose undo waits"},
	{"undoes nothing", func(s *broken) {
		s.create = func(ctx context.Context, j job.Job) (job.Job, error) {
			stored, err := s.Store.Create(ctx, j)
			if errors.Is(err, job.ErrNotFound) {
				return createAnUndo(ctx, s.Store, j)
			}
			return stored, err
		}
	}, "undo/of no job", "no job has the ID"},
	{"takes back twice what was brought back", func(s *broken) {
		s.create = func(ctx context.Context, j job.Job) (job.Job, error) {
			stored, err := s.Store.Create(ctx, j)
			var undone *job.UndoneError
			if errors.As(err, &undone) && undone.By.Settings.Undo != j.Settings.Undo {
				if of, _ := s.Store.Get(ctx, j.Settings.Undo); of.Settings.Undo != "" {
					return createAnUndo(ctx, s.Store, j)
				}
			}
			return stored, err
		}
	}, "undo/of a job that is undone", "taken back once"},
	{"hides a cancel", func(s *broken) {
		s.renew = func(ctx context.Context, claim *job.Claim, lease time.Duration, update *job.Update) (bool, error) {
			_, err := s.Store.Renew(ctx, claim, lease, update)
			return false, err
		}
	}, "cancel/one that is worked on ends by its worker", "Renew reports it"},
	{"cancels what has ended", func(s *broken) {
		s.cancel = func(ctx context.Context, id string) (job.Job, error) {
			j, err := s.Store.Cancel(ctx, id)
			if errors.Is(err, job.ErrFinal) {
				return s.Store.Get(ctx, id)
			}
			return j, err
		}
	}, "cancel/not found, and ended", "is final"},
	{"lists the oldest first", func(s *broken) {
		s.list = func(ctx context.Context, q job.Query) ([]job.Job, int64, error) {
			jobs, count, err := s.Store.List(ctx, q)
			slices.Reverse(jobs)
			return jobs, count, err
		}
	}, "read/list, newest first", "newest first"},
	{"lists dialects", func(s *broken) {
		s.list = func(ctx context.Context, q job.Query) ([]job.Job, int64, error) {
			jobs, count, err := s.Store.List(ctx, q)
			for i := range jobs {
				if whole, err := s.Store.Get(ctx, jobs[i].ID); err == nil {
					jobs[i].Dialect = whole.Dialect
				}
			}
			return jobs, count, err
		}
	}, "read/dialects of one job alone", "without their dialects"},
	{"stores updates of any length", func(s *broken) {
		s.get = func(ctx context.Context, id string) (job.Job, error) {
			j, err := s.Store.Get(ctx, id)
			if j.Dialect != nil && j.Dialect.MoreColumns > 0 {
				j.Dialect.Columns = slices.Repeat(j.Dialect.Columns, 20)
			}
			return j, err
		}
	}, "read/what updates store has bounds", "a stored dialect has a bound"},
	{"counts the page", func(s *broken) {
		s.list = func(ctx context.Context, q job.Query) ([]job.Job, int64, error) {
			jobs, _, err := s.Store.List(ctx, q)
			return jobs, int64(len(jobs)), err
		}
	}, "read/list, newest first", "the count is that of all jobs"},
	{"filters by the first state", func(s *broken) {
		s.list = func(ctx context.Context, q job.Query) ([]job.Job, int64, error) {
			q.States = q.States[:min(len(q.States), 1)]
			return s.Store.List(ctx, q)
		}
	}, "read/list by state", "one of the states"},
	{"filters by the first user", func(s *broken) {
		s.list = func(ctx context.Context, q job.Query) ([]job.Job, int64, error) {
			q.Users = q.Users[:min(len(q.Users), 1)]
			return s.Store.List(ctx, q)
		}
	}, "read/list by user", "one of the users"},
	{"filters by users alone", func(s *broken) {
		s.list = func(ctx context.Context, q job.Query) ([]job.Job, int64, error) {
			if len(q.Users) > 0 {
				q.States = nil
			}
			return s.Store.List(ctx, q)
		}
	}, "read/list by user", "in one of the states"},
	{"lists undos of any job", func(s *broken) {
		s.list = func(ctx context.Context, q job.Query) ([]job.Job, int64, error) {
			q.Undo = ""
			return s.Store.List(ctx, q)
		}
	}, "read/list undos", "only jobs that undo the one"},
	{"claims twice", func(s *broken) {
		var mu sync.Mutex
		claims := 0
		var last *job.Claim
		s.claim = func(ctx context.Context, worker string, lease time.Duration, maxAttempts int) (*job.Claim, error) {
			mu.Lock()
			defer mu.Unlock()
			if claims++; claims%7 == 0 && last != nil {
				return last, nil
			}
			claim, err := s.Store.Claim(ctx, worker, lease, maxAttempts)
			last = claim
			return claim, err
		}
	}, "claim/never twice at the same time", "no job is claimed twice"},
	{"claims by age alone", func(s *broken) {
		s.create = func(ctx context.Context, j job.Job) (job.Job, error) {
			j.Priority = 0
			return s.Store.Create(ctx, j)
		}
	}, "claim/by priority, then by age", "highest priority"},
	{"claims too early", func(s *broken) {
		s.release = func(ctx context.Context, claim *job.Claim, failed bool, reason string, _ time.Duration) (job.Job,
			error) {
			return s.Store.Release(ctx, claim, failed, reason, 0)
		}
	}, "claim/not before its time", "before the delay is over"},
	{"forgets how far a job was", func(s *broken) {
		s.claim = func(ctx context.Context, worker string, lease time.Duration, maxAttempts int) (*job.Claim, error) {
			claim, err := s.Store.Claim(ctx, worker, lease, maxAttempts)
			if claim != nil {
				claim.Job.Event.Reached = 0
			}
			return claim, err
		}
	}, "finish/counts what was committed", "how far it was"},
	{"lets a lost claim renew", func(s *broken) {
		s.renew = func(ctx context.Context, claim *job.Claim, lease time.Duration, update *job.Update) (bool, error) {
			cancel, err := s.Store.Renew(ctx, claim, lease, update)
			if errors.Is(err, job.ErrLeaseLost) {
				err = nil
			}
			return cancel, err
		}
	}, "lease/one that runs out is taken over", "Renew"},
	{"believes its clock about waits", func(s *broken) {
		set, clock := s.setBack, time.Duration(0)
		s.setBack = func(ctx context.Context, d time.Duration) error {
			clock += d
			return set(ctx, d)
		}
		s.claim = func(ctx context.Context, worker string, lease time.Duration, maxAttempts int) (*job.Claim, error) {
			claim, err := s.Store.Claim(ctx, worker, lease, maxAttempts)
			if claim != nil && claim.Job.NotBefore.After(time.Now().Add(-clock)) {
				return nil, nil
			}
			return claim, err
		}
	}, "clock/set back, a job that waits is claimed", "can be claimed still"},
	{"believes its clock about leases", func(s *broken) {
		set, early := s.setBack, false
		s.setBack = func(ctx context.Context, d time.Duration) error {
			early = d > 0
			return set(ctx, d)
		}
		s.claim = func(ctx context.Context, worker string, lease time.Duration, maxAttempts int) (*job.Claim, error) {
			if early {
				return nil, nil
			}
			return s.Store.Claim(ctx, worker, lease, maxAttempts)
		}
	}, "clock/set back, a worker that vanished", "never holds for longer"},
	{"lets a cancel do nothing", func(s *broken) {
		set, early := s.setBack, false
		s.setBack = func(ctx context.Context, d time.Duration) error {
			early = d > 0
			return set(ctx, d)
		}
		s.cancel = func(ctx context.Context, id string) (job.Job, error) {
			if early {
				return s.Store.Get(ctx, id)
			}
			return s.Store.Cancel(ctx, id)
		}
	}, "clock/set back, a cancel takes effect", "the job has ended"},
	{"forgets how long a job waited", func(s *broken) {
		s.release = func(ctx context.Context, claim *job.Claim, failed bool, reason string,
			delay time.Duration) (job.Job, error) {
			j, err := s.Store.Release(ctx, claim, failed, reason, delay)
			j.Waited = min(j.Waited, delay)
			return j, err
		}
	}, "wait/trouble that passes is no failed attempt", "waits are added up"},
	{"counts waiting as a failure", func(s *broken) {
		s.release = func(ctx context.Context, claim *job.Claim, failed bool, reason string,
			delay time.Duration) (job.Job, error) {
			return s.Store.Release(ctx, claim, failed || reason != "", reason, delay)
		}
	}, "wait/trouble that passes is no failed attempt", "waits are added up"},
	{"shows checkpoints to anybody", func(s *broken) {
		s.checkpoints = func(ctx context.Context, claim *job.Claim) (map[int64]importer.Commit, error) {
			done, err := s.Store.Checkpoints(ctx, claim)
			if errors.Is(err, job.ErrLeaseLost) {
				err = nil
			}
			return done, err
		}
	}, "lease/one that is released", "Checkpoints gives ErrLeaseLost"},
	{"has one token for a job", func(s *broken) {
		s.claim = func(ctx context.Context, worker string, lease time.Duration, maxAttempts int) (*job.Claim, error) {
			claim, err := s.Store.Claim(ctx, worker, lease, maxAttempts)
			if claim != nil {
				claim.Token = 1
			}
			return claim, err
		}
	}, "lease/one that runs out is taken over", "token grows"},
	{"takes over leases that were renewed", func(s *broken) {
		s.renew = func(ctx context.Context, claim *job.Claim, _ time.Duration, update *job.Update) (bool, error) {
			return s.Store.Renew(ctx, claim, time.Nanosecond, update)
		}
	}, "lease/one that is renewed holds", "that was renewed"},
	{"counts a release as a failure", func(s *broken) {
		s.release = func(ctx context.Context, claim *job.Claim, _ bool, reason string, delay time.Duration) (job.Job,
			error) {
			return s.Store.Release(ctx, claim, true, reason, delay)
		}
	}, "lease/one that is released", "no failed attempt"},
	{"doesn't count failures", func(s *broken) {
		s.release = func(ctx context.Context, claim *job.Claim, _ bool, reason string, delay time.Duration) (job.Job,
			error) {
			return s.Store.Release(ctx, claim, false, reason, delay)
		}
	}, "lease/failed attempts are counted", "failed attempts are counted"},
	{"tries for ever", func(s *broken) {
		s.claim = func(ctx context.Context, worker string, lease time.Duration, maxAttempts int) (*job.Claim, error) {
			return s.Store.Claim(ctx, worker, lease, maxAttempts+100)
		}
	}, "lease/too many failed attempts end the job", "without an attempt left"},
	{"changes its revision only with the state", func(s *broken) {
		s.get = func(ctx context.Context, id string) (job.Job, error) {
			j, err := s.Store.Get(ctx, id)
			if j.State == job.Progress {
				j.Revision = 2
			}
			return j, err
		}
	}, "renew/stores the update", "the revision grows"},
	{"counts what updates said", func(s *broken) {
		s.finish = func(ctx context.Context, claim *job.Claim, state job.State, reason string,
			update *job.Update) (job.Job, error) {
			j, err := s.Store.Finish(ctx, claim, state, reason, update)
			if update != nil {
				j.Event.Counts = update.Event.Counts
			}
			return j, err
		}
	}, "finish/counts what was committed", "the sum of the checkpoints"},
	{"counts nothing of a dry run", func(s *broken) {
		s.finish = func(ctx context.Context, claim *job.Claim, state job.State, reason string,
			update *job.Update) (job.Job, error) {
			j, err := s.Store.Finish(ctx, claim, state, reason, update)
			j.Event.Counts = progress.Counts{}
			return j, err
		}
	}, "finish/a dry run has the counts of the update", "the update's"},
	{"ends a job that goes on", func(s *broken) {
		s.finish = func(ctx context.Context, claim *job.Claim, state job.State, reason string,
			update *job.Update) (job.Job, error) {
			if !state.Final() {
				return s.Store.Get(ctx, claim.Job.ID)
			}
			return s.Store.Finish(ctx, claim, state, reason, update)
		}
	}, "finish/only final states", "ends no job"},
	{"commits checkpoints by themselves", func(s *broken) {
		kept := map[int64]importer.Commit{}
		s.checkpoint = func(ctx context.Context, claim *job.Claim, done importer.Commit) error {
			kept[done.Batch] = done
			return s.Store.Checkpoint(ctx, claim, done)
		}
		s.checkpoints = func(context.Context, *job.Claim) (map[int64]importer.Commit, error) { return kept, nil }
	}, "checkpoint/rolled back with its batch", "rolled back with its batch"},
	{"doesn't look at the token in a batch", func(s *broken) {
		s.checkpoint = func(ctx context.Context, claim *job.Claim, done importer.Commit) error {
			err := s.Store.Checkpoint(ctx, claim, done)
			if errors.Is(err, job.ErrLeaseLost) {
				err = nil
			}
			return err
		}
	}, "checkpoint/a worker that lost its lease commits nothing", "ErrLeaseLost"},
	{"counts a batch twice", func(s *broken) {
		s.checkpoint = func(ctx context.Context, claim *job.Claim, done importer.Commit) error {
			err := s.Store.Checkpoint(ctx, claim, done)
			if errors.Is(err, job.ErrCommitted) {
				err = nil
			}
			return err
		}
	}, "checkpoint/no batch counts twice", "ErrCommitted"},
	{"keeps what was refused of a batch that is rolled back", func(s *broken) {
		kept := map[string][]importer.Reject{}
		s.checkpoint = func(ctx context.Context, claim *job.Claim, done importer.Commit) error {
			kept[claim.Job.ID] = done.Refused
			return s.Store.Checkpoint(ctx, claim, done)
		}
		s.refused = func(_ context.Context, id string, _ int64) ([]importer.Reject, int64, error) {
			return kept[id], 1, nil
		}
	}, "checkpoint/rolled back with its batch", "not kept"},
	{"returns the first batch's records again", func(s *broken) {
		s.refused = func(ctx context.Context, id string, _ int64) ([]importer.Reject, int64, error) {
			return s.Store.Refused(ctx, id, 0)
		}
	}, "checkpoint/keeps what the store of products refused", "the first batch above the number"},
	{"returns the first batch's skipped records again", func(s *broken) {
		s.skipped = func(ctx context.Context, id string, _ int64) ([]importer.Skipped, int64, error) {
			return s.Store.Skipped(ctx, id, 0)
		}
	}, "checkpoint/keeps what the mode left alone", "the first batch above the number"},
	{"loses the fields of what was refused", func(s *broken) {
		s.refused = func(ctx context.Context, id string, above int64) ([]importer.Reject, int64, error) {
			all, batch, err := s.Store.Refused(ctx, id, above)
			for i := range all {
				all[i].Fields = nil
			}
			return all, batch, err
		}
	}, "checkpoint/keeps what the store of products refused", "the first batch that has any"},
	{"counts jobs that have ended", func(s *broken) {
		s.backlog = func(ctx context.Context) (job.Backlog, error) {
			b, err := s.Store.Backlog(ctx)
			if err == nil {
				_, b.Waiting, err = s.List(ctx, job.Query{Limit: 1})
				b.Waiting -= b.Later + b.Running
			}
			return b, err
		}
	}, "backlog/counts jobs that haven't ended", "aren't counted"},
	{"forgets for how long a job has waited", func(s *broken) {
		s.backlog = func(ctx context.Context) (job.Backlog, error) {
			b, err := s.Store.Backlog(ctx)
			b.OldestWaiting = 0
			return b, err
		}
	}, "backlog/since when", "since it was made"},
	{"forgets trouble while the job is tried again", func(s *broken) {
		s.backlog = func(ctx context.Context) (job.Backlog, error) {
			b, err := s.Store.Backlog(ctx)
			b.Troubled = min(b.Troubled, b.Later)
			return b, err
		}
	}, "backlog/since when", "since its pause"},
	{"doesn't say whose lease ran out", func(s *broken) {
		s.claim = func(ctx context.Context, worker string, lease time.Duration, maxAttempts int) (*job.Claim, error) {
			claim, err := s.Store.Claim(ctx, worker, lease, maxAttempts)
			if claim != nil {
				claim.Vanished = ""
			}
			return claim, err
		}
	}, "lease/one that runs out is taken over", "knows who vanished"},
	{"expires everything", func(s *broken) {
		s.expire = func(ctx context.Context, _ time.Time, limit int) ([]job.Job, error) {
			return s.Store.Expire(ctx, time.Now().Add(time.Hour), limit)
		}
	}, "expire/jobs that ended long ago", "stay"},
	{"expires without a limit", func(s *broken) {
		s.expire = func(ctx context.Context, before time.Time, limit int) ([]job.Job, error) {
			return s.Store.Expire(ctx, before, limit*100)
		}
	}, "expire/jobs that ended long ago", "no more than the limit"},
	{"forgets uploads of jobs that have ended", func(s *broken) {
		s.uploadsInUse = func(ctx context.Context, keys []string) ([]string, error) {
			used, err := s.Store.UploadsInUse(ctx, keys)
			return slices.DeleteFunc(used, func(key string) bool { return key == "upload-1" }), err
		}
	}, "uploads/in use", "also of those that have ended"},
	{"makes jobs of nothing", func(s *broken) {
		s.createFrom = func(ctx context.Context, j job.Job) (job.Job, error) { return s.Store.Create(ctx, j) }
	}, "standing/jobs of another job's file", "which nobody has"},
	{"makes no jobs of an upload without one", func(s *broken) {
		s.createFrom = func(ctx context.Context, j job.Job) (job.Job, error) {
			if _, count, err := s.List(ctx, job.Query{Limit: 1}); err == nil && count == 0 {
				return job.Job{}, job.ErrNotFound
			}
			return s.Store.CreateFrom(ctx, j)
		}
	}, "standing/jobs of it", "a job is made of an upload"},
	{"deletes uploads that jobs import", func(s *broken) {
		s.deleteUpload = func(ctx context.Context, id string) error {
			err := s.Store.DeleteUpload(ctx, id)
			if errors.Is(err, job.ErrInUse) {
				err = nil
			}
			return err
		}
	}, "standing/deleted", "is not deleted"},
	{"doesn't note that an upload is used", func(s *broken) {
		s.useUpload = s.Store.GetUpload
	}, "standing/when it was used", "UseUpload uses it"},
	{"knows uploads of jobs alone", func(s *broken) {
		s.uploadsInUse = func(context.Context, []string) ([]string, error) { return nil, nil }
	}, "standing/in use until nobody has it", "without a job is in use"},
	{"keeps uploads whose bytes are gone", func(s *broken) {
		s.dropUpload = func(ctx context.Context, id string) error {
			j, err := s.Store.Get(ctx, id)
			if err != nil {
				return err
			}
			upload, err := s.GetUpload(ctx, j.Upload)
			if err != nil {
				return err
			}
			if err := s.Store.DropUpload(ctx, id); err != nil {
				return err
			}
			_, err = s.CreateUpload(ctx, upload)
			return err
		}
	}, "standing/bytes that are gone", "is forgotten"},
	{"lets every upload expire", func(s *broken) {
		s.expireUploads = func(ctx context.Context, _ time.Duration, limit int) ([]string, error) {
			return s.Store.ExpireUploads(ctx, -time.Hour, limit)
		}
	}, "standing/expires unless it is used", "of late stays"},
	{"lets more uploads expire than the limit", func(s *broken) {
		s.expireUploads = func(ctx context.Context, age time.Duration, limit int) ([]string, error) {
			return s.Store.ExpireUploads(ctx, age, 10*limit)
		}
	}, "standing/expires unless it is used", "than the limit"},
	{"stores the same bytes again", func(s *broken) {
		s.create = func(ctx context.Context, j job.Job) (job.Job, error) {
			j.SHA256 = ""
			return s.Store.Create(ctx, j)
		}
	}, "files/the same bytes have one file", "with the same bytes"},
	{"takes files of one length for the same", func(s *broken) {
		s.create = func(ctx context.Context, j job.Job) (job.Job, error) {
			j.SHA256 = sameSum
			return s.Store.Create(ctx, j)
		}
	}, "files/other bytes have others", "size and checksum"},
	{"gives out files that are not in use", func(s *broken) {
		s.uploadsInUse = func(ctx context.Context, keys []string) ([]string, error) {
			used, err := s.Store.UploadsInUse(ctx, keys)
			if len(used) > 0 {
				jobs, _, failed := s.List(ctx, job.Query{Limit: 1, States: []job.State{job.Pending}})
				if failed == nil && len(jobs) == 0 {
					used = nil
				}
			}
			return used, err
		}
	}, "files/kept until nobody has them", "outlives the job"},
	{"returns expired uploads' own IDs", func(s *broken) {
		n := 0
		s.expireUploads = func(ctx context.Context, age time.Duration, limit int) ([]string, error) {
			files, err := s.Store.ExpireUploads(ctx, age, limit)
			for i := range files {
				files[i] = string(rune('a' + n))
				n++
			}
			return files, err
		}
	}, "files/expired with their uploads", "of each upload"},
	{"forgets a file of the job alone", func(s *broken) {
		s.get = func(ctx context.Context, id string) (job.Job, error) {
			j, err := s.Store.Get(ctx, id)
			if j.File == "" && j.SHA256 == sameSum {
				j.File = "a"
			}
			return j, err
		}
	}, "files/bytes that are gone", "whoever sent it"},
	{"moves nothing", func(s *broken) {
		s.moveFile = func(context.Context, string, string) (bool, error) { return true, nil }
	}, "files/moved", "every job gets"},
	{"moves without telling", func(s *broken) {
		s.moveFile = func(ctx context.Context, from, to string) (bool, error) {
			_, err := s.Store.MoveFile(ctx, from, to)
			return false, err
		}
	}, "files/moved", "it is reported"},
	{"finds files by their keys alone", func(s *broken) {
		s.fileOf = func(ctx context.Context, upload string) (string, error) {
			if used, err := s.UploadsInUse(ctx, []string{upload}); err != nil || len(used) == 0 {
				return "", errors.Join(err, job.ErrNotFound)
			}
			return upload, nil
		}
	}, "files/the same bytes have one file", "not found"},
	{"forgets who kept a profile", func(s *broken) {
		s.putProfile = func(ctx context.Context, p job.Profile) (job.Profile, error) {
			p.User = ""
			return s.Store.PutProfile(ctx, p)
		}
	}, "profile/stores what its keeper says", "stored as it was given"},
	{"keeps the first profile of a name", func(s *broken) {
		s.putProfile = func(ctx context.Context, p job.Profile) (job.Profile, error) {
			if first, err := s.GetProfile(ctx, p.Name); err == nil {
				first.UpdatedAt = time.Now()
				return first, nil
			}
			return s.Store.PutProfile(ctx, p)
		}
	}, "profile/replaced", "outlives its replacement"},
	{"finds the first profile by name", func(s *broken) {
		s.findProfile = func(ctx context.Context, fingerprint string) (job.Profile, error) {
			all, err := s.Store.ListProfiles(ctx)
			for _, p := range all {
				if p.Fingerprint == fingerprint {
					return p, nil
				}
			}
			return job.Profile{}, errors.Join(err, job.ErrNotFound)
		}
	}, "profile/found by fingerprint", "put last"},
	{"finds profiles without a fingerprint", func(s *broken) {
		s.findProfile = func(ctx context.Context, fingerprint string) (job.Profile, error) {
			if fingerprint == "" {
				return s.GetProfile(ctx, "without")
			}
			return s.Store.FindProfile(ctx, fingerprint)
		}
	}, "profile/found by fingerprint", "no profile has the fingerprint"},
	{"lists profiles as they come", func(s *broken) {
		s.listProfiles = func(ctx context.Context) ([]job.Profile, error) {
			all, err := s.Store.ListProfiles(ctx)
			slices.Reverse(all)
			return all, err
		}
	}, "profile/listed by name", "by their names"},
	{"keeps any number of profiles", func(s *broken) {
		s.putProfile = func(ctx context.Context, p job.Profile) (job.Profile, error) {
			stored, err := s.Store.PutProfile(ctx, p)
			if errors.Is(err, job.ErrManyProfiles) {
				err = nil
			}
			return stored, err
		}
		s.listProfiles = func(ctx context.Context) ([]job.Profile, error) {
			all, err := s.Store.ListProfiles(ctx)
			return append(all, all[:min(len(all), 5)]...), err
		}
	}, "profile/bounded", "never more profiles"},
	{"reads after its context ended", func(s *broken) {
		s.get = func(ctx context.Context, id string) (job.Job, error) {
			return s.Store.Get(context.WithoutCancel(ctx), id)
		}
	}, "context/one that has ended stops every method", "Get returns the error"},
	{"calls no hook", func(s *broken) {
		s.onEnd = func(driver.EndHook) {}
	}, "hook/called at every end, in its transaction", "the hook is called"},
	{"calls the hook outside of the transaction", func(s *broken) {
		hook := func(context.Context, job.Job) error { return nil }
		s.onEnd = func(h driver.EndHook) { hook = h }
		s.finish = func(ctx context.Context, claim *job.Claim, state job.State, reason string,
			update *job.Update) (job.Job, error) {
			ended, err := s.Store.Finish(ctx, claim, state, reason, update)
			if err == nil {
				err = hook(ctx, ended)
			}
			return ended, err
		}
	}, "hook/its error rolls the end back", "rolled back with the end"},
	{"forgets the hook's error", func(s *broken) {
		set := s.onEnd
		s.onEnd = func(h driver.EndHook) {
			set(func(ctx context.Context, j job.Job) error {
				_ = h(ctx, j)
				return nil
			})
		}
	}, "hook/its error rolls the end back", "the hook's error is returned"},
	{"calls the hook at every release", func(s *broken) {
		hook := func(context.Context, job.Job) error { return nil }
		s.onEnd = func(h driver.EndHook) { hook = h }
		s.release = func(ctx context.Context, claim *job.Claim, failed bool, reason string,
			delay time.Duration) (job.Job, error) {
			j, err := s.Store.Release(ctx, claim, failed, reason, delay)
			return j, errors.Join(err, hook(ctx, j))
		}
	}, "hook/not called for anything else", "nothing has ended"},
}
