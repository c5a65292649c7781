package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// undo takes back what another job did, and returns why it ended. Its batches are whole chunks of that one's changes,
// as many as have Settings.BatchRecords changes or BatchBytes. They don't change any more: so a later attempt finds
// its batches by number. No product comes twice, so several batches are taken back at a time, as an import writes them.
func (a *attempt) undo(ctx context.Context, stop <-chan struct{}, committed map[int64]importer.Commit) error {
	reverter, can := a.runner.products.(products.Reverter)
	if !can {
		return errors.New("job: this store of products takes no changes back")
	}
	u := &undoing{attempt: a, reverter: reverter, committed: committed, schema: a.claim.Job.Settings.schema(),
		settings: a.claim.Job.Settings.withBatchDefaults(importer.BatchSize{}), dry: a.claim.Job.Settings.DryRun,
		began: time.Now()}
	if u.dry {
		if err := a.dropChanges(ctx); err != nil {
			return causeOr(ctx, err)
		}
	}
	if a.runner.options.Notifier != nil && !u.dry {
		u.notifier = a.runner.options.Notifier(a.claim.Job)
	}
	for _, done := range committed { // what is reported never goes back
		u.counts.Add(done.Counts)
		u.done += done.Bytes
	}
	u.report(ctx, progress.Importing)
	if err := u.run(ctx, stop); err != nil {
		return causeOr(ctx, err)
	}
	if total := a.claim.Job.Size; u.seen != total {
		return fmt.Errorf("job: the import made %d changes, of which %d are kept: the others were deleted meanwhile", total,
			u.seen)
	}
	u.report(ctx, progress.Done)
	return nil
}

// causeOr returns why the context ended, if it has, else the error.
func causeOr(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, products.ErrCommitUnknown) {
		return cause
	}
	return err
}

// defaultWriters is that of [importer.Options].
const defaultWriters = 2

// undoing is an undo at work.
type undoing struct {
	*attempt
	reverter  products.Reverter
	notifier  importer.WebhookNotifier // or nil
	committed map[int64]importer.Commit
	schema    *products.Schema
	settings  Settings
	dry       bool
	began     time.Time
	ready     chan undoBatch // for the goroutines that commit

	number int64 // of the last batch
	seen   int64 // changes

	mu      sync.Mutex // guards what follows, attempt.committed and reports
	meter   progress.Meter
	counts  progress.Counts
	done    int64 // changes that are committed, by earlier attempts too
	failure error // the first, which made the others
}

// undoBatch is what is taken back at once.
type undoBatch struct {
	number  int64
	reverts []products.Revert
}

// writers is how many batches are taken back at a time: as many as an import writes.
func (u *undoing) writers() int {
	size := jobStore{Store: u.runner.products}.BatchSize()
	return cmp.Or(u.runner.options.Writers, size.Writers, defaultWriters)
}

// run takes everything back.
func (u *undoing) run(ctx context.Context, stop <-chan struct{}) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	u.ready = make(chan undoBatch)
	var committing sync.WaitGroup
	for range u.writers() {
		committing.Go(func() {
			for b := range u.ready {
				if err := u.take(ctx, b); err != nil {
					u.fail(err, cancel)
				}
			}
		})
	}
	err := u.read(ctx, stop)
	close(u.ready) // what is in hand when the undo is stopped gets committed
	committing.Wait()
	if u.failure != nil {
		return u.failure
	}
	return err
}

// fail notes the error, if it is the first, and stops everybody.
func (u *undoing) fail(err error, cancel context.CancelCauseFunc) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.failure == nil {
		u.failure = err
		cancel(err)
	}
}

// read makes batches of the changes, chunk by chunk.
func (u *undoing) read(ctx context.Context, stop <-chan struct{}) error {
	query := ChunkQuery{Limit: chunksAtOnce}
	var reverts []products.Revert
	size := 0
	for {
		chunks, err := u.runner.store.Chunks(ctx, u.claim.Job.Settings.Undo, query)
		if err != nil {
			return err
		}
		for i := range chunks {
			c := &chunks[i]
			if err := decodeChanges(c, func(change *Change) bool {
				if change.Kind != ChangeKept {
					reverts = append(reverts, change.revert(u.schema))
				}
				return true
			}); err != nil {
				return err
			}
			if size += c.Size; len(reverts) < u.settings.BatchRecords && size < u.settings.BatchBytes {
				continue
			}
			if err := u.send(ctx, stop, reverts); err != nil {
				return err
			}
			reverts, size = nil, 0
		}
		if len(chunks) < chunksAtOnce {
			break
		}
		last := &chunks[len(chunks)-1]
		query.AfterBatch, query.AfterKey = last.Batch, last.Last
	}
	if len(reverts) == 0 {
		return nil
	}
	return u.send(ctx, stop, reverts)
}

