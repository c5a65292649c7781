package products

import "context"

// Parts calls [Batch.Changed] with products that come one by one, in parts of [PartBytes]. Stores use it: the zero
// value with Changed set is ready. It is for one goroutine, and one attempt to write a batch.
type Parts struct {
	// Changed is Batch.Changed. Where it is nil nothing is called.
	Changed func(ctx context.Context, created, updated []Product) error

	part part
}

// Add adds the product of a record that was Created or Updated; with another outcome it does nothing.
func (p *Parts) Add(ctx context.Context, outcome Outcome, product Product) error {
	switch outcome {
	case Created:
		return p.Created(ctx, product)
	case Updated:
		return p.Updated(ctx, product)
	}
	return nil
}

// Created adds a product that was created. It calls Changed with those before it where they make up a
// whole part.
func (p *Parts) Created(ctx context.Context, product Product) error {
	return p.add(ctx, &p.part.created, product)
}

// Updated adds a product that was updated, as Created does.
func (p *Parts) Updated(ctx context.Context, product Product) error {
	return p.add(ctx, &p.part.updated, product)
}

func (p *Parts) add(ctx context.Context, to *[]Product, product Product) error {
	if p.Changed == nil {
		return nil
	}
	return p.part.add(ctx, to, product, p.Flush)
}

// Flush calls Changed with the products with which it was not called yet, if there are any.
func (p *Parts) Flush(ctx context.Context) error {
	full := p.part.take()
	if full.empty() {
		return nil
	}
	return p.Changed(ctx, full.created, full.updated)
}

// part has the products with which nobody was called yet.
type part struct {
	created, updated, deleted []Product
	bytes                     int
}

// add adds a product to one of the part's lists, and flushes those before it where they make up a whole part.
func (p *part) add(ctx context.Context, to *[]Product, product Product, flush func(context.Context) error) error {
	n := product.Bytes()
	if p.bytes > 0 && p.bytes+n > PartBytes {
		if err := flush(ctx); err != nil {
			return err
		}
	}
	p.bytes += n
	*to = append(*to, product)
	return nil
}

// take returns the part, and begins the next one.
func (p *part) take() part {
	full := *p
	*p = part{}
	return full
}

func (p *part) empty() bool { return len(p.created)+len(p.updated)+len(p.deleted) == 0 }
