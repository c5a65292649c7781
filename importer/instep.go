package importer

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/products-importer/products-importer/importer/dialect"
	"github.com/products-importer/products-importer/importer/internal/spill"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// spillBytes bounds the keys of the file that are held in memory, and those of the catalogue.
const spillBytes = 8 << 20

// stepStore is a Store whose products can be kept in step with files.
type stepStore interface {
	products.KeyReader
	products.Reverter
}

// keepsInStep returns the store as one that can be kept in step, nil where it needn't be, or an error.
func (r *run) keepsInStep(store Store) (stepStore, error) {
	if r.options.Missing == MissingKeep {
		return nil, nil
	}
	if s, can := store.(stepStore); can {
		return s, nil
	}
	return nil, badOption("Missing", "must be keep: this store is no products.KeyReader and products.Reverter")
}

// tellKeys notes under which keys a rejected record may be in the catalogue, as far as they can be read: where its
// fields may stand in wrong columns, or can't be told apart, it may be under any of them.
func (p *parser) tellKeys(r *rawRecord, s *dialect.Span, fault *Reject, out *parsed) {
	displaced := fault.Code == CodeFieldCount || fault.Code == CodeMissingColumn || fault.Code == CodeBadQuote
	switch {
	case len(r.fields) == 0:
		for line := range strings.Lines(out.text[s.Start:s.End]) {
			for field := range strings.SplitSeq(line, p.delimiter) {
				p.tellKey(strings.Trim(strings.TrimSpace(field), `"'`), out)
			}
		}
	case displaced:
		for i := range r.fields {
			p.tellKey(r.at(i), out)
		}
	case p.mapping.key < len(r.fields):
		p.tellKey(r.at(p.mapping.key), out)
	}
}

// longestKeyField is how many bytes a field with a SKU may have.
const longestKeyField = 16 << 10

func (p *parser) tellKey(field string, out *parsed) {
	if len(field) > longestKeyField {
		return
	}
	if key := strings.TrimSpace(trimmedValue(field)); key != "" {
		out.keys = append(out.keys, p.digest(p.rule.Key(key)))
	}
}

// addKeys notes the keys of a block: of all records, whatever becomes of them.
func (r *run) addKeys(p *parsed) error {
	if r.present == nil {
		return nil
	}
	for i := range p.items {
		if d := p.items[i].digest; d != (digest{}) {
			if err := r.present.Add(spill.Digest(d), nil); err != nil {
				return err
			}
		}
	}
	for _, d := range p.keys {
		if err := r.present.Add(spill.Digest(d), nil); err != nil {
			return err
		}
	}
	return nil
}

// planMissing decides which products are missing: once, since others go on creating some. Where an earlier Run has
// decided that, its plan counts.
func (r *run) planMissing(ctx context.Context, c *checked, store stepStore) (*MissingPlan, error) {
	if store == nil {
		return nil, nil
	}
	if earlier := r.options.Checkpoints.Missing; earlier != nil {
		return earlier, nil
	}
	missing, err := r.findMissing(ctx, c, store)
	if err != nil {
		return nil, err
	}
	plan := &MissingPlan{missing}
	if keep := r.options.Checkpoints.KeepMissing; keep != nil && !r.options.DryRun {
		if err := keep(ctx, plan); err != nil {
			return nil, err
		}
	}
	return plan, nil
}

// findMissing returns the products of the catalogue whose keys the file doesn't have, ascending by key, or an error
// where they are too many. The two are compared part by part, so that memory is needed for some of them at a time.
func (r *run) findMissing(ctx context.Context, c *checked, store stepStore) ([]products.KeyVersion, error) {
	query, err := r.options.scope(r.schema)
	if err != nil {
		return nil, err
	}
	catalogue := spill.New(spillBytes)
	defer func() { _ = catalogue.Close() }()
	var of int64
	var value []byte
	err = store.EachKey(ctx, query, func(k products.KeyVersion) error {
		if of++; of%1_000 == 0 && r.stopped() {
			return ErrStopped
		}
		value = binary.AppendVarint(value[:0], k.ID)
		value = binary.AppendVarint(value, k.Version)
		value = append(value, k.Key...)
		return catalogue.Add(spill.Digest(c.plan.parser.digest(k.Key)), value)
	})
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return nil, cause
		}
		return nil, err
	}
	var found []products.KeyVersion
	var missing int64
	allowed := r.options.MaxMissing.allowed(of)
	have := map[spill.Digest]bool{}
	for part := range spill.Parts {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		clear(have)
		err := r.present.Each(part, func(d spill.Digest, _ []byte) error {
			have[d] = true
			return nil
		})
		if err == nil {
			err = catalogue.Each(part, func(d spill.Digest, value []byte) error {
				if have[d] {
					return nil
				}
				if missing++; missing <= allowed {
					found = append(found, decodeKey(value))
				}
				return nil
			})
		}
		if err != nil {
			return nil, err
		}
	}
	if missing > allowed {
		return nil, r.options.MaxMissing.tooMany(missing, of)
	}
	slices.SortFunc(found, func(a, b products.KeyVersion) int { return strings.Compare(a.Key, b.Key) })
	return found, nil
}