// send gives a batch to the goroutines that commit, unless it was committed before.
func (u *undoing) send(ctx context.Context, stop <-chan struct{}, reverts []products.Revert) error {
	select {
	case <-stop:
		return importer.ErrStopped
	case <-ctx.Done():
		return context.Cause(ctx)
	default:
	}
	u.number++
	u.seen += int64(len(reverts))
	if earlier, is := u.committed[u.number]; is {
		if earlier.Counts.Read != int64(len(reverts)) {
			return fmt.Errorf("job: batch %d was committed with other changes: %w", u.number, importer.ErrSourceChanged)
		}
		return nil
	}
	select {
	case u.ready <- undoBatch{u.number, reverts}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// take takes back a batch.
func (u *undoing) take(ctx context.Context, b undoBatch) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	result, err := u.write(ctx, b)
	if err != nil {
		return fmt.Errorf("job: batch %d: %w", b.number, err)
	}
	counts, err := countsOf(result, len(b.reverts))
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.attempt.committed = u.attempt.committed || !u.dry
	u.counts.Add(counts)
	u.done += counts.Read
	u.report(ctx, progress.Importing)
	return nil
}

// countsOf counts the outcomes of a batch.
func countsOf(result *products.BatchResult, n int) (c progress.Counts, err error) {
	if result == nil || len(result.Outcomes) != n {
		return c, fmt.Errorf("%w: it gave no outcome for some changes", importer.ErrStoreContract)
	}
	c = progress.Counts{Read: int64(n), Created: result.Count(products.Created),
		Updated: result.Count(products.Updated), Unchanged: result.Count(products.Unchanged),
		Deleted: result.Count(products.Deleted),
		Kept:    result.Count(products.Kept)}
	if c.Created+c.Updated+c.Unchanged+c.Deleted+c.Kept != c.Read {
		return c, fmt.Errorf("%w: it gave an unknown outcome", importer.ErrStoreContract)
	}
	return c, nil
}

// write takes back a batch in the store.
func (u *undoing) write(ctx context.Context, b undoBatch) (*products.BatchResult, error) {
	batch := &products.RevertBatch{Reverts: b.reverts, DryRun: u.dry, Differences: u.keep(b.number)}
	if !u.dry {
		batch.BeforeCommit = func(ctx context.Context, result *products.BatchResult) error {
			counts, err := countsOf(result, len(b.reverts))
			if err != nil {
				return err
			}
			return u.runner.store.Checkpoint(ctx, u.claim,
				importer.Commit{Batch: b.number, Counts: counts, Bytes: counts.Read})
		}
		notifier, err := importer.Listening(ctx, u.notifier)
		if err != nil {
			return nil, err
		}
		if notifier != nil {
			batch.Changed = func(ctx context.Context, created, updated, deleted []products.Product) error {
				return notifier.NotifyBatch(ctx, importer.Changes{Batch: b.number, Created: created, Updated: updated,
					Deleted: deleted})
			}
		}
	}
	return u.reverter.RevertBatch(ctx, batch)
}

// keep returns the Differences of a batch.
func (u *undoing) keep(number int64) func() func(ctx context.Context, part []products.Difference) error {
	return func() func(ctx context.Context, part []products.Difference) error {
		e := newChangeEncoder(u.schema, number)
		return func(ctx context.Context, part []products.Difference) error {
			for i := range part {
				e.add(&part[i])
			}
			return u.runner.store.KeepChanges(ctx, u.claim, e.chunks())
		}
	}
}

// report reports how far the undo is. Instead of bytes it counts changes.
func (u *undoing) report(ctx context.Context, phase progress.Phase) {
	now := time.Now()
	e := progress.Event{Phase: phase, Time: now, Counts: u.counts, Bytes: u.done, TotalBytes: u.claim.Job.Size,
		Elapsed: now.Sub(u.began)}
	e.RowsPerSecond, e.ETA = u.meter.Observe(now, u.done, u.done, e.TotalBytes)
	u.attempt.report(ctx, e)
}

// revert returns what takes the change back.
func (c *Change) revert(schema *products.Schema) products.Revert {
	r := products.Revert{Key: c.Key, ID: c.ID, Version: c.Version}
	switch c.Kind {
	case ChangeDeleted:
		p := products.Product{ID: c.ID, SKU: c.SKU, CreatedAt: c.CreatedAt}
		p = c.before(schema).Apply(p)
		p.Version = c.Version + 1
		r.Version, r.Product, r.Restored = 0, &p, c.Restored
	case ChangeUpdated, ChangeDeactivated:
		patch := c.before(schema)
		r.Patch = &patch
	}
	return r
}

// before returns the patch that makes the fields what they were. Fields that the schema doesn't have any more stay.
func (c *Change) before(schema *products.Schema) (patch products.Patch) {
	for i := range c.Fields {
		f := &c.Fields[i]
		name, attribute := f.Attribute()
		field := schema.Find(f.Name)
		switch text := f.Before; {
		case attribute:
			if patch.Attributes == nil {
				patch.Attributes = map[string]*string{}
			}
			patch.Attributes[name] = text
		case f.Name == "sku" && field == nil:
			patch.SKU = text
		case field == nil:
		case !field.Builtin():
			if patch.Fields == nil {
				patch.Fields = map[string]products.Value{}
			}
			if text == nil {
				text = new(string)
			}
			patch.Fields[f.Name] = field.Value(*text)
		case text == nil:
		case f.Name == "name":
			patch.Name = text
		case f.Name == "description":
			patch.Description = text
		case f.Name == "status":
			is := *text == "true"
			patch.Status = &is
		}
	}
	return patch
}
