package job

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// errNoFile is why a job ends that a worker has got from a process that is gone.
var errNoFile = errors.New("job: the process that imported this file of its own is gone")

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
}

// Import imports as [importer.Run] does, and keeps it as a job of which the changes are kept: so it is among the other
// imports, and can be undone. The file isn't stored. From the request it takes what is shown of the job: the file's
// name, the user and the settings, of which only Mode and DryRun mean something here. The options are the import's;
// Differences must be nil. The job ends with the import: as a Failure where that failed for whatever reason, as Revoked
// where the context ended or somebody cancelled the job. The error is the import's. The job's ID is empty where there
// came to be none.
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
			claim, err = o.claim(ctx, created.ID)
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
	if err := a.keepChanges(ctx, &o); err != nil {
		return nil, causeOr(ctx, err)
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
// that is gone, see Import, counts as ended. Where the context ends the job is cancelled.
func (o *Own) Undo(ctx context.Context, id string, request UndoRequest) (Job, error) {
	claim, err := o.claimUndo(ctx, id, &request)
	if errors.Is(err, ErrNotEnded) && o.bury(ctx, id) {
		claim, err = o.claimUndo(ctx, id, &request)
	}
	if err != nil {
		return Job{}, err
	}
	job, err := o.Runner.Run(ctx, claim, nil)
	if err == nil && ctx.Err() != nil && !job.State.Final() {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
		defer cancel()
		job, err = o.Service.Cancel(late, job.ID)
	}
	return job, err
}

// claimUndo creates the undo and claims it, in one transaction, so that no worker gets it.
func (o *Own) claimUndo(ctx context.Context, id string, request *UndoRequest) (claim *Claim, err error) {
	err = o.InTx(ctx, func(ctx context.Context) error {
		created, _, err := o.Service.undo(ctx, id, request, ownPriority)
		if err == nil {
			claim, err = o.claim(ctx, created.ID)
		}
		return err
	})
	return claim, err
}

// bury ends the job if it is one of a process that is gone, and reports whether it has.
func (o *Own) bury(ctx context.Context, id string) bool {
	var claim *Claim
	err := o.InTx(ctx, func(ctx context.Context) (err error) {
		claim, err = o.claim(ctx, id)
		if err == nil && (claim.Job.Priority != ownPriority || claim.Job.Settings.Undo != "") { // workers do it
			err = ErrNotEnded
		}
		return err
	})
	if err != nil {
		return false
	}
	_, err = o.Runner.Run(ctx, claim, nil)
	return err == nil
}

// claim claims the job, and no other. ErrNotEnded where somebody else has it, or others come first: then the
// transaction of the context is rolled back.
func (o *Own) claim(ctx context.Context, id string) (*Claim, error) {
	r := o.Runner
	claim, err := r.store.Claim(ctx, o.Worker, r.options.Lease, r.options.MaxAttempts)
	if err == nil && (claim == nil || claim.Job.ID != id) {
		err = fmt.Errorf("%w: %s", ErrNotEnded, id)
	}
	if err != nil {
		return nil, err
	}
	return claim, nil
}
