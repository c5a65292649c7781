package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"

	_ "github.com/lib/pq"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// OpenTable imports into a table that a program has already, over the pool that it has already:
//
//	CREATE TABLE shop.items (
//	  tenant_id int, code text, name text NOT NULL, price numeric(12,2) CHECK (price >= 0),
//	  brand_id int REFERENCES shop.brands, updated_at timestamptz NOT NULL DEFAULT now(),
//	  UNIQUE (tenant_id, code))
func ExampleOpenTable() {
	ctx := context.Background()
	db, err := sql.Open("postgres", os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = db.Close() }()

	items, err := postgres.OpenTable(ctx, db, postgres.TableOptions{Name: "shop.items", Key: "code",
		Constants: map[string]string{"tenant_id": "7"}, Touch: []string{"updated_at"}})
	if unfit := new(postgres.TableError); errors.As(err, &unfit) {
		log.Fatalf("%s. What to do: %s.", unfit.Problem, unfit.Remedy)
	}
	if err != nil {
		log.Fatal(err)
	}
	file, err := importer.OpenFile("items.csv")
	if err != nil {
		log.Fatal(err)
	}
	result, err := importer.Run(ctx, file, items, importer.Options{Mode: products.Update,
		OnReject: func(r importer.Reject) error {
			fmt.Printf("line %d: %s\n", r.Line, r.Reason) // a foreign key's too
			return nil
		}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Created, "created,", result.Updated, "updated,", result.Unchanged, "unchanged")
}
