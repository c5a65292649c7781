package importer_test

import (
	"context"
	"fmt"
	"log"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

func ExampleRun() {
	ctx := context.Background()
	store := memory.New(memory.Options{}).Products() // or postgres.Open(ctx, url, postgres.Options{})
	file := importer.Bytes("Title,Variant SKU\nLamp,l-1\nDesk,d-1\n,x-1\nDesk lamp,l-1\n")
	result, err := importer.Run(ctx, file, store, importer.Options{
		Mode: products.Update, // overwrite what exists; the last record of a SKU wins
		OnReject: func(r importer.Reject) error {
			fmt.Printf("line %d: %s\n", r.Line, r.Reason)
			return nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d read: %d created, %d superseded, %d rejected\n", result.Read, result.Created, result.Superseded, result.Rejected)
	// Output:
	// line 4: name must not be empty
	// 4 read: 2 created, 1 superseded, 1 rejected
}
