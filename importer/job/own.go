package job

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// errGone is why a job ends that is left of a process that is gone, and that nobody else can do, or needs.
var errGone = errors.New("job: the process that did this of its own is gone")

// ownPriority makes Claim return the process's own job before all that a submitter can ask for.
const ownPriority = MaxPriority + 1

// Own does jobs in the process that asks for them, instead of leaving them to workers: it is for programs that import
// one file, and end.
type Own struct {
	Service *Service
	Runner  *Runner
	// InTx is that of the database of both.
	InTx products.InTx
	// Worker is the name that jobs have the process under.
	Worker string
	// OnWait, if not nil, is called once where Undo begins to wait, with the job that a process has which may be gone,
	// and when it waits no longer.
	OnWait func(id string, until time.Time)
}

// Import imports as [importer.Run] does, and keeps it as a job of which the changes are kept: so it is among the other
// imports, and can be undone. The file isn't stored. From the request it takes what is shown of the job: the file's
// name, the user and the settings, of which only Mode, DryRun, Missing, MaxMissing and Scope mean something here. The
// options are the import's; Differences must be nil, and Notifier is the Runner's, where that has one. The job ends
// with the import: as a Failure where that failed for whatever reason, as Revoked where the context ended or somebody
// cancelled the job. The error is the import's. The job's ID is empty where there came to be none.
func (o *Own) Import(ctx context.Context, source importer.Source, options importer.Options,
	request Request) (Job, *importer.Result, error) {
	if err := o.Service.complete(&request); err != nil {
		return Job{}, nil, err
	}
	request.Settings.Changes = ChangesAll
	var claim *Claim
	err := o.InTx(ctx, func(ctx context.Context) error {
		created, err := o.Service.store.Create(ctx, Job{FileName: shown(request.FileName), User: shown(request.User),
			Size: source.Size(), Priority: ownPriority, Settings: request.Settings.withDefaults(importer.BatchSize{})})
		if err == nil {
			claim, err = o.claimNew(ctx, created.ID)
		}
		return err
	})
	if err != nil {
		return Job{}, nil, err
	}
	a := &attempt{runner: o.Runner, claim: claim, changed: make(chan struct{}, 1)}
	result, err := a.importOwn(ctx, source, options)
	state, reason := Success, ""
	switch {
	case ctx.Err() != nil, errors.Is(err, errCancelled):
		state = Revoked
	case err != nil:
		state, reason = Failure, err.Error()
	}
	job, ended := a.finish(ctx, state, reason)
	if ended != nil {
		return claim.Job, result, errors.Join(err, ended)
	}
	return job, result, err
}

// importOwn imports, and returns why the import ended.
func (a *attempt) importOwn(ctx context.Context, source importer.Source, o importer.Options) (*importer.Result, error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	var renewing sync.WaitGroup
	renewing.Go(func() { a.renewUntil(ctx, end) })
	defer func() { end(nil); renewing.Wait() }()
	if err := a.keep(ctx, &o); err != nil {
		return nil, err
	}
	reporter, save := o.Progress, o.Checkpoints.Save
	o.Progress = progress.Func(func(ctx context.Context, event progress.Event) {
		a.report(ctx, event)
		if reporter != nil {
			reporter.Report(ctx, event)
		}
	})
	o.Checkpoints.Save = func(ctx context.Context, done importer.Commit) error {
		if err := a.runner.store.Checkpoint(ctx, a.claim, done); err != nil || save == nil {
			return err
		}
		return save(ctx, done)
	}
	result, err := importer.Run(ctx, source, a.runner.products, o)
	a.addResult(result)
	if err != nil {
		err = causeOr(ctx, err)
	}
	return result, err
}

// Undo undoes the job as [Service.Undo] does, and returns the job that did it once it has ended. A job of a process
// that is gone, see Import, counts as ended, and an undo that was left unfinished is gone on with: Undo waits until the
// lease of either has run out, and a second more. Where the context ends the undo is cancelled.
func (o *Own) Undo(ctx context.Context, id string, request UndoRequest) (Job, error) {
	const pause = time.Second
	var claim *Claim
	said := false
	for until := time.Now().Add(o.Runner.options.Lease + pause); ; {
		var waitFor string
		var err error
		if claim, waitFor, err = o.claimUndo(ctx, id, &request); err == nil {
			break
		}
		if waitFor == "" || time.Now().After(until) {
			return Job{}, err
		}
		if !said && o.OnWait != nil {
			said = true
			o.OnWait(waitFor, until)
		}
		select {
		case <-ctx.Done():
			return Job{}, context.Cause(ctx)
		case <-time.After(pause):
		}
	}
	job, err := o.Runner.Run(ctx, claim, nil)
	if err == nil && ctx.Err() != nil && !job.State.Final() {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
		defer cancel()
		job, err = o.Service.Cancel(late, job.ID)
	}
	return job, err
}

