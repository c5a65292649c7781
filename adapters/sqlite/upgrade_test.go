package sqlite_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/sqlite"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// migrationsOf gives the migrations of a file by hand.
func migrationsOf(t *testing.T, path string) *goose.Provider {
	t.Helper()
	by, err := goose.NewProvider(goose.DialectSQLite3, raw(t, path), os.DirFS("migrations"),
		goose.WithTableName("products_importer_migrations"), goose.WithDisableGlobalRegistry(true))
	require.NoError(t, err)
	return by
}

// TestUpgrade: a file of the first version that had jobs and webhooks keeps its products, its imports, waiting, under
// way and ended, and their files, and works on.
func TestUpgrade(t *testing.T) {
	const schemaOf = `SELECT group_concat(sql, ';') FROM (
		SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'products_importer_migrations%' ORDER BY name)`
	ctx, path := t.Context(), newPath(t)
	// The data is this version's, the schema the old one.
	db := open(t, path, sqlite.Options{})
	_, err := importer.Run(ctx, importer.Bytes("sku,name\na,A\n"), db.Products(), importer.Options{})
	require.NoError(t, err)
	file := bytes.Repeat([]byte("x"), 3<<20)
	_, err = db.Uploads().Put(ctx, "file", bytes.NewReader(file))
	require.NoError(t, err)
	ended, err := db.Jobs().Create(ctx, job.Job{Upload: "file", SHA256: "s"})
	require.NoError(t, err)
	_, err = db.Jobs().Cancel(ctx, ended.ID)
	require.NoError(t, err)
	_, err = db.Jobs().Create(ctx, job.Job{Upload: "other", IdempotencyKey: "k"})
	require.NoError(t, err)
	underWay, err := db.Jobs().Claim(ctx, "worker", time.Hour, 5)
	require.NoError(t, err)
	require.NoError(t, db.InTx(ctx, func(ctx context.Context) error {
		return db.Jobs().Checkpoint(ctx, underWay, importer.Commit{Batch: 1, Bytes: 5})
	}))
	_, err = db.Jobs().Create(ctx, job.Job{Upload: "file", SHA256: "s"})
	require.NoError(t, err)
	want, _, err := db.Jobs().List(ctx, job.Query{Limit: 10})
	require.NoError(t, err)
	page, err := db.Products().List(ctx, products.Query{})
	require.NoError(t, err)
	require.NoError(t, db.Close())
	now := scan[string](t, path, schemaOf)
	_, err = migrationsOf(t, path).DownTo(ctx, 3)
	require.NoError(t, err)
	require.Zero(t, scan[int](t, path, `SELECT count(*) FROM sqlite_schema WHERE name = 'import_profiles'`))

	db = open(t, path, sqlite.Options{})
	require.Equal(t, now, scan[string](t, path, schemaOf))
	got, _, err := db.Jobs().List(ctx, job.Query{Limit: 10})
	require.NoError(t, err)
	require.Equal(t, want, got)
	kept, err := db.Products().List(ctx, products.Query{})
	require.NoError(t, err)
	require.Equal(t, page, kept)
	in, err := db.Uploads().Open(ctx, "file", 0, -1)
	require.NoError(t, err)
	text, err := io.ReadAll(in)
	require.NoError(t, err)
	require.Equal(t, file, text)
	require.NoError(t, db.InTx(ctx, func(ctx context.Context) error {
		return db.Jobs().Checkpoint(ctx, underWay, importer.Commit{Batch: 2, Bytes: 5})
	}))
	again, err := db.Jobs().CreateFrom(ctx, job.Job{Upload: ended.Upload, SHA256: "s", User: "ann"})
	require.NoError(t, err)
	require.Equal(t, got[0].ID, again.DuplicateOf)
	_, err = db.Jobs().PutProfile(ctx, job.Profile{Name: "p"})
	require.NoError(t, err)
}
