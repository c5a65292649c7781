package importer

import (
	"context"
	"errors"
	"time"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// reportInterval is how often Options.Progress is told at most.
const reportInterval = 200 * time.Millisecond

// Run imports the source into the store and says what became of its records; see the package's comment for its way.
//
// Nothing is written before the whole file was checked. Then batch after batch is committed: when Run ends with an
// error, the result, which is never nil, counts what was committed. When the context ends, Run ends within a second
// with the context's cause. It leaves no goroutine.
//
// Errors: ErrInput for a file that can't be taken, ErrTooManyRejects, ErrSourceChanged, ErrStopped, the store's errors,
// those of the source and of the functions in the options.
func Run(ctx context.Context, source Source, store Store, options Options) (*Result, error) {
	r, err := newRun(source, options)
	if err != nil {
		return &r.result, err
	}
	if store == nil {
		return &r.result, errors.New("importer: no store")
	}
	r.store, r.rule = store, store.KeyRule()
	r.surveys = true
	if done := r.options.Resumed; done != nil {
		r.result.Counts, r.result.Bytes = done.Counts, done.Bytes
	}

	if err = r.check(ctx); err == nil {
		err = r.write(ctx)
	}
	r.result.Elapsed = time.Since(r.started)
	phase := progress.Done
	if err != nil {
		phase = progress.Failed
	}
	r.report(ctx, phase, 0, r.result.Bytes)
	return &r.result, err
}

// Check reads the source as Run does, and tells OnHeader, OnReject and OnSuperseded what Run would tell them. It writes
// nothing, and needs no store: Options.KeyRule says which SKUs are the same. Only Rejects, Inherited and Dialect of the
// result are set.
func Check(ctx context.Context, source Source, options Options) (*Result, error) {
	r, err := newRun(source, options)
	if err != nil {
		return &r.result, err
	}
	r.rule = r.options.KeyRule
	if r.options.OnSuperseded == nil {
		return &r.result, r.check(ctx)
	}
	r.surveys = true
	if err = r.check(ctx); err == nil && r.survey.of == 1 {
		err = r.pass(ctx, r.tellSuperseded) // else they were told part by part
	}
	return &r.result, err
}

func newRun(source Source, options Options) (r *run, err error) {
	r = &run{source: source, started: time.Now()}
	r.result.Rejects = map[Code]int64{}
	if r.options, err = options.withDefaults(); err != nil {
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

// run is one import.
type run struct {
	source   Source
	store    Store // nil where nothing is to be written
	rule     products.KeyRule
	options  Options
	started  time.Time
	progress progress.Reporter // nil for none
	meter    progress.Meter

	detected *detected // nil until the file's beginning was read
	parser   *parser
	surveys  bool    // it matters which record of a SKU counts
	survey   *survey // that finds it out; nil where it doesn't, and until the file's beginning was read
	variants bool    // some record wants to inherit
	end      *extent // of the file, nil until it was read
	result   Result
}

// check reads the file to find what can't be taken, and which record of a SKU counts.
func (r *run) check(ctx context.Context) error {
	r.report(ctx, progress.Checking, 0, 0)
	c := &checking{run: r}
	take := func(p *parsed) error { return c.take(ctx, p) }
	err := r.pass(ctx, take)
	if errors.Is(err, errVariants) {
		r.variants = true
		err = r.pass(ctx, take)
	}
	if err == nil {
		err = c.finish()
	}
	if err != nil {
		return err
	}
	return r.checkParts(ctx)
}

// checkParts goes on surveying a file that repeats too many SKUs to keep them all in mind.
func (r *run) checkParts(ctx context.Context) error {
	if r.survey == nil || r.survey.of == 1 {
		return nil
	}
	for {
		var index int64
		err := r.pass(ctx, func(p *parsed) error {
			if r.stopped() {
				return ErrStopped
			}
			for i := range p.items {
				it := &p.items[i]
				if it.reject {
					continue
				}
				// Parts that were split up come by again.
				if r.survey.mine(it.digest) && !r.survey.marked(index) {
					wins, err := r.wins(it)
					if err != nil {
						return err
					}
					if !wins {
						r.survey.mark(index)
					}
				}
				index++
			}
			return nil
		})
		if err != nil || !r.survey.next() {
			return err
		}
		err = r.pass(ctx, func(p *parsed) error {
			if r.stopped() {
				return ErrStopped
			}
			r.note(p)
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// note lets the survey see the valid records.
func (r *run) note(p *parsed) {
	if r.survey == nil {
		return
	}
	for i := range p.items {
		if it := &p.items[i]; !it.reject {
			r.survey.note(it.digest, it.record.Line)
		}
	}
}

// tellSuperseded tells of the records that don't count.
func (r *run) tellSuperseded(p *parsed) error {
	for i := range p.items {
		if it := &p.items[i]; !it.reject {
			if _, err := r.wins(it); err != nil {
				return err
			}
		}
	}
	return nil
}

// wins asks the survey whether a valid record counts for its SKU, and tells of one that doesn't.
func (r *run) wins(it *item) (bool, error) {
	winner := r.survey.admit(it.digest, it.record.Line)
	if winner == it.record.Line || r.options.OnSuperseded == nil {
		return winner == it.record.Line, nil
	}
	return false, r.options.OnSuperseded(Superseded{SKU: it.record.SKU, Line: it.record.Line, Winner: winner})
}

// stopped tells whether Options.Stop was closed.
func (r *run) stopped() bool {
	select {
	case <-r.options.Stop:
		return true
	default:
		return false
	}
}

// report tells the reporter, if there is one. While Checking so many records are checked.
func (r *run) report(ctx context.Context, phase progress.Phase, checked, bytes int64) {
	if r.progress == nil {
		return
	}
	now := time.Now()
	e := progress.Event{Phase: phase, Time: now, Counts: r.result.Counts, Checked: checked, Inherited: r.result.Inherited, Bytes: bytes,
		TotalBytes: r.source.Size(), Elapsed: now.Sub(r.started)}
	rows := e.Read
	if phase == progress.Checking {
		rows = checked
	}
	e.RowsPerSecond, e.ETA = r.meter.Observe(now, bytes, rows, e.TotalBytes)
	r.progress.Report(context.WithoutCancel(ctx), e)
}
