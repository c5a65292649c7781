package job

import (
	"context"
	"errors"
	"fmt"
)

var (
	// ErrNotEnded: the job hasn't ended, so that what it did can't be undone yet.
	ErrNotEnded = errors.New("job: it has not ended")
	// ErrDryRun: the job was a dry run, so that there is nothing to be undone.
	ErrDryRun = errors.New("job: it was a dry run")
	// ErrUndone: the job was undone, or is being undone.
	ErrUndone = errors.New("job: it was undone")
)

// UndoneError is the ErrUndone that says by which job.
type UndoneError struct {
	// ID is the job that was to be undone, and By the one that did it, or undid that.
	ID string
	By Job
}

func (e *UndoneError) Error() string {
	if !e.By.State.Final() {
		return fmt.Sprintf("job: %s is being undone, or brought back, by %s", e.ID, e.By.ID)
	}
	return fmt.Sprintf("%v: %s, by %s", ErrUndone, e.ID, e.By.ID)
}

// Is reports whether the target is ErrUndone.
func (e *UndoneError) Is(target error) bool { return target == ErrUndone }

// UndoRequest is what a submitter says about an undo.
type UndoRequest struct {
	// User is who asks for it, as in a Request.
	User string
	// DryRun finds out what the undo would do and writes nothing.
	DryRun bool
	// IdempotencyKey is as in a Request.
	IdempotencyKey string
}

// Undo creates a job that takes back what another one did: products that it created are deleted, those that it changed
// get back what they had, and those that it deleted are brought back with their IDs, as long as nobody has changed them
// since. What somebody has is kept, counted, and among the job's changes, with the reason. What another undo has given
// back since counts as untouched: so imports can be undone in turn, the youngest first. An undo can be undone too. The
// job's Size is how many changes the other one made, and its Event counts these instead of bytes.
//
// If an earlier job has the request's idempotency key, Undo returns that job, and created is false; ErrKeyMismatch
// where it is no such undo. ErrNotFound when there is no such job, ErrNotEnded, ErrDryRun, or ErrNoChanges where
// nothing can be undone. An *[UndoneError] when it was undone, or is being undone: it can be undone again once that
// undo was undone, has failed, or was cancelled. Of requests at the same moment one is taken, and the others get that
// error. After [products.ErrCommitUnknown] the job may exist.
func (s *Service) Undo(ctx context.Context, id string, request UndoRequest) (job Job, created bool, err error) {
	return s.undo(ctx, id, &request, 0)
}

func (s *Service) undo(ctx context.Context, id string, request *UndoRequest, priority int) (job Job, created bool,
	err error) {
	if err := checkIdempotencyKey(request.IdempotencyKey); err != nil {
		return Job{}, false, err
	}
	if job, err := s.undone(ctx, id, request); !errors.Is(err, ErrNotFound) {
		return job, false, err
	}
	of, err := s.store.Get(ctx, id)
	switch {
	case err != nil:
		return Job{}, false, err
	case !of.State.Final():
		return Job{}, false, fmt.Errorf("%w: %s", ErrNotEnded, id)
	case of.Settings.DryRun:
		return Job{}, false, fmt.Errorf("%w: %s", ErrDryRun, id)
	case of.Settings.Changes != ChangesAll:
		return Job{}, false, fmt.Errorf("%w: %s", ErrNoChanges, id)
	}
	c := &of.Event.Counts
	settings := Settings{Undo: of.ID, DryRun: request.DryRun, Changes: ChangesAll, Fields: of.Settings.Fields,
		Into: of.Settings.Into, MaxRecordBytes: of.Settings.MaxRecordBytes, BatchRecords: of.Settings.BatchRecords,
		BatchBytes: of.Settings.BatchBytes}
	job, err = s.store.Create(ctx, Job{FileName: of.FileName, User: shown(request.User),
		Size: c.Created + c.Updated + c.Deactivated + c.Deleted, IdempotencyKey: request.IdempotencyKey,
		Settings: settings, Priority: priority})
	if errors.Is(err, ErrKeyUsed) || errors.Is(err, ErrUndone) {
		// The same key may have come twice at the same time.
		if job, byKey := s.undone(ctx, id, request); !errors.Is(byKey, ErrNotFound) {
			return job, false, byKey
		}
	}
	return job, err == nil, err
}

// undone returns the job with the request's idempotency key, or ErrNotFound.
func (s *Service) undone(ctx context.Context, id string, request *UndoRequest) (Job, error) {
	if request.IdempotencyKey == "" {
		return Job{}, ErrNotFound
	}
	job, err := s.store.ByKey(ctx, request.IdempotencyKey)
	if err == nil && (job.Settings.Undo != id || job.Settings.DryRun != request.DryRun) {
		return Job{}, ErrKeyMismatch
	}
	return job, err
}
