package products

import "context"

// PartDifferences bounds the differences of one call of the function that Batch.Differences returns; [PartBytes] bounds
// the text of their products.
const PartDifferences = 5_000

// Difference is what a batch does to one product.
type Difference struct {
	// Key is the KeyRule's key of the product's SKU.
	Key string
	// Before is the product as it was, nil where it is created; After as it becomes, nil where it is deleted. Of one
	// that a batch of records updates, both may lack what the batch's columns don't set. Maps may be nil. In a dry run
	// what would be created has no ID, and nothing that would be written has its times.
	Before, After *Product
	// Kept says why a RevertBatch left the product alone, such as KeptChanged. Before and After are the product as it
	// is then, nil for none. It is empty for all others.
	Kept string
	// Restored is what was kept beside a product that a RevertBatch deletes.
	Restored Restored
	// Missing says that the file of an import lacks the product, which is therefore deactivated or deleted. It is the
	// import that sets it, and not the store.
	Missing bool
}

// bytes is the size of the products' text.
func (d *Difference) bytes() (n int) {
	for _, p := range []*Product{d.Before, d.After} {
		if p != nil {
			n += p.Bytes()
		}
	}
	return n
}

// DifferenceParts gives differences that come one by one to what [Batch].Differences returns, in parts. Stores use it.
// It is for one goroutine, and one attempt to write a batch. Nil is one that does nothing.
type DifferenceParts struct {
	write func(ctx context.Context, part []Difference) error
	part  []Difference
	bytes int
}

// NewDifferenceParts begins an attempt to write a batch whose Differences are given; nil where they are nil.
func NewDifferenceParts(differences func() func(ctx context.Context, part []Difference) error) *DifferenceParts {
	if differences == nil {
		return nil
	}
	return &DifferenceParts{write: differences()}
}

// Add adds a difference. It writes those before it where they make up a whole part.
func (p *DifferenceParts) Add(ctx context.Context, d Difference) error {
	if p == nil {
		return nil
	}
	n := d.bytes()
	if len(p.part) == PartDifferences || p.bytes > 0 && p.bytes+n > PartBytes {
		if err := p.Flush(ctx); err != nil {
			return err
		}
	}
	p.bytes += n
	p.part = append(p.part, d)
	return nil
}

// Flush writes the differences that were not written yet, if there are any.
func (p *DifferenceParts) Flush(ctx context.Context) error {
	if p == nil || len(p.part) == 0 {
		return nil
	}
	err := p.write(ctx, p.part)
	clear(p.part)
	p.part, p.bytes = p.part[:0], 0
	return err
}