// claimUndo creates the undo, or finds the one that was left, and claims it. With an error it returns the job that is
// in the way, if a process has it that may be gone.
func (o *Own) claimUndo(ctx context.Context, id string, request *UndoRequest) (claim *Claim, waitFor string,
	err error) {
	claim, err = o.createUndo(ctx, id, request)
	if errors.Is(err, ErrNotEnded) {
		buried, own := o.bury(ctx, id)
		if !buried {
			return nil, waitIf(own, id), err
		}
		claim, err = o.createUndo(ctx, id, request)
	}
	var undone *UndoneError
	if !errors.As(err, &undone) || undone.By.State.Final() || undone.By.Settings.Undo != id || request.DryRun {
		return claim, "", err
	}
	if left := o.InTx(ctx, func(ctx context.Context) (err error) {
		claim, err = o.claim(ctx, undone.By.ID)
		return err
	}); left != nil && !errors.Is(left, ErrNotEnded) {
		return nil, "", left
	}
	if claim == nil {
		return nil, waitIf(undone.By.Priority == ownPriority, undone.By.ID), err
	}
	return claim, "", nil
}

// waitIf returns the job that is waited for, if it is one of a process's own.
func waitIf(own bool, id string) string {
	if own {
		return id
	}
	return ""
}

// createUndo creates the undo and claims it, in one transaction, so that no worker gets it.
func (o *Own) createUndo(ctx context.Context, id string, request *UndoRequest) (claim *Claim, err error) {
	err = o.InTx(ctx, func(ctx context.Context) error {
		created, _, err := o.Service.undo(ctx, id, request, ownPriority)
		if err == nil {
			claim, err = o.claimNew(ctx, created.ID)
		}
		return err
	})
	return claim, err
}

// bury ends the job if it is an import of a process that is gone, and reports whether it has, and whether it is one of
// a process's own.
func (o *Own) bury(ctx context.Context, id string) (buried, own bool) {
	job, err := o.Service.Get(ctx, id)
	if err != nil || job.Priority != ownPriority || job.Settings.Undo != "" { // workers do it
		return false, false
	}
	err = o.InTx(ctx, func(ctx context.Context) error {
		claim, err := o.claim(ctx, id)
		if claim != nil {
			buried, err = true, o.end(ctx, claim)
		}
		return err
	})
	return err == nil && buried, true
}

// claimNew claims the job, which the transaction of the context has created.
func (o *Own) claimNew(ctx context.Context, id string) (*Claim, error) {
	claim, err := o.claim(ctx, id)
	if err == nil && claim == nil {
		err = fmt.Errorf("%w: %s", ErrNotEnded, id)
	}
	return claim, err
}

// claim claims the job, and no other; nil where somebody has it, or it has ended. What processes that are gone have
// left comes before it, and is ended. ErrNotEnded where jobs of workers come first: then the transaction of the context
// is to be rolled back.
func (o *Own) claim(ctx context.Context, id string) (*Claim, error) {
	r := o.Runner
	var left []*Claim // held until the end, else they would come again
	for {
		claim, err := r.store.Claim(ctx, o.Worker, r.options.Lease, r.options.MaxAttempts)
		if err != nil {
			return nil, err
		}
		if claim != nil && claim.Job.ID != id {
			if claim.Job.Priority != ownPriority {
				return nil, fmt.Errorf("%w: %s", ErrNotEnded, id)
			}
			left = append(left, claim)
			continue
		}
		for _, other := range left {
			if err := o.end(ctx, other); err != nil {
				return nil, err
			}
		}
		return claim, nil
	}
}

// end ends the claim of what a process that is gone has left: an undo is given back, for others to go on with.
func (o *Own) end(ctx context.Context, claim *Claim) (err error) {
	if s := &claim.Job.Settings; s.Undo != "" && !s.DryRun {
		_, err = o.Runner.store.Release(ctx, claim, false, "", 0)
	} else {
		_, err = o.Runner.store.Finish(ctx, claim, Failure, errGone.Error(), nil)
	}
	return err
}
