package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/adapters/sqlite"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

// everyField declares a field of each type.
const everyField = `{"fields": [{"name": "price", "type": "decimal", "scale": 2}, {"name": "stock", "type": "integer"},
	{"name": "brand", "type": "text"}, {"name": "fragile", "type": "boolean"}, {"name": "since", "type": "date"},
	{"name": "seen_at", "type": "timestamp"}, {"name": "tags", "type": "list", "separator": "|"}]}`

// outgrown makes a file with products, changed, deleted and with fields, with endpoints of webhooks and a token.
func outgrown(t *testing.T) (path, fields string) {
	t.Helper()
	path, fields = filepath.Join(t.TempDir(), "products.db"), write(t, everyField)
	db := openOutgrown(t, path)
	defer func() { require.NoError(t, db.Close()) }()
	_, err := importer.Run(t.Context(), importer.Bytes(
		"sku,name,description,price,stock,brand,fragile,since,seen_at,tags,Shelf\n"+
			"a-1,Lamp,\"two\nlines\t\\N\",12.50,-7,Ünï,true,2026-11-28,2026-11-28T10:11:12.123456Z,a|b,3\nb-1,Desk,,,,,,,,,\n"),
		db.Products(), importer.Options{Extra: importer.ExtraKeep})
	require.NoError(t, err)
	var many bytes.Buffer
	require.NoError(t, catalogtest.WriteVariant(&many, 3_000, catalogtest.Base))
	_, err = importer.Run(t.Context(), importer.Bytes(many.Bytes()), db.Products(), importer.Options{})
	require.NoError(t, err)
	page, err := db.Products().List(t.Context(), products.Query{Limit: 3})
	require.NoError(t, err)
	_, err = db.Products().Update(t.Context(), page.Products[1].ID, 0, products.Patch{Status: new(true)})
	require.NoError(t, err)
	require.NoError(t, db.Products().Delete(t.Context(), page.Products[2].ID, 0))
	for i := range 2 {
		_, err := db.Jobs().PutProfile(t.Context(), job.Profile{Name: fmt.Sprint("Möbel ", i), User: "ann",
			Fingerprint: "f", Settings: job.Settings{Mode: products.Update, Map: map[string]string{"sku": "Nr", "name": "2"}}})
		require.NoError(t, err)
	}
	for i := range 3 {
		_, err := db.Webhooks().CreateEndpoint(t.Context(), webhooks.Endpoint{
			URL: fmt.Sprintf("https://shop.example/%d", i), Events: []string{"product.*"}, Concurrency: 3,
			Timeout: 9 * time.Second, State: webhooks.Active, Credentials: webhooks.Credentials{Token: "let-me-in",
				Secrets: []webhooks.LiveSecret{{Secret: receive.NewSecret()}}, Headers: webhooks.Headers{"X-Shop": "1"}}})
		require.NoError(t, err)
	}
	_, err = db.Tokens().AddToken(t.Context(), "ci", []byte("the hash of a token"), "importer", time.Now())
	require.NoError(t, err)
	return path, fields
}

// tokensOf are the tokens of a store, as text.
func tokensOf(t *testing.T, store basicauth.TokenStore) (all []string) {
	t.Helper()
	require.NoError(t, store.EachToken(t.Context(), func(name string, hash []byte, role string, at time.Time) error {
		all = append(all, fmt.Sprintf("%s %s %s %v", name, hash, role, at.UTC()))
		return nil
	}))
	return all
}

func schema(t *testing.T) *products.Schema {
	t.Helper()
	s, err := products.ParseSchema([]byte(everyField))
	require.NoError(t, err)
	return s
}

func openOutgrown(t *testing.T, path string) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{Fields: schema(t)})
	require.NoError(t, err)
	return db
}

func openGrown(t *testing.T, url string) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), url, postgres.Options{Fields: schema(t)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// TestCopy: what PostgreSQL has afterwards is what the file had, with IDs, versions, times, fields and secrets.
func TestCopy(t *testing.T) {
	t.Parallel()
	path, fields := outgrown(t)
	url := pgtest.URL(t)
	args := []string{"copy", "-from", "sqlite:" + path, "-to", url, "-fields", fields}
	status, stdout, stderr := command(t, args...)
	require.Zero(t, status, stderr)

	from, to := openOutgrown(t, path), openGrown(t, url)
	defer func() { require.NoError(t, from.Close()) }()
	var last, count int64
	others := allOf(t, to)
	for p, err := range allProducts(t.Context(), from.Products()) {
		require.NoError(t, err)
		require.Equal(t, p, others[count])
		last, count = p.ID, count+1
	}
	require.Len(t, others, int(count))
	require.Contains(t, stdout, fmt.Sprintf("products   %d\n", count))
	require.Contains(t, stdout, "endpoints  3 ")
	want, n, err := from.Webhooks().ListEndpoints(t.Context(), 100, 0)
	require.NoError(t, err)
	got, _, err := to.Webhooks().ListEndpoints(t.Context(), 100, 0)
	require.NoError(t, err)
	require.EqualValues(t, 3, n)
	require.Equal(t, want, got)
	require.Contains(t, stdout, "profiles   2\n")
	profiles, err := from.Jobs().ListProfiles(t.Context())
	require.NoError(t, err)
	require.Len(t, profiles, 2)
	copies, err := to.Jobs().ListProfiles(t.Context())
	require.NoError(t, err)
	require.Equal(t, profiles, copies)
	require.Contains(t, stdout, "tokens     1 ")
	require.Len(t, tokensOf(t, to.Tokens()), 1)
	require.Equal(t, tokensOf(t, from.Tokens()), tokensOf(t, to.Tokens()))

	created, err := to.Products().Create(t.Context(), products.Product{SKU: "new", Name: "New"})
	require.NoError(t, err)
	require.Greater(t, created.ID, last)
	require.NoError(t, from.Close())
	status, _, stderr = command(t, args...)
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "endpoints of webhooks already: 3")
}

