package products

import "context"

// Parts tells Batch.Changed of products one by one, in parts of PartBytes. Stores use it: the zero value with Tell set is
// ready. It is for one goroutine, and one attempt to write a batch.
type Parts struct {
	// Tell is Batch.Changed.
	Tell func(ctx context.Context, created, updated []Product) error

	created, updated []Product
	bytes            int
}

// Created adds a product that was created. It tells of those before it where they are a whole part.
func (p *Parts) Created(ctx context.Context, product Product) error {
	return p.add(ctx, &p.created, product)
}

// Updated adds a product that was updated, as Created does.
func (p *Parts) Updated(ctx context.Context, product Product) error {
	return p.add(ctx, &p.updated, product)
}

func (p *Parts) add(ctx context.Context, to *[]Product, product Product) error {
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

// Flush tells of what was not told yet, if there is any.
func (p *Parts) Flush(ctx context.Context) error {
	created, updated := p.created, p.updated
	p.created, p.updated, p.bytes = nil, nil, 0
	if len(created)+len(updated) == 0 {
		return nil
	}
	return p.Tell(ctx, created, updated)
}
