package storetest_test

import (
	"context"
	"slices"

	"github.com/products-importer/products-importer/products"
)

// broken is a store with some methods replaced.
type broken struct {
	products.Store
	keyRule    func() products.KeyRule
	schema     func() *products.Schema
	get        func(ctx context.Context, id int64) (products.Product, error)
	list       func(ctx context.Context, query products.Query) (products.Page, error)
	create     func(ctx context.Context, product products.Product) (products.Product, error)
	update     func(ctx context.Context, id, version int64, patch products.Patch) (products.Product, error)
	remove     func(ctx context.Context, id, version int64) error
	deleteAll  func(ctx context.Context) (int64, error)
	writeBatch func(ctx context.Context, batch *products.Batch) (*products.BatchResult, error)
	revert     func(ctx context.Context, batch *products.RevertBatch) // changes a batch that is taken back
	eachKey    func(ctx context.Context, query products.Query, each func(products.KeyVersion) error) error
}

func (b *broken) KeyRule() products.KeyRule {
	if b.keyRule != nil {
		return b.keyRule()
	}
	return b.Store.KeyRule()
}

func (b *broken) Schema() *products.Schema {
	if b.schema != nil {
		return b.schema()
	}
	return b.Store.Schema()
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
		edited.Columns.Fields = slices.Clone(batch.Columns.Fields)
		edited.Records = slices.Clone(batch.Records)
		for i := range edited.Records {
			edited.Records[i].Values = slices.Clone(edited.Records[i].Values)
		}
		change(&edited)
		return b.Store.WriteBatch(ctx, &edited)
	}
}

// editField breaks the batches by changing the values of a field.
func (b *broken) editField(name string, change func(text string) string) {
	b.edit(func(batch *products.Batch) {
		if at := column(batch, name); at >= 0 {
			for i := range batch.Records {
				batch.Records[i].Values[at] = change(batch.Records[i].Values[at])
			}
		}
	})
}

// column is where the records of a batch have a field, -1 where they don't.
func column(batch *products.Batch, name string) int {
	return slices.IndexFunc(batch.Columns.Fields, func(f *products.Field) bool { return f.Name == name })
}

// addEmpty gives an edited batch a field that is empty, unless it has it.
func (b *broken) addEmpty(batch *products.Batch, name string) {
	if column(batch, name) >= 0 {
		return
	}
	n := len(batch.Columns.Fields)
	batch.Columns.Fields = append(batch.Columns.Fields, b.Schema().Find(name))
	for i := range batch.Records {
		batch.Records[i].Values = slices.Insert(batch.Records[i].Values, n, "")
	}
}

// drop takes a field from an edited batch.
func drop(batch *products.Batch, name string) {
	at := column(batch, name)
	if at < 0 {
		return
	}
	batch.Columns.Fields = slices.Delete(batch.Columns.Fields, at, at+1)
	for i := range batch.Records {
		batch.Records[i].Values = slices.Delete(batch.Records[i].Values, at, at+1)
	}
}

// editChanges breaks the calls of Batch.Changed.
func (b *broken) editChanges(change func(created, updated []products.Product)) {
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

// commitAfterContext breaks a store so that it commits batches although their context has ended, and says that it has.
func commitAfterContext(s *broken) {
	s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
		result, err := s.Store.WriteBatch(context.WithoutCancel(ctx), b)
		if err == nil {
			err = ctx.Err()
		}
		return result, err
	}
}

// ignoreChangedError breaks a store so that it commits batches although Changed returned an error.
func ignoreChangedError(s *broken) {
	s.edit(func(b *products.Batch) {
		if changed := b.Changed; changed != nil {
			b.Changed = func(ctx context.Context, created, updated []products.Product) error {
				_ = changed(ctx, created, updated)
				return nil
			}
		}
	})
}

// writeInDryRun breaks a store so that it writes batches of a dry run, without their functions.
func writeInDryRun(s *broken) {
	s.edit(func(b *products.Batch) {
		if b.DryRun {
			b.DryRun, b.BeforeCommit, b.Changed = false, nil, nil
		}
	})
}
