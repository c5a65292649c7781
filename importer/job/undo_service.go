package job

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"
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
// undo was undone, has failed, or was cancelled. Of two requests at the same moment both may be taken: then the later
// one takes back nothing that the earlier one has taken back. After [products.ErrCommitUnknown] the job may exist.
func (s *Service) Undo(ctx context.Context, id string, request UndoRequest) (job Job, created bool, err error) {
	return s.undo(ctx, id, &request, 0)
}

func (s *Service) undo(ctx context.Context, id string, request *UndoRequest, priority int) (job Job, created bool,
	err error) {
	if k := request.IdempotencyKey; utf8.RuneCountInString(k) > maxIdempotencyKey || printable(k) != k {
		return Job{}, false, &SettingsError{Field: "idempotency_key",
			Message: fmt.Sprintf("want at most %d printable characters", maxIdempotencyKey)}
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
	if by, err := s.undoOf(ctx, id); err != nil {
		return Job{}, false, err
	} else if by != nil {
		return Job{}, false, &UndoneError{ID: id, By: *by}
	}
	c := &of.Event.Counts
	settings := Settings{Undo: of.ID, DryRun: request.DryRun, Changes: ChangesAll, Fields: of.Settings.Fields,
		Into: of.Settings.Into, MaxRecordBytes: of.Settings.MaxRecordBytes, BatchRecords: of.Settings.BatchRecords,
		BatchBytes: of.Settings.BatchBytes}
	job, err = s.store.Create(ctx, Job{FileName: of.FileName, User: shown(request.User),
		Size: c.Created + c.Updated + c.Deactivated + c.Deleted, IdempotencyKey: request.IdempotencyKey,
		Settings: settings, Priority: priority})
	if errors.Is(err, ErrKeyUsed) {
		// The same key came twice at the same time.
		job, err = s.undone(ctx, id, request)
		return job, false, err
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

// undoOf returns the job because of which another one can't be undone, nil for none: the undo that has taken it back
// and wasn't itself undone, or one of these that hasn't ended.
func (s *Service) undoOf(ctx context.Context, id string) (*Job, error) {
	const many = 1_000
	for offset := 0; ; offset += many {
		undos, _, err := s.store.List(ctx, Query{Undo: id, Limit: many, Offset: offset})
		if err != nil {
			return nil, err
		}
		for i := range undos {
			undo := &undos[i]
			switch {
			case undo.Settings.DryRun:
				continue
			case !undo.State.Final():
				return undo, nil
			case undo.State != Success:
				continue
			}
			by, err := s.undoOf(ctx, undo.ID)
			if err != nil {
				return nil, err
			}
			if by == nil {
				return undo, nil
			}
			if !by.State.Final() {
				return by, nil
			}
		}
		if len(undos) < many {
			return nil, nil
		}
	}
}
