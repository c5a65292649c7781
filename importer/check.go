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
	options.Options.OnChecked, options.Options.Checked = nil, nil
	r, err := newRun(source, options.Options, options.Schema)
	if err == nil && !options.KeyRule.Valid() {
		err = fmt.Errorf("importer: CheckOptions.KeyRule is unknown: %d", options.KeyRule)
	}
	if err != nil {
		return &r.result, err
	}
	surveys := r.options.OnSuperseded != nil
	checked, err := r.inspect(ctx, options.KeyRule, surveys)
	if err != nil {
		return &r.result, err
	}
	defer checked.survey.close()
	if surveys {
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
	kept     bool    // it is known to who runs the import, or was from the beginning
	end      extent
}

// wins reports whether a valid record counts for its SKU. One that doesn't is given to onSuperseded, if that isn't nil.
func (c *checked) wins(it *item, onSuperseded func(Superseded) error) (bool, error) {
	winner, err := c.survey.admit(it.digest, it.record.Line)
	if err != nil || winner == it.record.Line || onSuperseded == nil {
		return winner == it.record.Line, err
	}
	return false, onSuperseded(Superseded{SKU: it.record.SKU, Line: it.record.Line, Winner: winner})
}

// note lets the survey see the valid records.
func (c *checked) note(p *parsed) error {
	if c.survey == nil {
		return nil
	}
	for i := range p.items {
		if it := &p.items[i]; it.valid() {
			if err := c.survey.note(it.digest, it.record.Line); err != nil {
				return err
			}
		}
	}
	return nil
}

// checker reads a file to find what can't be taken, and which record of a SKU counts. Its first pass may begin anew:
// see errVariants, errFormats and errLog.
type checker struct {
	run            *run
	plan           *plan
	checked        checked
	read, rejected int64
	lackKey        int64 // rejected for their empty key
	done           int64 // offset in the text behind what was taken
	odd            []oddity
	resurveyed     bool // the formats were found out in all of the file
}

// check is the check of an input, by its plan. It closes the input. Who gets what is checked closes its survey.
func (r *run) check(ctx context.Context, p *plan, in *input, rule products.KeyRule,
	surveys bool) (found *checked, err error) {
	c := &checker{run: r, plan: p}
	if surveys {
		size := p.size
		if r.options.OnChecked != nil {
			size = -1
		}
		c.checked.survey = newSurvey(r.options.Mode, size, r.options.MaxDuplicates, usualBounds)
	}
	defer func() {
		if err != nil {
			c.checked.survey.close()
		}
	}()
	if in, err = c.pass(ctx, in); err != nil {
		return nil, err
	}
	r.result.Dialect.Encoding, r.result.Dialect.Evidence.Encoding = in.encoding()
	if err := c.judge(ctx); err != nil {
		return nil, err
	}
	if surveys {
		if err = c.endSurvey(ctx); err == nil {
			err = c.tellChecked(rule)
		}
	}
	return &c.checked, err
}

// endSurvey lets the survey find what the first pass left open.
func (c *checker) endSurvey(ctx context.Context) error {
	o := &c.run.options
	return c.checked.survey.end(o.OnSuperseded != nil, o.OnChecked != nil, func() error {
		if c.run.stopped() {
			return ErrStopped
		}
		c.run.report(ctx, progress.Checking, c.read, c.checked.end.source)
		return context.Cause(ctx)
	})
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
		case errors.Is(err, errLog):
			c.checked.survey = newSurvey(c.run.options.Mode, -1, c.run.options.MaxDuplicates, usualBounds)
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
	c.resurveyed = true
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
	if err := c.checked.note(p); err != nil {
		return err
	}
	end := p.items[len(p.items)-1].end
	if p.items[0].end <= c.done {
		p.items = slices.DeleteFunc(p.items, func(it item) bool { return it.end <= c.done })
		p.rejects = slices.DeleteFunc(p.rejects, func(r Reject) bool { return r.Offset < c.done })
	}
	c.read += int64(len(p.items) - c.passOver(p))
	c.run.result.Inherited += p.inherited
	c.odd = addOddities(c.odd, p.odd)
	if err := c.run.addKeys(p); err != nil {
		return err
	}
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