// decodeKey reads what findMissing encoded.
func decodeKey(value []byte) (k products.KeyVersion) {
	id, n := binary.Varint(value)
	version, m := binary.Varint(value[n:])
	return products.KeyVersion{Key: string(value[n+m:]), ID: id, Version: version}
}

// removeMissing deactivates or deletes what is missing, in batches behind those of the file.
func (w *writer) removeMissing(ctx context.Context, store stepStore, plan *MissingPlan) error {
	for _, missing := range plan.batches() {
		if w.run.stopped() {
			return ErrStopped
		}
		w.number++
		b := &batch{given: products.Batch{Number: w.number, DryRun: w.run.options.DryRun}}
		if done, committed := w.run.options.Checkpoints.Committed[w.number]; committed {
			if done.Counts.Missing != int64(len(missing)) {
				return fmt.Errorf("importer: batch %d was committed with other products: %w", w.number, ErrSourceChanged)
			}
			w.account(ctx, b, done, nil, true)
			continue
		}
		notifier, err := w.notifier(ctx, b)
		if err != nil {
			return w.batchError(ctx, b, err)
		}
		m := &missingBatch{writer: w, number: w.number, missing: missing}
		result, err := store.RevertBatch(ctx, m.batch(notifier))
		if err != nil {
			return w.batchError(ctx, b, err)
		}
		done := Commit{Batch: w.number}
		if done.Counts, err = m.counts(result); err != nil {
			return b.fail(err)
		}
		w.account(ctx, b, done, nil, false)
		if !m.dry() && m.saved != done.Counts {
			return b.fail(fmt.Errorf("%w: it gave other outcomes to BeforeCommit, or none", ErrStoreContract))
		}
	}
	return nil
}

// missingBatch is a batch of what is missing.
type missingBatch struct {
	*writer
	number  int64
	missing []products.KeyVersion
	saved   progress.Counts // of the last call of BeforeCommit
}

func (m *missingBatch) dry() bool { return m.run.options.DryRun }

// batch is what the store is given.
func (m *missingBatch) batch(notifier WebhookNotifier) *products.RevertBatch {
	b := &products.RevertBatch{Reverts: make([]products.Revert, len(m.missing)), DryRun: m.dry()}
	var patch *products.Patch
	if m.run.options.Missing == MissingDeactivate {
		patch = &products.Patch{Status: new(bool)}
	}
	for i, k := range m.missing {
		b.Reverts[i] = products.Revert{Key: k.Key, ID: k.ID, Version: k.Version, Patch: patch, Onward: true}
	}
	if tell := m.run.options.Differences; tell != nil {
		b.Differences = func() func(ctx context.Context, part []products.Difference) error {
			return func(ctx context.Context, part []products.Difference) error {
				part = slices.Clone(part) // the store's are not to be changed
				for i := range part {
					part[i].Missing = true
				}
				return tell(ctx, m.number, part)
			}
		}
	}
	b.BeforeCommit = func(ctx context.Context, result *products.BatchResult) (err error) {
		if m.dry() {
			return errDryRun
		}
		if m.saved, err = m.counts(result); err != nil || m.run.options.Checkpoints.Save == nil {
			return err
		}
		return m.run.options.Checkpoints.Save(ctx, Commit{Batch: m.number, Counts: m.saved})
	}
	if notifier != nil {
		b.Changed = func(ctx context.Context, created, updated, deleted []products.Product) error {
			return notifier.NotifyBatch(ctx, Changes{Batch: m.number, Created: created, Updated: updated,
				Deleted: deleted})
		}
	}
	return b
}

// counts counts the outcomes.
func (m *missingBatch) counts(result *products.BatchResult) (c progress.Counts, err error) {
	n := int64(len(m.missing))
	if result == nil || int64(len(result.Outcomes)) != n {
		return c, fmt.Errorf("%w: it gave no outcome for some products", ErrStoreContract)
	}
	c = progress.Counts{Missing: n, Deactivated: result.Count(products.Updated),
		Deleted: result.Count(products.Deleted), Kept: result.Count(products.Kept)}
	wrong := c.Deleted
	if m.run.options.Missing == MissingDelete {
		wrong = c.Deactivated
	}
	if wrong > 0 || c.Deactivated+c.Deleted+c.Kept != n {
		return c, fmt.Errorf("%w: it gave an unknown outcome", ErrStoreContract)
	}
	return c, nil
}
