package importer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// CheckOptions are the settings of [Check].
type CheckOptions struct {
	// Options are those of the import that is checked for. What is about writing has no effect.
	Options Options
	// KeyRule says which SKUs are the same: it is that of the store that the import is for.
	KeyRule products.KeyRule
	// Schema says which fields products have: it is that of the store. Nil is for that of products.Standard.
	Schema *products.Schema
}

// Check reads the source as [Run] does, and gives OnHeader, OnReject and OnSuperseded what Run would give them. It
// writes nothing, and needs no store. Only Rejects, Inherited, PassedOver and Dialect of the result are set.
func Check(ctx context.Context, source Source, options CheckOptions) (*Result, error) {
	r, err := newRun(source, options.Options, options.Schema)
	if err == nil && !options.KeyRule.Valid() {
		err = fmt.Errorf("importer: CheckOptions.KeyRule is unknown: %d", options.KeyRule)
	}
	if err != nil {
		return &r.result, err
	}
	surveys := r.options.OnSuperseded != nil
	checked, err := r.inspect(ctx, options.KeyRule, surveys)
	if err == nil && surveys && checked.survey.of == 1 { // else they were reported part by part
		err = r.again(ctx, checked, false, func(p *parsed) error {
			for i := range p.items {
				if it := &p.items[i]; it.valid() {
					if _, err := checked.wins(it, r.options.OnSuperseded); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	return &r.result, err
}

// checked is what a check found out: what later passes need to know of the file as a whole.
type checked struct {
	plan     *plan   // with the formats of the columns
	survey   *survey // which record of a SKU counts; nil where that doesn't matter
	inherits bool    // some record wants to inherit
	end      extent
}

// wins reports whether a valid record counts for its SKU. One that doesn't is given to onSuperseded, if that isn't nil.
func (c *checked) wins(it *item, onSuperseded func(Superseded) error) (bool, error) {
	winner := c.survey.admit(it.digest, it.record.Line)
	if winner == it.record.Line || onSuperseded == nil {
		return winner == it.record.Line, nil
	}
	return false, onSuperseded(Superseded{SKU: it.record.SKU, Line: it.record.Line, Winner: winner})
}

// note lets the survey see the valid records.
func (c *checked) note(p *parsed) {
	if c.survey == nil {
		return
	}
	for i := range p.items {
		if it := &p.items[i]; it.valid() {
			c.survey.note(it.digest, it.record.Line)
		}
	}
}

// checker reads a file to find what can't be taken, and which record of a SKU counts. Its first pass may begin anew:
// see errVariants.
type checker struct {
	run            *run
	plan           *plan
	checked        checked
	read, rejected int64
	lackKey        int64 // rejected for their empty key
	done           int64 // offset in the text behind what was taken
	odd            []oddity
}

// check is the check of an input, by its plan. It closes the input.
func (r *run) check(ctx context.Context, p *plan, in *input, surveys bool) (*checked, error) {
	c := &checker{run: r, plan: p}
	if surveys {
		c.checked.survey = newSurvey(r.options.Mode, p.size, r.options.MaxDuplicates)
	}
	in, err := c.pass(ctx, in)
	if err != nil {
		return nil, err
	}
	r.result.Dialect.Encoding, r.result.Dialect.Evidence.Encoding = in.encoding()
	if err := c.judge(ctx); err != nil {
		return nil, err
	}
	return &c.checked, c.surveyParts(ctx)
}

// pass is the first pass over the records. It begins anew where something turns out that it should have known from the
// beginning. It returns the input that it read to the end.
func (c *checker) pass(ctx context.Context, in *input) (*input, error) {
	for {
		end, err := c.plan.pass(in, c.run.options.Parsers, c.checked.inherits, false,
			func(p *parsed) error { return c.take(ctx, p) })
		switch {
		case err == nil:
			c.checked.end, c.checked.plan = end, c.plan
			return in, nil
		case errors.Is(err, errVariants):
			c.checked.inherits = true
		case errors.Is(err, errFormats):
			if err = c.survey(ctx); err != nil {
				return nil, err
			}
		default:
			return nil, err
		}
		c.run.result.Inherited, c.odd = 0, nil
		if in, err = c.run.reopen(ctx, c.plan); err != nil {
			return nil, err
		}
	}
}

// survey finds out anew how the columns spell their values.
func (c *checker) survey(ctx context.Context) error {
	in, err := c.run.reopen(ctx, c.plan)
	if err != nil {
		return err
	}
	if c.plan, err = c.run.survey(ctx, c.plan, in, true); err != nil {
		return err
	}
	return c.run.announce(c.plan)
}

// take takes what a block holds, but for what was taken before.
func (c *checker) take(ctx context.Context, p *parsed) error {
	if c.run.stopped() {
		return ErrStopped
	}
	end := p.items[len(p.items)-1].end
	if p.items[0].end <= c.done {
		p.items = slices.DeleteFunc(p.items, func(it item) bool { return it.end <= c.done })
		p.rejects = slices.DeleteFunc(p.rejects, func(r Reject) bool { return r.Offset < c.done })
	}
	c.read += int64(len(p.items) - c.passOver(p))
	c.run.result.Inherited += p.inherited
	c.odd = addOddities(c.odd, p.odd)
	c.checked.note(p)
	for i := range p.rejects {
		if err := c.reject(&p.rejects[i]); err != nil {
			return err
		}
	}
	if c.done = max(c.done, end); c.done == end {
		c.run.report(ctx, progress.Checking, c.read, p.source)
	}
	return nil
}

// passOver counts what is passed over, and returns how much that is.
func (c *checker) passOver(p *parsed) (n int) {
	for i := range p.items {
		if passed := p.items[i].passed; passed != passNone {
			c.run.result.PassedOver[passages[passed]]++
			n++
		}
	}
	return n
}

// reject takes a rejected record.
func (c *checker) reject(r *Reject) error {
	c.rejected++
	c.run.result.Rejects[r.Code]++
	if r.Code == CodeEmpty && r.Column == c.plan.mapping.columns[c.plan.mapping.key].shortLabel() {
		c.lackKey++
	}
	if c.run.options.OnReject != nil {
		if err := c.run.options.OnReject(*r); err != nil {
			return err
		}
	}
	if l := c.run.options.MaxRejects; l != nil && l.Share == 0 && c.rejected > l.Count {
		return l.tooMany(c.rejected, c.read)
	}
	return nil
}

// judge decides on the file as a whole.
func (c *checker) judge(ctx context.Context) error {
	d := &c.run.result.Dialect
	d.Hints = append(slices.Clip(d.Hints), c.plan.mapping.hintOddities(c.odd)...)
	if c.lackKey > 0 && c.lackKey == c.read {
		if err := c.hintKey(ctx); err != nil {
			return err
		}
	}
	if l := c.run.options.MaxRejects; l.exceeded(c.rejected, c.read) {
		return l.tooMany(c.rejected, c.read)
	}
	return nil
}

// hintKey adds a hint at a column that can stand in for the key, which no record has.
func (c *checker) hintKey(ctx context.Context) error {
	in, err := c.run.reopen(ctx, c.plan)
	if err != nil {
		return err
	}
	defer in.close()
	m := *c.plan.mapping
	m.look = in.peek
	d, hints := &c.run.result.Dialect, m.lacksKey(c.read)
	d.Hints, c.run.keyHinted = append(slices.Clip(d.Hints), hints...), len(hints) > 0
	if m.unread != nil {
		return in.readError(m.unread)
	}
	return nil
}

// surveyParts goes on surveying a file that repeats too many SKUs to keep them all in mind: see survey.
func (c *checker) surveyParts(ctx context.Context) error {
	s := c.checked.survey
	if s == nil || s.of == 1 {
		return nil
	}
	for {
		var index int64
		err := c.run.again(ctx, &c.checked, false, func(p *parsed) error { return c.mark(p, &index) })
		if err != nil || !s.next() {
			return err
		}
		err = c.run.again(ctx, &c.checked, false, func(p *parsed) error {
			if c.run.stopped() {
				return ErrStopped
			}
			c.checked.note(p)
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// mark marks the valid records of the part that don't count. index is that of the block's first valid record.
func (c *checker) mark(p *parsed, index *int64) error {
	if c.run.stopped() {
		return ErrStopped
	}
	s := c.checked.survey
	for i := range p.items {
		it := &p.items[i]
		if !it.valid() {
			continue
		}
		// Parts that were split up come by again.
		if s.mine(it.digest) && !s.marked(*index) {
			wins, err := c.checked.wins(it, c.run.options.OnSuperseded)
			if err != nil {
				return err
			}
			if !wins {
				s.mark(*index)
			}
		}
		*index++
	}
	return nil
}
