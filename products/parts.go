package products

import "context"

// Parts calls [Batch.Changed] with products that come one by one, in parts of [PartBytes]. Stores use it: the zero
// value with Changed set is ready. It is for one goroutine, and one attempt to write a batch.
type Parts struct {
	// Changed is Batch.Changed. Where it is nil nothing is called.
	Changed func(ctx context.Context, created, updated []Product) error

	created, updated []Product
	bytes            int
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
	return p.add(ctx, &p.created, product)
}

// Updated adds a product that was updated, as Created does.
func (p *Parts) Updated(ctx context.Context, product Product) error {
	return p.add(ctx, &p.updated, product)
}

func (p *Parts) add(ctx context.Context, to *[]Product, product Product) error {
	if p.Changed == nil {
		return nil
	}
	n := product.Bytes()
	if p.bytes > 0 && p.bytes+n > PartBytes {
		if err := p.Flush(ctx); err != nil {
			return err
		}
	}
	p.bytes += n
	*to = append(*to, product)
	return nil
}

// Flush calls Changed with the products with which it was not called yet, if there are any.
func (p *Parts) Flush(ctx context.Context) error {
	created, updated := p.created, p.updated
	p.created, p.updated, p.bytes = nil, nil, 0
	if len(created)+len(updated) == 0 {
		return nil
	}
	return p.Changed(ctx, created, updated)
}
