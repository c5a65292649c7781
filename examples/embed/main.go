// Command embed is the library in 40 lines: it imports a CSV file into memory and lists the products.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

const catalog = `Title,Variant SKU,Body (HTML),Status
Desk lamp,lamp-1,"<p>Warm light,
bendable neck</p>",active
Oak table,table-1,Seats six,draft
,chair-1,A name is missing,active
Lamp for a desk,lamp-1,A SKU that was there before,active
`

func main() {
	ctx := context.Background()
	store := memory.New(memory.Options{}).Products()
	result, err := importer.Run(ctx, importer.Bytes(catalog), store, importer.Options{
		Mode:     products.Update,
		OnReject: func(r importer.Reject) error { fmt.Printf("line %d: %s\n", r.Line, r.Reason); return nil },
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d read, %d created, %d superseded, %d rejected\n", result.Read, result.Created, result.Superseded,
		result.Rejected)
	page, err := store.List(ctx, products.Query{Order: "sku"})
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range page.Products {
		fmt.Printf("%s: %s (on sale: %t)\n", p.SKU, p.Name, p.Status)
	}
}
