package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// Open makes the tables, or brings them up to date. A file is imported with one call.
func ExampleOpen() {
	ctx := context.Background()
	db, err := postgres.Open(ctx, os.Getenv("DATABASE_URL"), postgres.Options{})
	if unfit := new(postgres.UnfitError); errors.As(err, &unfit) {
		log.Fatalf("%s. What to do: %s.", unfit.Problem, unfit.Remedy)
	}
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = db.Close() }()

	file, err := importer.OpenFile("products.csv")
	if err != nil {
		log.Fatal(err)
	}
	result, err := importer.Run(ctx, file, db.Products(), importer.Options{Mode: products.Update})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Created, "created,", result.Updated, "updated,", result.Rejected, "rejected")
}

// What is written with one context of InTx is committed together. A product that is created for an order is there if
// and only if the order's other products are.
func ExampleDB_InTx() {
	ctx := context.Background()
	db, err := postgres.Open(ctx, os.Getenv("DATABASE_URL"), postgres.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	err = db.InTx(ctx, func(ctx context.Context) error {
		for _, p := range []products.Product{{SKU: "MUG-1", Name: "Mug"}, {SKU: "CUP-1", Name: "Cup"}} {
			if _, err := db.Products().Create(ctx, p); err != nil {
				return err // rolls back
			}
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
}
