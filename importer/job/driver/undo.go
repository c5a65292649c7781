package driver

import (
	"context"

	"github.com/products-importer/products-importer/importer/job"
)

// CheckUndo is called by a store before it stores an undo of the job with the ID, in the same transaction. It returns a
// *[job.UndoneError] where that can't be undone: since it was undone, or is being undone, or since what it brought back
// was taken back again; and ErrNotFound when there is no such job.
//
// It calls lock with the IDs of the job and, where that is an undo, of what it undid, and so on, the oldest one first,
// before it looks at their undos: so undos that contradict each other are stored one after the other. In stores in
// which one transaction writes at a time there is nothing to lock, and lock is nil.
func CheckUndo(ctx context.Context, jobs job.Reader, id string, lock func(id string) error) error {
	chain, err := undoChain(ctx, jobs, id)
	if err != nil {
		return err
	}
	if lock != nil {
		for i := range chain {
			if err := lock(chain[i].ID); err != nil {
				return err
			}
		}
	}
	last := len(chain) - 1
	for i := last; i >= 0; i -= 2 {
		except := ""
		if i < last {
			except = chain[i+1].ID
		}
		by, err := undoOf(ctx, jobs, chain[i].ID, except)
		if err != nil {
			return err
		}
		if by != nil {
			return &job.UndoneError{ID: chain[last].ID, By: *by}
		}
	}
	return nil
}

// undoChain returns the job with the ID and, where it is an undo, what it undid, and so on: as many as there still are,
// the oldest one first. ErrNotFound when there is no such job.
func undoChain(ctx context.Context, jobs job.Reader, id string) (chain []job.Job, err error) {
	for {
		found, err := jobs.GetMany(ctx, []string{id})
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			break
		}
		chain = append([]job.Job{found[0]}, chain...)
		if id = found[0].Settings.Undo; id == "" {
			break
		}
	}
	if len(chain) == 0 {
		return nil, job.ErrNotFound
	}
	return chain, nil
}

// undoOf returns the job because of which another one can't be undone, nil for none: the undo but for the excepted one
// that has taken it back and wasn't itself undone, or one of these that hasn't ended.
func undoOf(ctx context.Context, jobs job.Reader, id, except string) (*job.Job, error) {
	const many = 1_000
	for offset := 0; ; offset += many {
		undos, _, err := jobs.List(ctx, job.Query{Undo: id, Limit: many, Offset: offset})
		if err != nil {
			return nil, err
		}
		for i := range undos {
			undo := &undos[i]
			switch {
			case undo.ID == except || undo.Settings.DryRun:
				continue
			case !undo.State.Final():
				return undo, nil
			case undo.State != job.Success:
				continue
			}
			by, err := undoOf(ctx, jobs, undo.ID, "")
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