func allOf(t *testing.T, db *postgres.DB) (all []products.Product) {
	t.Helper()
	for p, err := range allProducts(t.Context(), db.Products()) {
		require.NoError(t, err)
		all = append(all, p)
	}
	return all
}

// TestCopyRefuses: where something would be lost, or the database isn't new, nothing is copied, and one line says why.
func TestCopyRefuses(t *testing.T) {
	t.Parallel()
	path, fields := outgrown(t)
	url := pgtest.URL(t)
	args := []string{"copy", "-from", "sqlite:" + path, "-to", url, "-fields", fields}
	refused := func(says string, args ...string) {
		t.Helper()
		status, _, stderr := command(t, args...)
		require.Equal(t, 1, status, stderr)
		require.Contains(t, stderr, says)
		require.Empty(t, allOf(t, openGrown(t, url)))
	}
	refused("fields that -fields doesn't declare: brand, fragile, price, seen_at, since, stock, tags", args[:5]...)
	db := openOutgrown(t, path)
	refused("is in use: stop the servers and workers on it first", args...)

	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{})
	require.NoError(t, err)
	waiting, _, err := service.Submit(t.Context(), job.Request{}, strings.NewReader("sku,name\nx,X\n"))
	require.NoError(t, err)
	require.NoError(t, db.Close())
	refused("imports haven't ended: 1", args...)

	db = openOutgrown(t, path)
	_, err = db.Jobs().Cancel(t.Context(), waiting.ID)
	require.NoError(t, err)
	events := []webhooks.Event{{Type: webhooks.ProductDeleted, Data: []byte(`{"products":[]}`)}}
	_, err = db.Webhooks().Append(t.Context(), events)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	refused("deliveries of webhooks haven't been made: 3", args...)

	grown := openGrown(t, url)
	product, err := grown.Products().Create(t.Context(), products.Product{SKU: "x", Name: "X"})
	require.NoError(t, err)
	require.NoError(t, grown.Products().Delete(t.Context(), product.ID, 0))
	refused("has products, or had some before", append(args, "-leave-deliveries")...)

	url = pgtest.URL(t)
	args[4] = url
	status, _, stderr := command(t, append(args, "-leave-deliveries")...)
	require.Zero(t, status, stderr)
	require.NotEmpty(t, allOf(t, openGrown(t, url)))
}

// TestCopyCompares: what PostgreSQL gives back is compared, and nothing is kept where it differs.
func TestCopyCompares(t *testing.T) {
	t.Parallel()
	path, _ := outgrown(t)
	from, to := openOutgrown(t, path), openGrown(t, pgtest.URL(t))
	defer func() { require.NoError(t, from.Close()) }()
	err := to.InTx(t.Context(), func(ctx context.Context) error {
		written := newContent()
		_, err := to.Products().Restore(ctx, noted(allProducts(ctx, from.Products()), &written))
		require.NoError(t, err)
		require.NoError(t, compare(ctx, to, &written))
		page, err := to.Products().List(ctx, products.Query{Limit: 1})
		require.NoError(t, err)
		_, err = to.Products().Update(ctx, page.Products[0].ID, 0, products.Patch{Status: new(true)})
		require.NoError(t, err)
		return compare(ctx, to, &written)
	})
	require.ErrorContains(t, err, "isn't what was written, and nothing is kept")
	require.Empty(t, allOf(t, to))
}

func TestCopyUsage(t *testing.T) {
	const from, to = "sqlite:products.db", "postgres://u:hunter2@h/d"
	for _, c := range []struct {
		args []string
		says string
	}{
		{nil, "name both databases"},
		{[]string{"-from", from}, "name both databases"},
		{[]string{"-from", to, "-to", to}, "-from is PostgreSQL: this copies from sqlite:FILE alone"},
		{[]string{"-from", "memory:", "-to", to}, "-from is memory"},
		{[]string{"-from", from, "-to", from}, "the command backup"},
		{[]string{"-from", "x", "-to", to}, "-from: "},
		{[]string{"-from", from, "-to", "hunter2"}, "-to: "},
		{[]string{"-from", from, "-to", to, "-fields", "none.json"}, "none.json"},
		{[]string{"-from", from, "-to", to, "surplus"}, "surplus"},
		{[]string{"-nonsense"}, "-nonsense"},
	} {
		status, _, stderr := command(t, append([]string{"copy"}, c.args...)...)
		require.Equal(t, 2, status, stderr)
		require.Contains(t, stderr, c.says)
		require.NotContains(t, stderr, "u:hunter2")
	}
}
