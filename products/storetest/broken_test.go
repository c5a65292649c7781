package storetest_test

import (
	"context"

	"github.com/products-importer/products-importer/products"
)

// broken is a store with some methods replaced.
type broken struct {
	products.Store
	keyRule    func() products.KeyRule
	get        func(ctx context.Context, id int64) (products.Product, error)
	list       func(ctx context.Context, query products.Query) (products.Page, error)
	create     func(ctx context.Context, product products.Product) (products.Product, error)
	update     func(ctx context.Context, id, version int64, patch products.Patch) (products.Product, error)
	remove     func(ctx context.Context, id, version int64) error
	deleteAll  func(ctx context.Context) (int64, error)
	writeBatch func(ctx context.Context, batch *products.Batch) (*products.BatchResult, error)
}

func (b *broken) KeyRule() products.KeyRule {
	if b.keyRule != nil {
		return b.keyRule()
	}
	return b.Store.KeyRule()
}

func (b *broken) Get(ctx context.Context, id int64) (products.Product, error) {
	if b.get != nil {
		return b.get(ctx, id)
	}
	return b.Store.Get(ctx, id)
}

func (b *broken) List(ctx context.Context, query products.Query) (products.Page, error) {
	if b.list != nil {
		return b.list(ctx, query)
	}
	return b.Store.List(ctx, query)
}

func (b *broken) Create(ctx context.Context, product products.Product) (products.Product, error) {
	if b.create != nil {
		return b.create(ctx, product)
	}
	return b.Store.Create(ctx, product)
}

func (b *broken) Update(ctx context.Context, id, version int64, patch products.Patch) (products.Product, error) {
	if b.update != nil {
		return b.update(ctx, id, version, patch)
	}
	return b.Store.Update(ctx, id, version, patch)
}

func (b *broken) Delete(ctx context.Context, id, version int64) error {
	if b.remove != nil {
		return b.remove(ctx, id, version)
	}
	return b.Store.Delete(ctx, id, version)
}

func (b *broken) DeleteAll(ctx context.Context) (int64, error) {
	if b.deleteAll != nil {
		return b.deleteAll(ctx)
	}
	return b.Store.DeleteAll(ctx)
}

func (b *broken) WriteBatch(ctx context.Context, batch *products.Batch) (*products.BatchResult, error) {
	if b.writeBatch != nil {
		return b.writeBatch(ctx, batch)
	}
	return b.Store.WriteBatch(ctx, batch)
}

// edit breaks the batches by changing a copy of them first.
func (b *broken) edit(change func(batch *products.Batch)) {
	b.writeBatch = func(ctx context.Context, batch *products.Batch) (*products.BatchResult, error) {
		edited := *batch
		edited.Records = append([]products.Record(nil), batch.Records...)
		change(&edited)
		return b.Store.WriteBatch(ctx, &edited)
	}
}

// editTold breaks what is told of changes.
func (b *broken) editTold(change func(created, updated []products.Product)) {
	b.edit(func(batch *products.Batch) {
		if tell := batch.Changed; tell != nil {
			batch.Changed = func(ctx context.Context, created, updated []products.Product) error {
				change(created, updated)
				return tell(ctx, created, updated)
			}
		}
	})
}

// spoil breaks the results of batches.
func (b *broken) spoil(change func(batch *products.Batch, result *products.BatchResult)) {
	b.writeBatch = func(ctx context.Context, batch *products.Batch) (*products.BatchResult, error) {
		result, err := b.Store.WriteBatch(ctx, batch)
		if err == nil {
			change(batch, result)
		}
		return result, err
	}
}
