package importer

import (
	"context"
	"errors"
	"time"

	"github.com/products-importer/products-importer/importer/internal/spill"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// Run imports the source into the store and returns what became of its records; see the package's comment for its way.
//
// Nothing is written before the whole file was checked. Then batch after batch is committed: when Run ends with an
// error, the result, which is never nil, counts what was committed. When the context ends, Run ends within a second
// with the context's cause. It leaves no goroutine.
//
// Errors: [ErrInput] for a file that can't be taken, [ErrTooManyRejects], [ErrTooManyMissing], [ErrSourceChanged],
// [ErrStopped], [ErrStoreContract], the store's errors, those of the source and of the functions in the options.
func Run(ctx context.Context, source Source, store Store, options Options) (*Result, error) {
	var schema *products.Schema
	if store != nil {
		schema = store.Schema()
	}
	r, err := newRun(source, options.sizedFor(store), schema)
	if err == nil && store == nil {
		err = errors.New("importer: no store")
	}
	if err != nil {
		return &r.result, err
	}
	done := r.options.Checkpoints.sum()
	r.result.Counts, r.result.Bytes = done.Counts, done.Bytes

	step, err := r.keepsInStep(store)
	if err != nil {
		return &r.result, err
	}
	if step != nil && r.options.Checkpoints.Missing == nil {
		if r.options.Checked != nil {
			return &r.result, badOption("Checked", "doesn't know what is missing: that needs Checkpoints.Missing")
		}
		r.present = spill.New(spillBytes)
		defer func() { _ = r.present.Close() }()
	}
	checked, err := r.inspect(ctx, store.KeyRule(), true)
	var missing *MissingPlan
	if err == nil {
		defer checked.survey.close()
		missing, err = r.planMissing(ctx, checked, step)
	}
	if r.present != nil {
		_ = r.present.Close() // its memory is for the batches
	}
	if err == nil {
		err = r.write(ctx, checked, store, step, missing)
	}
	if err == nil {
		r.advise()
	}
	r.result.Elapsed = time.Since(r.started)
	phase := progress.Done
	if err != nil {
		phase = progress.Failed
	}
	r.report(ctx, phase, 0, r.result.Bytes)
	return &r.result, err
}

// run is what the phases of one import share: open, plan, check and write, each of which takes what those before it
// returned.
type run struct {
	source   Source
	schema   *products.Schema // of the store
	options  Options          // with the defaults filled in
	started  time.Time
	progress progress.Reporter // nil for none
	meter    progress.Meter
	result   Result
	// present has the keys of the file, nil where nobody wants to know what is missing.
	present *spill.Store
	// keyHinted: no record has a key, and a hint names a column that may have it.
	keyHinted bool
	// window bounds what is read of the source's content, for a preview; nil for an import.
	window *window
}

// newRun returns a run, whose result can be used with an error too.
func newRun(source Source, options Options, schema *products.Schema) (r *run, err error) {
	r = &run{source: source, schema: schema, started: time.Now(), result: Result{Rejects: map[Code]int64{},
		PassedOver: map[Passed]int64{}}}
	if r.schema == nil {
		r.schema = products.Standard()
	}
	if r.options, err = options.withDefaults(r.schema); err != nil {
		return r, err
	}
	if source == nil {
		return r, errors.New("importer: no source")
	}
	if r.options.Progress != nil {
		r.progress = progress.Throttle(r.options.Progress, reportInterval)
	}
	return r, nil
}

// inspect opens the source, plans and checks. surveys says that it matters which record of a SKU counts.
func (r *run) inspect(ctx context.Context, rule products.KeyRule, surveys bool) (*checked, error) {
	r.report(ctx, progress.Checking, 0, 0)
	in, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	plan, err := r.plan(in, rule)
	if err != nil {
		in.close()
		return nil, err
	}
	plan.parser.tells = r.present != nil
	if !plan.mapping.surveys() {
		plan, _ = plan.decide(plan.parser.newSurveys(), false) // there are no questions without cells that differ
	} else {
		if plan, err = r.survey(ctx, plan, in, false); err == nil {
			in, err = r.reopen(ctx, plan)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := r.announce(plan); err != nil {
		in.close()
		return nil, err
	}
	if r.options.Checked != nil {
		in.close()
		return r.knows(ctx, plan, rule)
	}
	return r.check(ctx, plan, in, rule, surveys)
}

// again reads the source once more. ErrSourceChanged when it gives other bytes than it gave to the check.
func (r *run) again(ctx context.Context, c *checked, keeps bool, handle func(*parsed) error) error {
	in, err := r.reopen(ctx, c.plan)
	if err != nil {
		return err
	}
	return r.readOn(in, c, newMemory(c.inherits), keeps, handle)
}

// readOn reads what is left of an input, as again does, and closes it.
func (r *run) readOn(in *input, c *checked, m *memory, keeps bool, handle func(*parsed) error) error {
	end, err := c.plan.passWith(in, r.options.Parsers, m, keeps, handle)
	if err == nil && end != c.end || errors.Is(err, errFormats) {
		err = ErrSourceChanged
	}
	return err
}

// stopped reports whether Options.Stop was closed.
func (r *run) stopped() bool {
	select {
	case <-r.options.Stop:
		return true
	default:
		return false
	}
}

// reportInterval is how much time there is at least between two reports to Options.Progress.
const reportInterval = 200 * time.Millisecond

// report reports how far the import is, if somebody wants to know. While Checking so many records are checked.
func (r *run) report(ctx context.Context, phase progress.Phase, checked, bytes int64) {
	if r.progress == nil {
		return
	}
	now := time.Now()
	e := progress.Event{Phase: phase, Time: now, Counts: r.result.Counts, Checked: checked,
		Inherited: r.result.Inherited, PassedOver: r.result.passedOver(), Bytes: bytes,
		TotalBytes: r.source.Size(), Elapsed: now.Sub(r.started)}
	rows := e.Read
	if phase == progress.Checking {
		rows = checked
	}
	e.RowsPerSecond, e.ETA = r.meter.Observe(now, bytes, rows, e.TotalBytes)
	r.progress.Report(context.WithoutCancel(ctx), e)
}
