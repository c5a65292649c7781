package importer_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// list prints what a store has.
func list(ctx context.Context, store products.Reader) {
	page, err := store.List(ctx, products.Query{})
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range page.Products {
		fmt.Printf("%s: %s %v\n", p.SKU, p.Name, p.Attributes)
	}
}

// Columns that are known under no usual name are mapped to fields, and the others are kept as attributes.
func ExampleOptions_mapping() {
	ctx := context.Background()
	store := memory.New(memory.Options{}).Products()
	file := importer.Bytes("Artikel;Bezeichnung;Farbe\nl-1;Lampe;rot\n")
	result, err := importer.Run(ctx, file, store, importer.Options{
		Map:   map[string]string{"sku": "Artikel", "name": "2"}, // by name, or by number
		Extra: importer.ExtraKeep,
	})
	if err != nil {
		log.Fatal(err)
	}
	list(ctx, store)
	fmt.Printf("delimiter %s: %s\n", result.Dialect.Delimiter, result.Dialect.Evidence.Delimiter)
	// Output:
	// l-1: Lampe map[Farbe:rot]
	// delimiter ;: 2 of 2 records looked at have 3 fields, and there is a header with known names
}

// A file that lacks a column is refused before anything is written, and the error says what may be meant.
func ExampleHeaderError() {
	store := memory.New(memory.Options{}).Products()
	_, err := importer.Run(context.Background(), importer.Bytes("title,handle\nLamp,l-1\n"), store, importer.Options{})
	var header *importer.HeaderError
	if errors.As(err, &header) {
		fmt.Println(header.Missing, header.Suggestions)
	}
	// Output:
	// [sku] map[sku:handle]
}

// Variants of a product, as shops export them, inherit what they leave empty.
func ExampleOptions_group() {
	ctx := context.Background()
	store := memory.New(memory.Options{}).Products()
	file := importer.Bytes("Handle,Title,Variant SKU,Size\nshirt,Shirt,s-1,S\nshirt,,s-2,M\n")
	result, err := importer.Run(ctx, file, store, importer.Options{Extra: importer.ExtraKeep})
	if err != nil {
		log.Fatal(err)
	}
	list(ctx, store)
	fmt.Println(result.Inherited, "inherited")
	// Output:
	// s-1: Shirt map[Handle:shirt Size:S]
	// s-2: Shirt map[Handle:shirt Size:M]
	// 1 inherited
}

// A dry run has the counts of the real one, and writes nothing.
func ExampleOptions_dryRun() {
	ctx := context.Background()
	store := memory.New(memory.Options{}).Products()
	file := importer.Bytes("sku,name\nl-1,Lamp\nd-1,Desk\n,Chair\n")
	for _, dry := range []bool{true, false} {
		result, err := importer.Run(ctx, file, store, importer.Options{DryRun: dry})
		if err != nil {
			log.Fatal(err)
		}
		page, err := store.List(ctx, products.Query{})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d created, %d rejected; the store has %d\n", result.Created, result.Rejected, len(page.Products))
	}
	// Output:
	// 2 created, 1 rejected; the store has 0
	// 2 created, 1 rejected; the store has 2
}

// A file with more rejects than its limit is not imported at all.
func ExampleOptions_maxRejects() {
	store := memory.New(memory.Options{}).Products()
	file := importer.Bytes("sku,name\nl-1,Lamp\n,Desk\n,Chair\n")
	result, err := importer.Run(context.Background(), file, store, importer.Options{
		MaxRejects: &importer.RejectLimit{Share: 0.05},
	})
	fmt.Println(errors.Is(err, importer.ErrTooManyRejects), result.Created)
	fmt.Println(err)
	// Output:
	// true 0
	// importer: too many rejected records: 2 of 3, more than 5 %; nothing was written
}

// What was rejected comes as a file of its own. Mended, it is imported like the first one.
func ExampleRejectWriter() {
	ctx := context.Background()
	store := memory.New(memory.Options{}).Products()
	file := importer.Bytes("sku;name;color\nl-1;Lamp;red\n;Desk;oak\np-1;5\" pipe;black\n")

	var rejects strings.Builder
	w := importer.NewRejectWriter(&rejects)
	options := importer.Options{Extra: importer.ExtraKeep, OnHeader: w.Header, OnReject: w.Write}
	if _, err := importer.Run(ctx, file, store, options); err != nil {
		log.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		log.Fatal(err)
	}
	for line := range strings.Lines(strings.TrimPrefix(rejects.String(), "\ufeff")) {
		fmt.Print(line[:min(len(line), 64)])
		if len(line) > 64 {
			fmt.Println("..")
		}
	}

	// Somebody fills in what was missing; the quote is in order there already.
	mended := strings.Replace(rejects.String(), ",Desk,", "d-1,Desk,", 1)
	options.OnHeader, options.OnReject = nil, nil
	if _, err := importer.Run(ctx, importer.Bytes(mended), store, options); err != nil {
		log.Fatal(err)
	}
	list(ctx, store)
	// Output:
	// sku,name,color,_line,_column,_code,_reason
	// ,Desk,oak,3,sku,empty,sku must not be empty
	// p-1,"5"" pipe",black,4,,bad_quote,"a quote stands in a field wit..
	// l-1: Lamp map[color:red]
	// d-1: Desk map[color:oak]
	// p-1: 5" pipe map[color:black]
}

// Check finds what is wrong with a file, without a store.
func ExampleCheck() {
	superseded := importer.NewSupersededWriter(os.Stdout)
	o := importer.CheckOptions{Options: importer.Options{OnSuperseded: superseded.Write}}
	result, err := importer.Check(context.Background(), importer.Bytes("sku,name\na,A\nb,\n a,B\n"), o)
	if err != nil {
		log.Fatal(err)
	}
	if err := superseded.Flush(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Rejects)
	// Output:
	// sku,line,winner
	// a,4,2
	// map[empty:1]
}

// Sniff looks at the beginning of an upload, which is to be refused at once where it is no CSV file.
func ExampleSniff() {
	for _, start := range []string{"sku,name\n", "%PDF-1.7", "\x1f\x8b\x08"} {
		fmt.Println(importer.Sniff([]byte(start)))
	}
	// Output:
	// <nil>
	// the file cannot be imported: it is a PDF document, not a CSV file
	// <nil>
}
