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
	// ErrInUse: a job that hasn't ended uses the upload.
	ErrInUse = errors.New("job: an import that hasn't ended uses the upload")
)

// Store keeps jobs. Its methods are safe for concurrent use, by many processes where the store is shared, and change
// nothing when they return an error. A store that can't be reached, or can't do its work for now, returns
// [products.ErrUnavailable]. Times are those of the store's own clock: the clocks of workers don't matter. When it is
// set back, leases and waits last no longer than their length.
//
// Who writes a Store finds the rules of a job's life in package driver, and a test suite in package jobtest.
type Store interface {
	Submitter
	UploadKeeper
	ProfileKeeper
	Reader
	Surveyor
	ChangeReader
	Claimer
	Holder
	Pruner
}

// Submitter is for those who want imports done, and to know what could not be.
type Submitter interface {
	// Create stores a new Pending job and returns it as stored. It takes the file's name, upload, size and checksum,
	// the user, the idempotency key, settings, priority and NotBefore from the job, and fills in the rest. ErrKeyUsed
	// when its idempotency key is in use. After [products.ErrCommitUnknown] the job may exist.
	//
	// For an undo, see Settings.Undo, there is an *[UndoneError] while another undo of that job, no dry run, waits, is
	// being done, or has succeeded without being undone itself; and for the undo of an undo also while what that one
	// took back is undone again. Of several at the same time one is stored. ErrNotFound when there is no such job.
	//
	// Its File is that of another job or [Upload] with the same size and checksum, where the latter is known, and else
	// its Upload: so bytes that come several times, at the same time too, have one File. Who has stored them under
	// another key deletes them there.
	Create(ctx context.Context, job Job) (Job, error)
	// CreateFrom is as Create for a file that is stored already: the job's Upload is that of another job, or the ID of
	// an [Upload], which is used thereby, and its File is that one's. ErrNotFound where neither has it. So what
	// UploadsInUse doesn't return once is used by nobody again, and its bytes can be deleted.
	CreateFrom(ctx context.Context, job Job) (Job, error)
	// Cancel asks for the end of the job. If no worker has it, or its worker let its lease run out, the job becomes
	// Revoked at once; else its worker learns of it from Renew. Asking twice is no error. ErrNotFound, ErrFinal.
	Cancel(ctx context.Context, id string) (Job, error)
	// Refused returns the records of the job that the store of products refused, those of one batch at a time: of the
	// first batch with any whose number is above the given one. It returns them with that batch's number, as Checkpoint
	// was given them; none behind the last batch, and of a job that doesn't exist.
	Refused(ctx context.Context, id string, above int64) (refused []importer.Reject, batch int64, err error)
	// Skipped is as Refused for the records that mode existing left alone.
	Skipped(ctx context.Context, id string, above int64) (skipped []importer.Skipped, batch int64, err error)
}

// UploadKeeper keeps what is known of files that stand alone. Their bytes are in an [Uploads].
type UploadKeeper interface {
	// CreateUpload stores the upload, whose bytes are stored already, and returns it as stored, with a File as Create
	// gives one to a job. It takes the ID, the
	// file's name, size and checksum and the user from it, and fills in CreatedAt and UsedAt. An error for an ID that
	// is in use. After [products.ErrCommitUnknown] the upload may exist.
	CreateUpload(ctx context.Context, upload Upload) (Upload, error)
	// GetUpload returns the upload, or ErrNotFound.
	GetUpload(ctx context.Context, id string) (Upload, error)
	// UseUpload is as GetUpload, and the upload was used now.
	UseUpload(ctx context.Context, id string) (Upload, error)
	// DeleteUpload forgets the upload. ErrNotFound; ErrInUse while a job that hasn't ended has it.
	DeleteUpload(ctx context.Context, id string) error
	// ExpireUploads forgets the uploads that have not been used for longer than the age, see Upload.UsedAt, at most
	// limit of them, and returns the File of each. The limit is 1 or more.
	ExpireUploads(ctx context.Context, age time.Duration, limit int) (files []string, err error)
	// FileOf returns the File of the [Upload] with the ID, or of a job that has it as its Upload. ErrNotFound.
	FileOf(ctx context.Context, upload string) (file string, err error)
	// MoveFile gives all jobs and uploads that have one File another one, a key that nobody has: the bytes are stored
	// there, and those under the first are gone. It reports whether there were any.
	MoveFile(ctx context.Context, from, to string) (moved bool, err error)
}

