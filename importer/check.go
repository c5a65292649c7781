package importer

import (
	"context"
	"fmt"
	"slices"

	"github.com/products-importer/products-importer/progress"
)

// checking is the first pass over a file, which may begin anew: see errVariants.
type checking struct {
	*run
	read, rejected int64
	lackSKU        int64 // rejected for their empty SKU
	done           int64 // offset in the text behind what was taken
}

// take takes what a block holds, but for what was taken before.
func (c *checking) take(ctx context.Context, p *parsed) error {
	if c.stopped() {
		return ErrStopped
	}
	end := p.items[len(p.items)-1].end
	if p.items[0].end <= c.done {
		p.items = slices.DeleteFunc(p.items, func(it item) bool { return it.end <= c.done })
		p.rejects = slices.DeleteFunc(p.rejects, func(r Reject) bool { return r.Offset < c.done })
	}
	c.read += int64(len(p.items))
	c.result.Inherited += p.inherited
	c.note(p)
	for i := range p.rejects {
		if err := c.reject(&p.rejects[i]); err != nil {
			return err
		}
	}
	if c.done = max(c.done, end); c.done == end {
		c.report(ctx, progress.Checking, c.read, p.source)
	}
	return nil
}

func (c *checking) reject(r *Reject) error {
	c.rejected++
	c.result.Rejects[r.Code]++
	if r.Code == CodeEmpty && r.Column == c.parser.columns[c.parser.sku].shown() {
		c.lackSKU++
	}
	if c.options.OnReject != nil {
		if err := c.options.OnReject(*r); err != nil {
			return err
		}
	}
	if l := c.options.MaxRejects; l != nil && l.Share == 0 && c.rejected > l.Count {
		return fmt.Errorf("%w: more than %d; nothing was written", ErrTooManyRejects, l.Count)
	}
	return nil
}

// finish looks at the file as a whole.
func (c *checking) finish() error {
	if c.lackSKU > 0 && c.lackSKU == c.read {
		c.parser.lacksSKU(c.read)
		c.result.Dialect.Hints = c.parser.hints
	}
	if l := c.options.MaxRejects; l.exceeded(c.rejected, c.read) {
		return fmt.Errorf("%w: %d of %d, more than %g %%; nothing was written", ErrTooManyRejects, c.rejected, c.read, l.Share*100)
	}
	return nil
}
