package products

import (
	"context"
	"sync"
)

// PartDifferences bounds the differences of one call of the function that Batch.Differences returns; [PartBytes] bounds
// the text of their products.
const PartDifferences = 5_000

// Difference is what a batch does to one product.
type Difference struct {
	// Key is the KeyRule's key of the product's SKU.
	Key string
	// Before is the product as it was, nil where it is created; After as it becomes, nil where it is deleted. Of one
	// that a batch of records updates, both may lack what its record doesn't set, and times. Maps may be nil, or shared
	// by both. In a dry run what would be created has no ID, and nothing that would be written has its times.
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
	part  *differencePart // nil where there are none to be written
	bytes int
}

// differencePart has the differences with which nobody was called yet. Its memory is passed on.
type differencePart struct {
	all      []Difference
	products []Product // that they have before and after, in a row
}

var differencePool = sync.Pool{New: func() any { return &differencePart{} }}

// NewDifferenceParts begins an attempt to write a batch whose Differences are given; nil where they are nil.
func NewDifferenceParts(differences func() func(ctx context.Context, part []Difference) error) *DifferenceParts {
	if differences == nil {
		return nil
	}
	return &DifferenceParts{write: differences()}
}

// Add adds a difference. It writes those before it where they make up a whole part. It copies the products, so the
// caller may use theirs again, but not their maps.
func (p *DifferenceParts) Add(ctx context.Context, d Difference) error {
	if p == nil {
		return nil
	}
	n := d.bytes()
	if p.part != nil && (len(p.part.all) == PartDifferences || p.bytes > 0 && p.bytes+n > PartBytes) {
		if err := p.Flush(ctx); err != nil {
			return err
		}
	}
	if p.part == nil {
		p.part = differencePool.Get().(*differencePart)
	}
	p.bytes += n
	p.part.all = append(p.part.all, d)
	for _, product := range [...]*Product{d.Before, d.After} {
		if product != nil {
			p.part.products = append(p.part.products, *product)
		}
	}
	return nil
}

// Flush writes the differences that were not written yet, if there are any.
func (p *DifferenceParts) Flush(ctx context.Context) error {
	if p == nil || p.part == nil {
		return nil
	}
	part, rest := p.part, p.part.products
	p.part, p.bytes = nil, 0
	for i := range part.all {
		for _, product := range [...]**Product{&part.all[i].Before, &part.all[i].After} {
			if *product != nil {
				*product, rest = &rest[0], rest[1:]
			}
		}
	}
	err := p.write(ctx, part.all)
	clear(part.all)
	clear(part.products)
	part.all, part.products = part.all[:0], part.products[:0]
	differencePool.Put(part)
	return err
}
