// Command embed-table is the library over a shop's own database: it imports a CSV file into a table that is there
// already, over the shop's pool of connections, and tells the shop's search of each change in the transaction that
// makes it.
//
//	psql "$DATABASE_URL" -f examples/embed-table/shop.sql
//	go run ./examples/embed-table examples/embed-table/items.csv
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	_ "github.com/lib/pq"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// importItems brings the table shop.items up to date with a file.
func importItems(ctx context.Context, pool *sql.DB, file importer.Source, out io.Writer) error {
	table, err := postgres.OpenTable(ctx, pool, postgres.TableOptions{
		Name: "shop.items", Key: "code", Touch: []string{"updated_at"}})
	if err != nil {
		return err
	}
	result, err := importer.Run(ctx, file, table, importer.Options{
		Mode:     products.Update,
		Notifier: searchQueue{},
		OnReject: func(r importer.Reject) error {
			_, err := fmt.Fprintf(out, "line %d: %s\n", r.Line, r.Reason)
			return err
		},
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d created, %d updated, %d unchanged, %d rejected\n", result.Created, result.Updated,
		result.Unchanged, result.Rejected)
	return err
}

// searchQueue notes which items the search has to read again.
type searchQueue struct{}

// NotifyBatch is called in the transaction of each batch.
func (searchQueue) NotifyBatch(ctx context.Context, changes importer.Changes) error {
	tx, ok := postgres.Tx(ctx)
	if !ok {
		return errors.New("there is no transaction")
	}
	for _, changed := range [][]products.Product{changes.Created, changes.Updated} {
		for _, item := range changed {
			if _, err := tx.ExecContext(ctx, `INSERT INTO shop.to_index (code) VALUES ($1)`, item.SKU); err != nil {
				return err
			}
		}
	}
	return nil
}

func main() {
	if len(os.Args) != 2 {
		log.Print("name the file to import")
		os.Exit(2)
	}
	pool, err := sql.Open("postgres", os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	file, err := importer.OpenFile(os.Args[1])
	if err == nil {
		err = importItems(context.Background(), pool, file, os.Stdout)
	}
	if err = errors.Join(err, pool.Close()); err != nil {
		log.Fatal(err)
	}
}
