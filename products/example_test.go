package products_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/products"
)

// A store validates what it gets, and its error lists every field that breaks a rule.
func ExampleValidationError() {
	store := memory.New(memory.Options{}).Products()
	_, err := store.Create(context.Background(), products.Product{Name: " ", SKU: "MUG\x00"})
	fmt.Println(errors.Is(err, products.ErrInvalid))
	var invalid *products.ValidationError
	if errors.As(err, &invalid) {
		for _, field := range invalid.Fields {
			fmt.Println(field.Field, field.Code)
		}
	}
	// Output:
	// true
	// sku bad_character
	// name empty
}

// SKUs with the same key are the same SKU.
func ExampleKeyRule_Key() {
	for _, rule := range []products.KeyRule{products.ExactKeys, products.FoldedKeys} {
		fmt.Println(rule, rule.Key(" Straße-1 ") == rule.Key("STRASSE-1"), rule.Key(" Straße-1 "))
	}
	// An e and a combining accent are the same character as é.
	fmt.Println(products.ExactKeys.Key("Cafe\u0301") == products.ExactKeys.Key("Café"))
	// Output:
	// exact false Straße-1
	// fold true strasse-1
	// true
}

// A patch changes the fields that it has. An attribute that is nil is removed, and others stay.
func ExamplePatch() {
	ctx := context.Background()
	store := memory.New(memory.Options{}).Products()
	mug, err := store.Create(ctx, products.Product{SKU: "MUG-1", Name: "Mug",
		Attributes: map[string]string{"color": "blue", "size": "M"}})
	if err != nil {
		panic(err)
	}
	name, size := "Large mug", "L"
	patch := products.Patch{Name: &name, Attributes: map[string]*string{"color": nil, "size": &size}}
	changed, err := store.Update(ctx, mug.ID, mug.Version, patch)
	fmt.Println(changed.Name, changed.Attributes, changed.Version, err)

	// Who names a version that there isn't any more changes nothing.
	_, err = store.Update(ctx, mug.ID, mug.Version, patch)
	fmt.Println(errors.Is(err, products.ErrVersion))
	// Output:
	// Large mug map[size:L] 2 <nil>
	// true
}

// Each page has the cursor to the next one. No product comes twice or is left out, whatever is created or deleted
// meanwhile.
func ExampleQuery() {
	ctx := context.Background()
	store := memory.New(memory.Options{}).Products()
	for _, name := range []string{"Cup", "Bowl", "Mug", "Plate", "Jug"} {
		if _, err := store.Create(ctx, products.Product{SKU: "SKU-" + name, Name: name}); err != nil {
			panic(err)
		}
	}
	query := products.Query{Order: "-name", Limit: 2, SkipCount: true}
	for {
		page, err := store.List(ctx, query)
		if err != nil {
			panic(err)
		}
		var names []string
		for _, p := range page.Products {
			names = append(names, p.Name)
		}
		fmt.Println(names)
		if page.Next == "" {
			break
		}
		query.Cursor = page.Next
	}
	// Output:
	// [Plate Mug]
	// [Jug Cup]
	// [Bowl]
}

// A batch creates what is new, and says of each record what became of it. Its columns say which fields the records
// have, in their order.
func ExampleBatch() {
	ctx := context.Background()
	store := memory.New(memory.Options{}).Products()
	if _, err := store.Create(ctx, products.Product{SKU: "MUG-1", Name: "Mug"}); err != nil {
		panic(err)
	}
	batch := &products.Batch{Mode: products.Update}
	batch.Columns.Fields = []*products.Field{store.Schema().Find("name")}
	for _, line := range [][2]string{{"MUG-1", "Large mug"}, {"CUP-1", "Tea cup"}, {"CUP-1", "Cup"}} {
		batch.Records = append(batch.Records, products.Record{Key: store.KeyRule().Key(line[0]), SKU: line[0],
			Values: []string{line[1]}})
	}
	result, err := store.WriteBatch(ctx, batch)
	if err != nil {
		panic(err)
	}
	for i, outcome := range result.Outcomes {
		fmt.Println(batch.Records[i].Values[0], "-", outcome)
	}
	// Output:
	// Large mug - updated
	// Tea cup - superseded
	// Cup - created
}

// printer prints changes. One that writes them to the store's database commits them with the change.
type printer struct{}

func (printer) Notify(_ context.Context, change products.Change) error {
	if change.Product != nil {
		fmt.Println(change.Product.SKU, change.Product.Name)
	}
	return nil
}

// What changes a product calls the notifier, in the transaction of the change.
func ExampleNewNotifyingStore() {
	ctx := context.Background()
	db := memory.New(memory.Options{})
	store, err := products.NewNotifyingStore(db.Products(), db.InTx, printer{})
	if err != nil {
		panic(err)
	}
	mug, err := store.Create(ctx, products.Product{SKU: "MUG-1", Name: "Mug"})
	if err != nil {
		panic(err)
	}
	name := "Large mug"
	for range 2 { // the second time nothing changes
		if _, err := store.Update(ctx, mug.ID, 0, products.Patch{Name: &name}); err != nil {
			panic(err)
		}
	}
	// Output:
	// MUG-1 Mug
	// MUG-1 Large mug
}
