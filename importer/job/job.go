package job

import (
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// State is where a job is. The names are those of Celery, which clients of older systems know.
type State string

const (
	// Pending: stored, and no worker has it. A job that waits for its next attempt is Pending too.
	Pending State = "PENDING"
	// Started: a worker checks the file.
	Started State = "STARTED"
	// Progress: records are written.
	Progress State = "PROGRESS"
	// Success, Failure and Revoked are final.
	Success State = "SUCCESS"
	Failure State = "FAILURE"
	Revoked State = "REVOKED"
)

// Final tells whether nothing more happens to the job.
func (s State) Final() bool { return s == Success || s == Failure || s == Revoked }

// Settings are the options of an import that its submitter chooses; they are stored with the job as JSON. See
// importer.Options for their meaning.
type Settings struct {
	Mode       products.Mode     `json:"mode"`
	DryRun     bool              `json:"dry_run,omitempty"`
	Delimiter  string            `json:"delimiter,omitempty"`
	Encoding   string            `json:"encoding,omitempty"`
	Header     string            `json:"header,omitempty"`
	Extra      string            `json:"extra,omitempty"`
	Map        map[string]string `json:"map,omitempty"`
	Group      string            `json:"group,omitempty"`
	MaxRejects string            `json:"max_rejects,omitempty"`

	// These decide where batches end. They are kept with the job, so that every worker, whatever its version and its own
	// settings, finds the batches that another one committed. 0 for the importer's defaults of today.
	MaxRecordBytes int `json:"max_record_bytes,omitempty"`
	BatchRecords   int `json:"batch_records,omitempty"`
	BatchBytes     int `json:"batch_bytes,omitempty"`
}

// Bounds of what a job tells, whatever its file. What is longer is cut.
const (
	MaxDialect = 64 << 10 // bytes of Dialect as JSON, about; see importer.Dialect.Bounded
	MaxError   = 2_000    // characters of Error
)

// Job is one import.
type Job struct {
	// ID is a UUID, version 7. It is the task_id of the HTTP interface.
	ID    string
	State State
	// Revision grows by at least one whenever anything of the job changes that a reader can see.
	Revision int64
	// FileName is what the submitter called the file; it is only shown.
	FileName string
	// Upload is the key of the stored file. It is empty once the file was deleted.
	Upload string
	// Size is the file's length in bytes as stored, SHA256 its checksum in hexadecimal.
	Size   int64
	SHA256 string
	// DuplicateOf is the ID of the newest earlier job whose file had the same checksum, empty for none. Such a job runs
	// all the same.
	DuplicateOf string
	// IdempotencyKey, if not empty, is unique among the jobs that are kept.
	IdempotencyKey string
	Settings       Settings
	// Priority: of the jobs that wait, those with the highest are claimed first, then the oldest.
	Priority int

	// Event is how far the import is. Its counts are those of the committed batches, exactly, once the state is final. How
	// many records inherit is known once the file was checked, and is found again by every attempt.
	Event progress.Event
	// Dialect says how the file is read; nil until that is known, and where many jobs are read at once, see Reader. Of very
	// many columns it has the first, see MaxDialect.
	Dialect *importer.Dialect
	// Rejects counts the rejected records by code, once the file was checked.
	Rejects map[importer.Code]int64
	// Error says why the last attempt failed, or what is waited for. It is empty for a job without trouble.
	Error string
	// WaitingSince is when the trouble began that Error tells of; zero while there is none, and once the state is final.
	WaitingSince time.Time
	// Waited is how long the job has waited in all, since a batch was committed last, for trouble that passes by itself.
	// The pauses count, not the attempts in between.
	Waited time.Duration
	// Attempts is how many attempts failed since a batch was committed last, by themselves or because their worker
	// vanished: an import that gets on is never given up. Giving the job back in good order is no failed attempt, nor is
	// one that met trouble that passes by itself, which is waited for.
	Attempts int
	// CancelRequested: somebody wants the job to end.
	CancelRequested bool

	CreatedAt time.Time
	// StartedAt is when a worker first had the job, FinishedAt when it became final; zero until then.
	StartedAt, FinishedAt time.Time
	// NotBefore is when the job may be claimed; a zero one given to Create is CreatedAt.
	NotBefore time.Time
}

// Waiting reports whether the job waits, until NotBefore, for the end of the trouble that Error tells of.
func (j *Job) Waiting() bool { return j.State == Pending && !j.WaitingSince.IsZero() }

// Claim is a worker's hold on a job.
type Claim struct {
	Job Job
	// Token grows with every claim of the job.
	Token int64
	// Worker is the name under which it was claimed.
	Worker string
}
