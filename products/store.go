package products

import "context"

// Store keeps products. Every method is safe for concurrent use, returns promptly with the context's error when its
// context ends, and then has changed nothing. Products that go in are validated by the store: an invalid one is refused
// with a *ValidationError. Returned products are the caller's to keep and change.
type Store interface {
	Reader
	AttributeReader
	Writer
	Purger
	BatchWriter
}

// Reader finds products.
type Reader interface {
	// Get returns the product with the ID, or ErrNotFound.
	Get(ctx context.Context, id int64) (Product, error)
	// List returns the products that match, in the query's order. A query that can't be answered gives ErrQuery.
	List(ctx context.Context, query Query) (Page, error)
}

// AttributeReader finds what attributes there are.
type AttributeReader interface {
	// AttributeNames returns the names of the attributes that the products have which match the query, in the order of
	// their bytes, and at most so many of them: whichever the store finds first. The query's order, limit, offset and
	// cursor don't count. It may have to look at every product. A query that can't be answered gives ErrQuery.
	AttributeNames(ctx context.Context, query Query, most int) ([]string, error)
}

// Writer changes products one at a time.
type Writer interface {
	// Create stores a new product and returns it as stored: with an ID, Version 1, both times the same, and its SKU
	// without white space around it. ErrExists when the SKU's key is taken.
	Create(ctx context.Context, product Product) (Product, error)
	// Update applies the patch and returns the product as stored. With a version other than 0 it does so only if the
	// product still has that version, else ErrVersion. A patch that changes nothing writes nothing: version and times
	// stay. What it makes of the product has to pass Schema.ValidateChange. ErrNotFound without such a product,
	// ErrExists when the patch brings a SKU that another product has.
	Update(ctx context.Context, id, version int64, patch Patch) (Product, error)
	// Delete removes the product for good. The version counts as in Update. ErrNotFound, ErrVersion.
	Delete(ctx context.Context, id, version int64) error
}

// Purger empties the store.
type Purger interface {
	// DeleteAll removes every product in one transaction and returns how many there were.
	DeleteAll(ctx context.Context) (int64, error)
}

// BatchWriter writes many products in one transaction. Several batches may be written at the same time, by one process
// or by many.
type BatchWriter interface {
	// KeyRule says which SKUs this store takes for the same. It never changes.
	KeyRule() KeyRule
	// Schema says which fields products have in this store. It never changes.
	Schema() *Schema
	// WriteBatch writes the batch and says what became of each record: all of it or, with an error, nothing. The error
	// ErrCommitUnknown alone leaves that open.
	//
	// Batches that meet over the same SKUs never deadlock: each SKU is created once, and mode Update leaves the records
	// of one batch, the last to commit. A store may try the whole batch several times before it gives up.
	WriteBatch(ctx context.Context, batch *Batch) (*BatchResult, error)
}