// Reader is for those who watch.
type Reader interface {
	// Get returns the job, or ErrNotFound.
	Get(ctx context.Context, id string) (Job, error)
	// GetMany returns those of the jobs that exist, in any order, without their Dialect. Who watches many jobs calls it
	// often.
	GetMany(ctx context.Context, ids []string) ([]Job, error)
	// ByKey returns the job with the idempotency key, or ErrNotFound.
	ByKey(ctx context.Context, key string) (Job, error)
	// List returns the jobs that the query selects, newest first and without their Dialect, and how many it selects
	// beyond its limit and offset. An error for a limit or an offset out of bounds.
	List(ctx context.Context, q Query) (jobs []Job, count int64, err error)
}

// Query selects jobs.
type Query struct {
	// States are the states of the jobs, and Users are those who asked for them, by their exact names; none for all.
	States []State
	Users  []string
	// Undo, unless empty, is the ID of a job: those that undo it.
	Undo string
	// Limit is the highest number of jobs, 1 to 1,000, behind the first Offset ones, 0 or more.
	Limit, Offset int
}

// Surveyor is for those who watch the store as a whole.
type Surveyor interface {
	// Backlog returns how much waits, of the jobs that haven't ended: it takes no longer for all those that have.
	Backlog(ctx context.Context) (Backlog, error)
}

// Backlog is what workers have to do.
type Backlog struct {
	// Waiting counts the jobs that could be claimed, Later those whose NotBefore hasn't come, Running those that a
	// worker holds by a lease that hasn't run out.
	Waiting, Later, Running int64
	// OldestWaiting is for how long the one of the Waiting jobs that waits longest could have been claimed; 0 where
	// none waits.
	OldestWaiting time.Duration
	// Troubled counts the jobs that wait for trouble to pass, or are tried again after it, OldestTrouble is how long
	// ago the oldest trouble began; 0 for none. See Job.WaitingSince.
	Troubled      int64
	OldestTrouble time.Duration
}

// ChangeReader is for those who want to know what jobs did to products.
type ChangeReader interface {
	// Chunks returns the chunks of the job that the query wants, in the order of batches and keys: fewer than its Limit
	// only where there are no more. Of a dry run they are those that its latest claim kept. It returns none of a job
	// that doesn't exist, and an error for a Limit below 1.
	Chunks(ctx context.Context, id string, query ChunkQuery) ([]ChangeChunk, error)
	// ChunksOf returns the chunks that may have a change of the product with the key, since it isn't below their First
	// or above their Last, with the IDs of their jobs: of no dry run, and those of younger jobs first. It returns those
	// of at most so many jobs, whose IDs are below the given one, unless that is empty. An error for a limit below 1.
	ChunksOf(ctx context.Context, key, below string, limit int) ([]FoundChunk, error)
}

// FoundChunk is a chunk of a job's.
type FoundChunk struct {
	JobID string
	ChangeChunk
}

// Claimer is for workers that look for work.
type Claimer interface {
	// Claim takes the job that should be done next, see Job.Priority, and holds it for the lease: a Pending one whose
	// NotBefore has come, or one whose worker let its lease run out, which counts as a failed attempt. No job is
	// claimed twice at the same time. nil without an error when there is none. The job's state is Started, and
	// StartedAt is set; its event is that of the last attempt, with the counts of what was committed, and Reached says
	// how far that attempt was.
	//
	// A job whose end was asked for, or whose attempts have reached maxAttempts, which is 1 or more, is not claimed but
	// becomes Revoked or Failure, with the counts of its checkpoints. The lease is above 0.
	Claim(ctx context.Context, worker string, lease time.Duration, maxAttempts int) (*Claim, error)
	// Wake returns a channel that has a value soon after a job became ready to be claimed. It is a hint: values get
	// lost, and workers look for themselves now and then. The channel lives until the context ends; it may be nil.
	Wake(ctx context.Context) <-chan struct{}
}

// Claim is a worker's hold on a job.
type Claim struct {
	Job Job
	// Token is above 0 and grows with every claim of the job: so 1 is that of the first one.
	Token int64
	// Worker is the name under which it was claimed.
	Worker string
	// Vanished is the name of the worker that had the job before and let its lease run out; empty where nobody had it.
	Vanished string
}

// Update is what a worker reports of its job.
type Update struct {
	// State is Started or Progress; Finish doesn't look at it.
	State State
	Event progress.Event
	// Dialect and Rejects leave what the job has where they are nil.
	Dialect *importer.Dialect
	Rejects map[importer.Code]int64
}

