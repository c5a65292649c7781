package httpapi

import (
	"math"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/progress"
)

// importStatus is the part of an import that changes while it runs: the payload of every event.
type importStatus struct {
	ID     string         `json:"id"`
	TaskID string         `json:"task_id"` // the same, under the name that older clients read
	State  job.State      `json:"state"`
	Phase  progress.Phase `json:"phase,omitempty"`
	// Progression is how far the import is, in percent.
	Progression float64 `json:"progression"`
	Revision    int64   `json:"revision"`
	Bytes       int64   `json:"bytes"`
	TotalBytes  int64   `json:"total_bytes"`
	Checked     int64   `json:"checked"`
	progress.Counts
	// PassedOver is how many rows of the file are no record of a product.
	PassedOver    int64   `json:"passed_over"`
	RowsPerSecond float64 `json:"rows_per_second"`
	// ETA is how many seconds the phase will still take, null where that isn't known.
	ETA *float64 `json:"eta"`
	// Seconds is how long the import has worked.
	Seconds float64 `json:"seconds"`
	Error   *string `json:"error"`
	// Waiting is what the import waits for, null unless it waits for trouble to pass.
	Waiting *waitView `json:"waiting"`
}

// waitView says why an import waits, since when, and when it is tried again.
type waitView struct {
	For   string    `json:"for"`
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
}

// importView is an import.
type importView struct {
	importStatus
	FileName string `json:"file_name"`
	// User asked for it, null where that isn't known.
	User *string `json:"user"`
	// Upload has the file, null once that was deleted. Other imports may have the same.
	Upload      *string                 `json:"upload"`
	SHA256      string                  `json:"sha256"`
	DuplicateOf *string                 `json:"duplicate_of"`
	Settings    job.Settings            `json:"settings"`
	Priority    int                     `json:"priority"`
	Dialect     *importer.Dialect       `json:"dialect"`
	Rejects     map[importer.Code]int64 `json:"rejects"`
	// Inherited is how many records have no name of their own and inherit another one's.
	Inherited       int64      `json:"inherited"`
	Attempts        int        `json:"attempts"`
	CancelRequested bool       `json:"cancel_requested"`
	HasFile         bool       `json:"has_file"`
	CreatedAt       time.Time  `json:"created_at"`
	StartedAt       *time.Time `json:"started_at"`
	FinishedAt      *time.Time `json:"finished_at"`
	// NotBefore is when the next attempt may begin, null unless there was one that failed, or met trouble that passes.
	NotBefore *time.Time `json:"not_before"`
}

func statusOf(j *job.Job) importStatus {
	e := j.Event
	if e.TotalBytes <= 0 {
		e.TotalBytes = j.Size
	}
	s := importStatus{
		ID: j.ID, TaskID: j.ID, State: j.State, Phase: e.Phase, Revision: j.Revision,
		Progression: math.Round(e.Percent()*10) / 10, Bytes: e.Bytes, TotalBytes: e.TotalBytes, Checked: e.Checked,
		Counts: e.Counts, PassedOver: e.PassedOver, RowsPerSecond: math.Round(e.RowsPerSecond*10) / 10,
		Seconds: e.Elapsed.Round(time.Millisecond).Seconds(), Error: optional(j.Error),
	}
	if j.Waiting() {
		s.Waiting = &waitView{For: j.Error, Since: j.WaitingSince, Until: j.NotBefore}
	}
	switch {
	case j.State == job.Success:
		s.Progression = 100
	case !j.State.Final() && e.ETA >= 0 && e.Phase != "":
		eta := e.ETA.Round(100 * time.Millisecond).Seconds()
		s.ETA = &eta
	case j.State.Final():
		s.RowsPerSecond = 0
	}
	return s
}

func viewOf(j *job.Job) importView {
	v := importView{
		importStatus: statusOf(j), FileName: j.FileName, User: optional(j.User),
		Upload: optional(j.Upload), SHA256: j.SHA256, DuplicateOf: optional(j.DuplicateOf),
		Settings: shownSettings(j.Settings), Priority: j.Priority,
		Dialect: j.Dialect, Rejects: j.Rejects, Inherited: j.Event.Inherited, Attempts: j.Attempts,
		CancelRequested: j.CancelRequested, HasFile: j.Upload != "",
		CreatedAt: j.CreatedAt, StartedAt: optionalTime(j.StartedAt), FinishedAt: optionalTime(j.FinishedAt),
	}
	if v.Rejects == nil {
		v.Rejects = map[importer.Code]int64{}
	}
	if j.State == job.Pending && (j.Attempts > 0 || j.Waiting()) {
		v.NotBefore = optionalTime(j.NotBefore)
	}
	return v
}

// shownSettings returns the settings without the schema and the destination, which clients know anyway.
func shownSettings(s job.Settings) job.Settings {
	s.Fields, s.Into = nil, ""
	return s
}
