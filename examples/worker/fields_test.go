package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

const shopFields = `{"fields": [{"name": "price", "type": "decimal", "scale": 2}]}`

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fields.json")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// TestWorkersWithOtherFields: a job whose products have a price waits, and says for what, where no worker knows of
// prices; one that does takes it.
func TestWorkersWithOtherFields(t *testing.T) {
	t.Parallel()
	s := newScene(t, migrated(t)) // a database, and a server, without fields
	schema, err := products.ParseSchema([]byte(shopFields))
	require.NoError(t, err)
	db, err := postgres.Open(t.Context(), s.url, postgres.Options{Fields: schema})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{Fields: schema})
	require.NoError(t, err)

	s.worker("-deliveries", "0")
	j, _, err := service.Submit(t.Context(), job.Request{}, strings.NewReader("sku,name,price\na,A,\"1.234,50\"\n"))
	require.NoError(t, err)
	waiting := s.until(j.ID, func(j job.Job) bool { return j.Waiting() })
	require.Contains(t, waiting.Error, `the job has a field "price" of the type decimal, which this worker lacks: start it `+
		"with the fields of the server")
	require.Zero(t, waiting.Attempts)
	page, err := db.Products().List(t.Context(), products.Query{Limit: 1})
	require.NoError(t, err)
	require.Empty(t, page.Products)

	// What this server submits the worker does all the while.
	plain, _, err := s.service.Submit(t.Context(), job.Request{}, strings.NewReader("sku,name,price\nb,B,7\n"))
	require.NoError(t, err)
	require.Equal(t, job.Success, s.until(plain.ID, final).State)

	s.worker("-deliveries", "0", "-fields", write(t, shopFields))
	done := s.until(j.ID, final)
	require.Equal(t, job.Success, done.State, done.Error)
	page, err = db.Products().List(t.Context(), products.Query{Limit: 2})
	require.NoError(t, err)
	require.Len(t, page.Products, 2)
	prices := map[string]string{}
	for _, p := range page.Products {
		prices[p.SKU] = p.Fields["price"].String()
	}
	require.Equal(t, map[string]string{"a": "1234.50", "b": products.Value{}.String()}, prices)
}

func TestFieldsOfOthers(t *testing.T) {
	url := home.URL(t)
	none := func(string) string { return "" }
	schema, err := products.ParseSchema([]byte(shopFields))
	require.NoError(t, err)
	db, err := postgres.Open(t.Context(), url, postgres.Options{Fields: schema})
	require.NoError(t, err)
	require.NoError(t, db.Close())
	for name, c := range map[string]struct {
		fields string
		status int
		says   string
	}{
		"a column of another type": {strings.Replace(shopFields, `"decimal", "scale": 2`, `"date"`, 1), 1, "price"},
		"a file that is wrong":     {`{"fields": [{"name": "price", "type": "money"}]}`, 2, `field 1, "price"`},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			require.Equal(t, c.status, run(t.Context(), []string{"-database-url", url, "-fields", write(t, c.fields)}, none,
				writer(func([]byte) {}), &stderr))
			require.Contains(t, stderr.String(), c.says)
			require.Equal(t, 1, strings.Count(stderr.String(), "\n"), stderr.String())
		})
	}
}
