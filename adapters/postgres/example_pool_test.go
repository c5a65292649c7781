package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// importOverPool imports a file over the application's own pool, into a schema beside the application's tables.
func importOverPool(ctx context.Context, out io.Writer, pool *sql.DB, file importer.Source) (err error) {
	db, err := postgres.OpenDB(ctx, pool, postgres.Options{Schema: "importer"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }() // the pool stays open
	result, err := importer.Run(ctx, file, db.Products(), importer.Options{Mode: products.Update})
	if err != nil {
		return err
	}
	var stored int // as any other query of the application, over the same pool
	err = pool.QueryRowContext(ctx, `SELECT count(*) FROM importer.products`).Scan(&stored)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, result.Created, "created,", stored, "stored")
	return nil
}

// An application that has a pool of lib/pq's, and a table products of its own.
func ExampleOpenDB() {
	pool, err := sql.Open("postgres", os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = pool.Close() }()
	file, err := importer.OpenFile("products.csv")
	if err != nil {
		log.Fatal(err)
	}
	if err := importOverPool(context.Background(), os.Stdout, pool, file); err != nil {
		log.Fatal(err)
	}
}

// Two catalogues in one database, which know nothing of each other.
func ExampleOptions_schema() {
	ctx := context.Background()
	for _, schema := range []string{"shop", "warehouse"} {
		db, err := postgres.Open(ctx, os.Getenv("DATABASE_URL"), postgres.Options{Schema: schema})
		if err != nil {
			log.Fatal(err)
		}
		created, err := db.Products().Create(ctx, products.Product{SKU: "MUG-1", Name: "Mug"})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(schema, "has", created.SKU)
		if err := db.Close(); err != nil {
			log.Fatal(err)
		}
	}
}

func TestExampleOpenDB(t *testing.T) {
	url := pgtest.URL(t)
	query(t, url, foreignTables)
	pool := newPool(t, url, 2)
	var out strings.Builder
	file := importer.Bytes("sku,name\nMUG-1,Mug\nCUP-1,Cup\n")
	require.NoError(t, importOverPool(t.Context(), &out, pool, file))
	require.NoError(t, importOverPool(t.Context(), &out, pool, file))
	require.Equal(t, "2 created, 2 stored\n0 created, 2 stored\n", out.String())
}

func TestExampleSchema(t *testing.T) {
	url := pgtest.URL(t)
	t.Setenv("DATABASE_URL", url)
	ExampleOptions_schema()
	for _, schema := range []string{"shop", "warehouse"} {
		require.Equal(t, []string{"MUG-1|Mug|"}, content(t, within(t, url, schema)))
	}
}
