package importer_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"maps"
	"slices"
	"sync"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// mapStore is a [importer.Store] over a map. It passes storetest.RunBatchWriter.
type mapStore struct {
	schema *products.Schema
	mu     sync.Mutex
	byKey  map[string]products.Product
}

func (s *mapStore) KeyRule() products.KeyRule { return products.ExactKeys }

func (s *mapStore) Schema() *products.Schema { return s.schema }

func (s *mapStore) WriteBatch(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
	s.mu.Lock() // batches come from several goroutines
	defer s.mu.Unlock()
	result := &products.BatchResult{Outcomes: make([]products.Outcome, len(b.Records))}
	written, changes := map[string]products.Product{}, products.Parts{Changed: b.Changed}
	for i := range b.Records {
		r := &b.Records[i]
		before, exists := s.byKey[r.Key]
		after := b.Columns.Apply(r, before)
		switch {
		case !exists && b.Mode == products.Existing:
			result.Outcomes[i] = products.Skipped
		case !exists:
			result.Outcomes[i], written[r.Key] = products.Created, after
		case b.Mode == products.Ignore:
			result.Outcomes[i] = products.Skipped
		case products.SameContent(before, after):
			result.Outcomes[i] = products.Unchanged
		case after.Outgrows(&before):
			result.Outcomes[i] = products.Refused
		default:
			result.Outcomes[i], written[r.Key] = products.Updated, after
		}
	}
	if err := s.differences(ctx, b, written); err != nil {
		return nil, err
	}
	if b.DryRun || ctx.Err() != nil {
		return result, ctx.Err()
	}
	if b.BeforeCommit != nil { // first the checkpoint, ...
		if err := b.BeforeCommit(ctx, result); err != nil {
			return nil, err
		}
	}
	for i := range b.Records { // ... then the events, with products of their own: an error of either writes nothing
		r := &b.Records[i]
		if err := changes.Add(ctx, result.Outcomes[i], b.Columns.Apply(r, s.byKey[r.Key])); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(changes.Flush(ctx), ctx.Err()); err != nil {
		return nil, err
	}
	maps.Copy(s.byKey, written)
	return result, nil
}

// differences tells of what is created and updated, before and after, by the order of the keys.
func (s *mapStore) differences(ctx context.Context, b *products.Batch, written map[string]products.Product) error {
	parts := products.NewDifferenceParts(b.Differences) // none where nobody wants them
	for _, key := range slices.Sorted(maps.Keys(written)) {
		after := written[key]
		d := products.Difference{Key: key, After: &after}
		if before, exists := s.byKey[key]; exists {
			d.Before = &before
		}
		if err := parts.Add(ctx, d); err != nil {
			return err
		}
	}
	return parts.Flush(ctx)
}

func ExampleStore() {
	store := &mapStore{schema: products.Standard(), byKey: map[string]products.Product{}}
	file := importer.Bytes("SKU,Name,Description\nl-1,Lamp,bright\nd-1,Desk,\n")
	result, err := importer.Run(context.Background(), file, store, importer.Options{Mode: products.Update})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Created, "created:")
	for _, key := range slices.Sorted(maps.Keys(store.byKey)) {
		fmt.Println(key, store.byKey[key].Name)
	}
	// Output:
	// 2 created:
	// d-1 Desk
	// l-1 Lamp
}
