package postgres_test

import (
	"context"
	"errors"
	"log"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// reindexer puts the products that an import changes into a queue of the application's, a table that exists.
type reindexer struct{}

// NotifyBatch is called in the transaction of each batch.
func (reindexer) NotifyBatch(ctx context.Context, changes importer.Changes) error {
	tx, ok := postgres.Tx(ctx)
	if !ok {
		return errors.New("the products are in another store")
	}
	for _, changed := range [][]products.Product{changes.Created, changes.Updated} {
		for _, p := range changed {
			if _, err := tx.ExecContext(ctx, `INSERT INTO to_index (sku) VALUES ($1)`, p.SKU); err != nil {
				return err // as it is, so that the batch is tried again where that helps
			}
		}
	}
	return nil
}

// importAndQueue imports a file. Each product that it changes is in the queue, and no other one: whatever happens.
func importAndQueue(ctx context.Context, databaseURL string, file importer.Source) (err error) {
	db, err := postgres.Open(ctx, databaseURL, postgres.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = importer.Run(ctx, file, db.Products(),
		importer.Options{Mode: products.Update, Notifier: reindexer{}})
	return err
}

// A notifier writes into a table of the application's, in the transaction of the batch.
func ExampleTx() {
	file, err := importer.OpenFile("products.csv")
	if err != nil {
		log.Fatal(err)
	}
	if err := importAndQueue(context.Background(), os.Getenv("DATABASE_URL"), file); err != nil {
		log.Fatal(err)
	}
}

func TestExampleTx(t *testing.T) {
	url := pgtest.URL(t)
	query(t, url, `CREATE TABLE to_index (sku text)`)
	for _, want := range []int{2, 2, 3} { // queued after each of the imports
		file := importer.Bytes("sku,name\nMUG-1,Mug\nCUP-1,Cup\n")
		if want == 3 {
			file = importer.Bytes("sku,name\nMUG-1,Large mug\nCUP-1,Cup\n")
		}
		require.NoError(t, importAndQueue(t.Context(), url, file))
		require.Equal(t, want, scan[int](t, url, `SELECT count(*) FROM to_index`))
	}
}
