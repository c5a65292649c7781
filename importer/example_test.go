package importer_test

import (
	"context"
	"fmt"
	"log"
	"strings"

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
	fmt.Printf("%d read: %d created, %d superseded, %d rejected\n", result.Read, result.Created, result.Superseded,
		result.Rejected)
	// Output:
	// line 4: name must not be empty
	// 4 read: 2 created, 1 superseded, 1 rejected
}

// A file that nobody knows yet is looked at first: what a preview finds out is what an import would do.
func ExamplePreview() {
	file := strings.NewReader("Handle;Title;Colour\nlamp;Lamp;red\ndesk;Desk;\n")
	seen, err := importer.Preview(context.Background(), file, importer.PreviewOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("delimiter %s\n", seen.Dialect.Delimiter)
	for _, c := range seen.Columns {
		fmt.Printf("%s (%s): %q, %g %% filled\n", c.Name, c.Use, c.Samples, 100*c.Filled)
	}
	for _, m := range seen.Missing {
		fmt.Printf("%s is missing; perhaps %s: %s\n", m.Field, m.Suggestions[0].Column, m.Suggestions[0].Detail)
	}
	// Output:
	// delimiter ;
	// Handle (ignored): ["lamp" "desk"], 100 % filled
	// Title (field): ["Lamp" "Desk"], 100 % filled
	// Colour (ignored): ["red"], 50 % filled
	// sku is missing; perhaps Handle: 2 values, all different
}

// Fields of one's own are declared once: they are read, checked and stored by their types.
func ExampleRun_fields() {
	ctx := context.Background()
	fields, err := products.NewSchema( // or products.ParseSchema(json), products.SchemaOf[Shop]()
		products.Field{Name: "price", Type: products.Decimal, Scale: 2, Rules: "gte=0"},
		products.Field{Name: "available_from", Type: products.Date})
	if err != nil {
		log.Fatal(err)
	}
	store := memory.New(memory.Options{Fields: fields}).Products() // postgres.Options has Fields too
	file := importer.Bytes("Name;SKU;Price;Available from\nLamp;l-1;1.234,50 €;28.11.2026\nDesk;d-1;-3,00 €;\n")
	result, err := importer.Run(ctx, file, store, importer.Options{OnReject: func(r importer.Reject) error {
		fmt.Printf("line %d: %s\n", r.Line, r.Reason)
		return nil
	}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("numbers like", result.Dialect.Columns[2].Format.Number)
	page, err := store.List(ctx, products.Query{Limit: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Products[0].SKU, page.Products[0].Fields["price"], page.Products[0].Fields["available_from"])
	// Output:
	// line 3: price must not be less than 0, but is -3.00
	// numbers like 1.234,50
	// l-1 1234.50 2026-11-28
}
