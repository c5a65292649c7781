package job

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/progress"
)

var (
	// ErrNotFound: there is no such job, or no such upload.
	ErrNotFound = errors.New("job: not found")
	// ErrFinal: the job has ended.
	ErrFinal = errors.New("job: it has ended")
	// ErrLeaseLost: the claim's token is no longer the job's: another worker has the job, or nobody.
	ErrLeaseLost = errors.New("job: the lease was lost")
	// ErrKeyUsed: another job has the idempotency key.
	ErrKeyUsed = errors.New("job: the idempotency key is in use")
	// ErrCommitted: the batch has a checkpoint already.
	ErrCommitted = errors.New("job: the batch was committed before")
	// ErrFull: the place for uploads has no room for more.
	ErrFull = errors.New("job: no room for the upload")
)

// Store keeps jobs. Every method is safe for concurrent use, by many processes where the store is shared, and changes
// nothing when it returns an error. A store that can't be reached, or can't do its work for now, gives
// products.ErrUnavailable. Times are the store's own: clocks of workers don't matter. Where the store's clock is set back,
// leases and waits last no longer than they are long, see Over.
type Store interface {
	Submitter
	Reader
	Claimer
	Holder
	Keeper
}

// Submitter is for those who want imports done.
type Submitter interface {
	// Create stores a new Pending job and returns it as stored. It takes the file's name, upload, size and checksum, the
	// idempotency key, settings, priority and NotBefore from the job; the rest is filled in, see Job.Init. ErrKeyUsed when
	// its idempotency key is in use. After products.ErrCommitUnknown the job may exist.
	Create(ctx context.Context, job Job) (Job, error)
	// Cancel asks for the end of the job. One that no worker has, or whose worker let its lease run out, is Revoked at
	// once; else its worker is told by Renew. Asking twice is no error. ErrNotFound, ErrFinal.
	Cancel(ctx context.Context, id string) (Job, error)
}

// Reader is for those who watch.
type Reader interface {
	// Get returns the job, or ErrNotFound.
	Get(ctx context.Context, id string) (Job, error)
	// GetMany returns those of the jobs that exist, in any order, without their Dialect. It is what a watcher of many jobs
	// calls often.
	GetMany(ctx context.Context, ids []string) ([]Job, error)
	// ByKey returns the job with the idempotency key, or ErrNotFound.
	ByKey(ctx context.Context, key string) (Job, error)
	// List returns jobs, newest first and without their Dialect: at most limit (1 to 1,000), behind the offset, and how many there are in all. With
	// states only those in one of them. An error for a limit or an offset out of bounds, see CheckPage.
	List(ctx context.Context, limit, offset int, states ...State) (jobs []Job, count int64, err error)
}

// Claimer is for workers that look for work.
type Claimer interface {
	// Claim takes the job that should be done next (see Job.Priority) and holds it for the lease: a Pending one whose
	// NotBefore has come, or one whose worker let its lease run out, which counts as a failed attempt. No job is claimed
	// twice at the same time. nil without an error when there is none. The job's state is Started, and StartedAt is set; its
	// event is the last attempt's, with what was committed since, and tells how far that was, see Job.Take.
	//
	// A job that was asked to end, or whose attempts have reached maxAttempts (1 or more), is not claimed but made
	// Revoked or Failure, with the counts of its checkpoints. The lease is above 0.
	Claim(ctx context.Context, worker string, lease time.Duration, maxAttempts int) (*Claim, error)
	// Wake returns a channel that has a value soon after a job became ready to be claimed. It is a hint: values get lost,
	// and workers look for themselves now and then. The channel lives until the context ends; it may be nil.
	Wake(ctx context.Context) <-chan struct{}
}

// Update is what a worker tells of its job.
type Update struct {
	// State is Started or Progress; Finish doesn't look at it.
	State State
	Event progress.Event
	// Dialect and Rejects leave what the job has where they are nil.
	Dialect *importer.Dialect
	Rejects map[importer.Code]int64
}

