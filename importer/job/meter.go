package job

import (
	"errors"
	"time"

	"github.com/products-importer/products-importer/progress"
)

// Meter is told what a Runner does, for metrics. It is called by several goroutines at a time, in the middle of the
// work: its methods return at once.
type Meter interface {
	// Looked is told how a look for a job ended: with a claim, with nil for no job, or with an error.
	Looked(claim *Claim, err error)
	// Committed is told what was committed of an import since the last time. Dry runs commit nothing.
	Committed(counts progress.Counts)
	// Left is told how a claimed job left the Runner.
	Left(left Left)
}

// Left says how a claimed job left a Runner.
type Left struct {
	// Job is as it was stored, or as it was claimed where there is an Err. A final one has ended, another one is done
	// by the next who claims it.
	Job Job
	// Retry is why there will be another attempt; empty where there is none, or the Runner was just stopped.
	Retry RetryReason
	// Took is how long the Runner had the job.
	Took time.Duration
	// Err is the error of Runner.Run: the job was lost.
	Err error
}

// RetryReason is why an import is tried again.
type RetryReason string

const (
	// RetryDatabase: the database can't be reached, or can't do its work for now.
	RetryDatabase RetryReason = "database"
	// RetryFields: this worker's store lacks a field of the job, or isn't the one that the job is for; another one's
	// may be.
	RetryFields RetryReason = "fields"
	// RetryUpload: the stored file can't be read.
	RetryUpload RetryReason = "upload"
	// RetryConflict: a batch was committed by another worker.
	RetryConflict RetryReason = "conflict"
)

// RetryReasons returns all reasons.
func RetryReasons() []RetryReason {
	return []RetryReason{RetryDatabase, RetryFields, RetryUpload, RetryConflict}
}

// retryReason is why an import that ended with the error may be tried again.
func retryReason(err error) RetryReason {
	var fields fieldsError
	switch {
	case errors.As(err, &fields):
		return RetryFields
	case isTransient(err):
		return RetryDatabase
	case errors.Is(err, ErrCommitted):
		return RetryConflict
	}
	return RetryUpload
}

// fieldsError is for a store that lacks a field of a job, or is another one than the job's.
type fieldsError struct{ error }

func (e fieldsError) Unwrap() error { return e.error }

// noMeter is the Meter where there is none.
type noMeter struct{}

func (noMeter) Looked(*Claim, error)      {}
func (noMeter) Committed(progress.Counts) {}
func (noMeter) Left(Left)                 {}
