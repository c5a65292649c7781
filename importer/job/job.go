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

// Final reports whether nothing more happens to a job in this state.
func (s State) Final() bool { return s == Success || s == Failure || s == Revoked }

// Settings are the options of an import that its submitter chooses; they are stored with the job as JSON. The texts are
// kept as they were given, so that every version of the program can read a job whose settings another one knows. The
// zero value is an import in mode ignore that finds out how the file is to be read. See [importer.Options] for more.
type Settings struct {
	// Mode says what happens to products that exist.
	Mode products.Mode `json:"mode"`
	// DryRun finds out what an import would do and writes nothing.
	DryRun bool `json:"dry_run,omitempty"`
	// Delimiter separates fields: one character, or one of the words tab and auto.
	Delimiter string `json:"delimiter,omitempty"`
	// Quote stands around fields: one of the characters " and ', or one of the words none and auto.
	Quote string `json:"quote,omitempty"`
	// Encoding is that of the file, by its name.
	Encoding string `json:"encoding,omitempty"`
	// Header says whether the first record names the columns: auto, yes, no or skip.
	Header string `json:"header,omitempty"`
	// Extra says what happens to columns that no field claims: ignore, keep or reject.
	Extra string `json:"extra,omitempty"`
	// LeaveOut names columns that no field claims, and of which nothing is taken whatever Extra says: at most 2,000, in
	// the same way as Map.
	LeaveOut []string `json:"leave_out,omitempty"`
	// Map names the columns of fields: by their names in the header, of at most 1,000 characters, or their numbers from
	// 1.
	Map map[string]string `json:"map,omitempty"`
	// Group names the column that says which records are variants of one product, in the same way, or is none.
	Group string `json:"group,omitempty"`
	// Set gives fields the same value in every record.
	Set map[string]string `json:"set,omitempty"`
	// Number says for fields which sign stands before the decimals of numbers, "," or ".", and Date in which order the
	// parts of dates stand: ymd, dmy or mdy. Where nothing is said it is found out.
	Number map[string]string `json:"number,omitempty"`
	Date   map[string]string `json:"date,omitempty"`
	// Zone is the time zone of times that don't have one, such as Europe/Berlin; empty for UTC.
	Zone string `json:"zone,omitempty"`
	// MaxRejects is how many records may be rejected: a count such as 100, or a share such as 2.5%.
	MaxRejects string `json:"max_rejects,omitempty"`

	// Missing says what happens to products that the file doesn't have: keep, deactivate or delete. MaxMissing is how
	// many may be missing, a count such as 100 or a share such as 2.5%; empty for 5%. Scope are filters of the products
	// that may be missing, such as supplier=acme, at most 100.
	Missing    string   `json:"missing,omitempty"`
	MaxMissing string   `json:"max_missing,omitempty"`
	Scope      []string `json:"scope,omitempty"`

	// Changes says what is kept of what the import does to each product, see Service.Changes: none, or all, without
	// which it can't be undone. Where the submitter says nothing a Service keeps all of a dry run and nothing else: it
	// takes about a quarter of an import's time. Stored settings without it keep nothing.
	Changes string `json:"changes,omitempty"`

	// Undo is the ID of the job that is undone, whose file this one doesn't read: see Service.Undo, which sets it. It
	// is empty for an import.
	Undo string `json:"undo,omitempty"`

	// These decide where batches end. They are kept with the job, so that every worker, whatever its version and its
	// own settings, finds the batches that another one committed. 0 for the importer's defaults of today.
	MaxRecordBytes int `json:"max_record_bytes,omitempty"`
	BatchRecords   int `json:"batch_records,omitempty"`
	BatchBytes     int `json:"batch_bytes,omitempty"`

	// Fields are the schema by which the file is read, whatever that of the worker is; nil for products.Standard. A
	// Service sets it.
	Fields *products.Schema `json:"fields,omitempty"`
	// Into is the destination that the job is for, see [Destination]; empty for products. A Service sets it.
	Into string `json:"into,omitempty"`
}

// Job is one import.
type Job struct {
	// ID is a UUID, version 7. It is the task_id of the HTTP interface.
	ID    string
	State State
	// Revision grows by at least one whenever anything of the job changes that a reader can see.
	Revision int64
	// FileName is what the submitter called the file; it is only shown.
	FileName string
	// User is the name of who asked for the import, empty where that isn't known.
	User string
	// Upload is the ID of the stored file, which other jobs and an [Upload] may have too. It is empty once the file
	// was deleted.
	Upload string
	// File is the key under which an [Uploads] has the file's bytes: the Upload, or that of another job or [Upload]
	// with the same bytes. It is empty once the file was deleted.
	File string
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

	// Event is how far the import is. Its counts are those of the committed batches, exactly, once the state is final.
	// How many records inherit is known once the file was checked, and is found again by every attempt.
	Event progress.Event
	// Dialect says how the file is read; nil until that is known, and where many jobs are read at once, see [Reader].
	// Its JSON has about 64 KiB at most: of very many columns it has the first.
	Dialect *importer.Dialect
	// Rejects counts the rejected records by code, once the file was checked.
	Rejects map[importer.Code]int64
	// Error says why the last attempt failed, or what is waited for, in at most 2,000 characters. It is empty for a job
	// without trouble.
	Error string
	// WaitingSince is when the trouble began that Error names; zero while there is none, and once the state is
	// final.
	WaitingSince time.Time
	// Waited is how long the job has waited in all, since a batch was committed last, for trouble that passes by
	// itself. The pauses count, not the attempts in between.
	Waited time.Duration
	// Attempts is how many attempts failed since a batch was committed last, by themselves or because their worker
	// vanished: an import that gets on is never given up. Giving the job back in good order is no failed attempt, nor
	// is one that met trouble that passes by itself, which is waited for.
	Attempts int
	// CancelRequested: somebody wants the job to end.
	CancelRequested bool

	CreatedAt time.Time
	// StartedAt is when a worker first had the job, FinishedAt when it became final; zero until then.
	StartedAt, FinishedAt time.Time
	// NotBefore is when the job may be claimed; a zero one given to Create is CreatedAt.
	NotBefore time.Time
}

// Waiting reports whether the job waits, until NotBefore, for the end of the trouble that Error names.
func (j *Job) Waiting() bool { return j.State == Pending && !j.WaitingSince.IsZero() }