// Holder is for the worker that has a claim. Each method gives ErrLeaseLost once the claim's token is not the job's any
// more, and then has changed nothing.
type Holder interface {
	// Renew holds the job for the lease from now on, and tells whether somebody asked for its end. An update, if not nil,
	// is stored with it. Its counts are only shown until the job is final.
	Renew(ctx context.Context, claim *Claim, lease time.Duration, update *Update) (cancel bool, err error)
	// Checkpoint notes a committed batch. The context is the one of the batch's transaction (products.Batch.BeforeCommit),
	// in which it is committed, if and only if the claim is still good then: a worker that commits holds off whoever would
	// take the job over until it is done. ErrCommitted for a batch that has one: no batch counts twice.
	Checkpoint(ctx context.Context, claim *Claim, done importer.Commit) error
	// Checkpoints returns what was committed so far, by batch, whoever committed it.
	Checkpoints(ctx context.Context, claim *Claim) (map[int64]importer.Commit, error)
	// Release ends the claim of a job that isn't done, and returns the job: it is Pending, and nobody has it. Reason becomes
	// the job's Error, and it may be claimed after the delay, 0 or more. With failed it counts as an attempt; else, where
	// there is a reason, the delay is added to Waited. A job that was asked to end is Revoked instead. Its event counts the
	// checkpoints.
	Release(ctx context.Context, claim *Claim, failed bool, reason string, delay time.Duration) (Job, error)
	// Finish ends the job: state is a final one, reason is its Error. An update, if not nil, is stored with it. The
	// event's counts and bytes are replaced by the sum of the checkpoints, unless it was a dry run.
	Finish(ctx context.Context, claim *Claim, state State, reason string, update *Update) (Job, error)
}

// EndHook is told of a job that becomes final, in whichever way: by Finish, by Cancel, by Release of a job that was asked to
// end, or by Claim, which gives one up. The context is the one of the transaction in which it becomes final: what is
// written through it is committed if and only if the job's end is. An error rolls both back, and is returned. A store
// that tries again calls it again, and only the last call's effects remain. It must not call the store of jobs.
//
// Stores have a method OnEnd(EndHook) that sets it, to be called before the store is used.
type EndHook func(ctx context.Context, ended Job) error

// Keeper is for housekeeping.
type Keeper interface {
	// Expire deletes the jobs that became final before the time, at most limit of them, with their checkpoints, and
	// returns them, without their Dialect: their uploads are the caller's to delete. The limit is 1 or more.
	Expire(ctx context.Context, before time.Time, limit int) ([]Job, error)
	// DropUpload notes that the job's upload is gone. ErrNotFound.
	DropUpload(ctx context.Context, id string) error
	// UploadsInUse returns those of the keys that are some job's Upload.
	UploadsInUse(ctx context.Context, keys []string) ([]string, error)
}

// Uploads keeps the bytes of files under keys that the caller makes: 1 to 100 of the characters a-z, 0-9 and "-". It is
// safe for concurrent use.
type Uploads interface {
	// Put stores what the reader gives, until its end, without ever holding all of it in memory, and returns its length.
	// The key must be new. The upload can be opened once Put has returned without an error, and not before; with an error
	// (the reader's, ErrFull, the context's) nothing of it is left, or is left for Sweep.
	Put(ctx context.Context, key string, r io.Reader) (int64, error)
	// Open returns n bytes of the upload from the offset, fewer at its end; all of the rest for n below 0. ErrNotFound.
	// Reading fails with the context's error when the context ends. Read and Close are not called at the same time.
	Open(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error)
	// Delete removes the upload. Deleting what isn't there is no error.
	Delete(ctx context.Context, key string) error
}

// Sweeper is an Uploads that can find what was left behind.
type Sweeper interface {
	// Sweep removes what unfinished Puts left, and returns the keys of finished uploads, of those to which nothing was
	// written for longer than the age, by the clock of whoever keeps them; below 0 that is all of them. A Put that still
	// goes on, but was that slow, fails.
	Sweep(ctx context.Context, age time.Duration) (keys []string, err error)
}
