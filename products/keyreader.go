package products

import "context"

// KeyVersion is what tells which product there is, and whether somebody has changed it since.
type KeyVersion struct {
	// Key is the KeyRule's key of the product's SKU.
	Key         string
	ID, Version int64
}

// KeyReader tells which products there are. Every [Store] of this module is one.
type KeyReader interface {
	// EachKey calls each with every product that matches the query, once and in any order, as all of them were at one
	// moment: what others change meanwhile doesn't show, and they don't wait. The query's order, limit, offset and
	// cursor don't count. An error from each ends it and is returned. each must not call the store. A query that can't
	// be answered gives ErrQuery.
	EachKey(ctx context.Context, query Query, each func(KeyVersion) error) error
}
