package memory_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

func Example() {
	ctx := context.Background()
	store := memory.New(memory.Options{}).Products()
	result, err := importer.Run(ctx, importer.Bytes("sku,name\nA-1,Apple\nA-2,Banana\n"), store, importer.Options{})
	if err != nil {
		panic(err)
	}
	fmt.Println(result.Created)
	page, err := store.List(ctx, products.Query{Search: "ban"})
	if err != nil {
		panic(err)
	}
	for _, p := range page.Products {
		fmt.Println(p.SKU, p.Name)
	}
	// Output:
	// 2
	// A-2 Banana
}

// What is written in a transaction that fails was never there.
func ExampleDB_InTx() {
	ctx := context.Background()
	db := memory.New(memory.Options{})
	refused := errors.New("on second thoughts")
	err := db.InTx(ctx, func(ctx context.Context) error {
		if _, err := db.Products().Create(ctx, products.Product{SKU: "A-1", Name: "Apple"}); err != nil {
			return err
		}
		page, err := db.Products().List(ctx, products.Query{})
		fmt.Println(page.Count, err)
		return refused
	})
	fmt.Println(err)
	page, err := db.Products().List(ctx, products.Query{})
	fmt.Println(page.Count, err)
	// Output:
	// 1 <nil>
	// on second thoughts
	// 0 <nil>
}