// Holder is for the worker that has a claim. Each method returns ErrLeaseLost once the claim's token is not the job's
// any more, and then has changed nothing.
type Holder interface {
	// Renew holds the job for the lease from now on, and reports whether somebody asked for its end. An update, if not
	// nil, is stored with it. Its counts are only shown until the job is final.
	Renew(ctx context.Context, claim *Claim, lease time.Duration, update *Update) (cancel bool, err error)
	// Checkpoint stores that a batch was committed. The context is the one of the batch's transaction
	// ([products.Batch.BeforeCommit]), in which the checkpoint is committed, if and only if the claim is still good
	// then: a worker that commits holds off whoever would take the job over until it is done. ErrCommitted for a batch
	// that has a checkpoint: no batch counts twice. What the batch has in Commit.Refused and Commit.Skipped is
	// stored with it, for Submitter.Refused and Submitter.Skipped.
	Checkpoint(ctx context.Context, claim *Claim, done importer.Commit) error
	// Checkpoints returns what was committed so far, by batch, whoever committed it, without Commit.Refused and
	// Commit.Skipped.
	Checkpoints(ctx context.Context, claim *Claim) (map[int64]importer.Commit, error)
	// KeepChanges stores what a batch changes. The context is the one of the batch's transaction
	// ([products.Batch.Differences]), in which it is committed. It may be called several times for a batch, before its
	// Checkpoint, each time with chunks behind those before; the store keeps nothing of what it is given that the
	// caller may change later. What is kept of a dry run belongs to the claim. Batches below 0 are none of an import's,
	// and have what it planned: their chunks may be kept outside of a transaction, all of one call or, with an error,
	// none, and ChunksOf doesn't return them.
	KeepChanges(ctx context.Context, claim *Claim, chunks []ChangeChunk) error
	// DropChanges removes what earlier claims of a job kept that is a dry run, which begins from the start: at most
	// limit chunks, which is 1 or more. It returns how many it removed.
	DropChanges(ctx context.Context, claim *Claim, limit int) (int, error)
	// Release ends the claim of a job that isn't done, and returns the job: it is Pending, and nobody has it. Reason
	// becomes the job's Error, and it may be claimed after the delay, 0 or more. With failed it counts as an attempt;
	// else, where there is a reason, the delay is added to Waited. A job whose end was asked for becomes Revoked
	// instead. Its event counts the checkpoints.
	Release(ctx context.Context, claim *Claim, failed bool, reason string, delay time.Duration) (Job, error)
	// Finish ends the job: state is a final one, reason is its Error. An update, if not nil, is stored with it. The
	// event's counts and bytes are replaced by the sum of the checkpoints, unless it was a dry run.
	Finish(ctx context.Context, claim *Claim, state State, reason string, update *Update) (Job, error)
}

// Pruner is for those who remove what nobody needs any more.
type Pruner interface {
	// ExpireChanges deletes chunks of jobs that became final before the time, at most limit of them, which is 1 or
	// more, and returns how many: so that Expire has little to do.
	ExpireChanges(ctx context.Context, before time.Time, limit int) (int, error)
	// Expire deletes the jobs that became final before the time, at most limit of them, with all that is theirs, and
	// returns them, without their Dialect: the bytes of those of their uploads that are not in use any more are the
	// caller's to delete. The limit is 1 or more.
	Expire(ctx context.Context, before time.Time, limit int) ([]Job, error)
	// DropUpload stores that the bytes of the job's File are gone: no job has an Upload or a File with them any more,
	// and an [Upload] with them is forgotten. ErrNotFound.
	DropUpload(ctx context.Context, id string) error
	// UploadsInUse returns those of the keys that are the File of some job or of an [Upload], each once.
	UploadsInUse(ctx context.Context, keys []string) ([]string, error)
}

// Uploads keeps the bytes of files under keys that the caller makes: 1 to 100 of the characters a-z, 0-9 and "-". They
// are its caller's to compress, as a [Service] does: see [Compressed]. It is safe for concurrent use.
type Uploads interface {
	// Put stores all that the reader gives, without ever holding all of it in memory, and returns its length. An error
	// for a key that is in use. The upload can be opened once Put has returned without an error, and not before. After
	// an error (the reader's, ErrFull, the context's) nothing of it is left but what Sweep removes.
	Put(ctx context.Context, key string, r io.Reader) (int64, error)
	// Open returns n bytes of the upload from the offset, fewer at its end; all of the rest for n below 0. ErrNotFound.
	// Reading fails with the context's error when the context ends. Read and Close are not called at the same time.
	Open(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error)
	// Delete removes the upload. Deleting what isn't there is no error.
	Delete(ctx context.Context, key string) error
}

// Sweeper is an Uploads that can find what was left behind.
type Sweeper interface {
	// Sweep looks at the uploads to which nothing was written for longer than the age, by the clock of the place where
	// they are kept; with an age below 0 these are all. It removes those of them that are unfinished, and returns the
	// keys of those that are complete. A Put that goes on, but paused for longer than the age, fails.
	Sweep(ctx context.Context, age time.Duration) (keys []string, err error)
}
