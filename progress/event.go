package progress

import (
	"context"
	"time"
)

// Phase is what an import is doing.
type Phase string

const (
	// Checking: the file is read once to find what can't be taken and which record of a SKU counts. Nothing is written.
	Checking Phase = "checking"
	// Importing: the records are written.
	Importing Phase = "importing"
	// Done, Failed: the import has ended; the last event of every import.
	Done   Phase = "done"
	Failed Phase = "failed"
)

// Terminal reports whether no event follows.
func (p Phase) Terminal() bool { return p == Done || p == Failed }

// Counts are what became of the records of a file, and of the products that it doesn't have. After every batch, and at
// the end,
//
//	Read + Missing = Created + Updated + Unchanged + Skipped + Superseded + Rejected + Deactivated + Deleted + Kept
//
// An import in step counts Deactivated, Deleted and Kept among Missing, so that Read is the sum of the first six. Where
// what an import did is undone, nothing is Missing: each of its changes is Read, and may be Deleted or Kept.
type Counts struct {
	// Read is how many records were read and accounted for.
	Read int64 `json:"read"`
	// Missing is how many products that the file doesn't have were accounted for, see importer.Options.Missing.
	Missing int64 `json:"missing,omitempty"`
	// Created products are new.
	Created int64 `json:"created"`
	// Updated products existed and were changed.
	Updated int64 `json:"updated"`
	// Unchanged products existed just as the file has them.
	Unchanged int64 `json:"unchanged"`
	// Skipped products existed and were left alone (mode ignore).
	Skipped int64 `json:"skipped"`
	// Superseded records are valid, but another record of the file with the same SKU counts.
	Superseded int64 `json:"superseded"`
	// Rejected records are invalid.
	Rejected int64 `json:"rejected"`
	// Deactivated products were active, and are no more.
	Deactivated int64 `json:"deactivated,omitempty"`
	// Deleted products are gone, and Kept ones were left alone since somebody else had changed them.
	Deleted int64 `json:"deleted,omitempty"`
	Kept    int64 `json:"kept,omitempty"`
}

// Add adds other to c.
func (c *Counts) Add(other Counts) {
	c.Read += other.Read
	c.Missing += other.Missing
	c.Created += other.Created
	c.Updated += other.Updated
	c.Unchanged += other.Unchanged
	c.Skipped += other.Skipped
	c.Superseded += other.Superseded
	c.Rejected += other.Rejected
	c.Deactivated += other.Deactivated
	c.Deleted += other.Deleted
	c.Kept += other.Kept
}

// Minus returns by how much c is more than other.
func (c Counts) Minus(other Counts) Counts {
	return Counts{Read: c.Read - other.Read, Missing: c.Missing - other.Missing,
		Created: c.Created - other.Created, Updated: c.Updated - other.Updated,
		Unchanged: c.Unchanged - other.Unchanged, Skipped: c.Skipped - other.Skipped,
		Superseded: c.Superseded - other.Superseded, Rejected: c.Rejected - other.Rejected,
		Deactivated: c.Deactivated - other.Deactivated, Deleted: c.Deleted - other.Deleted, Kept: c.Kept - other.Kept}
}

// Event is a moment of an import. Its numbers never go back within a phase, and what it counts is committed.
type Event struct {
	Phase Phase     `json:"phase"`
	Time  time.Time `json:"time"`
	// Counts are what is committed. While Checking that is what earlier attempts committed.
	Counts
	// Checked is how many records have been checked while Checking.
	Checked int64 `json:"checked"`
	// Inherited is how many of them inherit from another record, see importer.Options.Group. It is complete, and
	// doesn't change any more, when Checking is over.
	Inherited int64 `json:"inherited,omitempty"`
	// PassedOver is how many rows were passed over so far, since they are no record of a product: they are not among
	// Checked. It is complete when Checking is over.
	PassedOver int64 `json:"passed_over"`
	// Bytes is how much of the file this phase has done: checked, or committed.
	Bytes int64 `json:"bytes"`
	// TotalBytes is the file's size, or -1 where it isn't known.
	TotalBytes int64 `json:"total_bytes"`
	// RowsPerSecond is the recent rate of this phase, 0 while it isn't known.
	RowsPerSecond float64 `json:"rows_per_second"`
	// ETA is the time that this phase will still take at the recent rate, -1 while it isn't known.
	ETA time.Duration `json:"eta"`
	// Elapsed is the time since the import began.
	Elapsed time.Duration `json:"elapsed"`
	// Reached is how far, in percent, an earlier attempt at the same import came; 0 for none. A new attempt checks the
	// file again, but Percent doesn't go back for that.
	Reached float64 `json:"reached,omitempty"`
}

// checkingShare is how many percent of an import the check of the file is.
const checkingShare = 10

// maxUnfinished is the largest Percent before the import is Done.
const maxUnfinished = 99.9

// Percent returns how far the import is over both phases, 0 to 100, but no less than Reached; 100 only when it is Done.
// Without a known size it stays 0 until then.
func (e *Event) Percent() float64 {
	if e.Phase == Done {
		return 100
	}
	if e.TotalBytes <= 0 {
		return 0
	}
	part := min(float64(e.Bytes)/float64(e.TotalBytes), 1)
	percent := part * checkingShare
	if e.Phase != Checking {
		percent = checkingShare + part*(100-checkingShare)
	}
	return min(max(percent, e.Reached), maxUnfinished)
}

// Reporter gets the events of an import. The import calls it from one goroutine at a time, in the order of the events,
// and waits for it: Report should return soon.
type Reporter interface {
	Report(ctx context.Context, event Event)
}

// Func is a function that is a Reporter.
type Func func(ctx context.Context, event Event)

// Report calls f.
func (f Func) Report(ctx context.Context, event Event) { f(ctx, event) }
