package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// openedUploads notes which uploads are opened.
type openedUploads struct {
	*postgres.Uploads
	opened []string
}

func (u *openedUploads) Open(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error) {
	u.opened = append(u.opened, key)
	return u.Uploads.Open(ctx, key, offset, n)
}

// TestReports: the files of rejected and superseded records have what was refused while the import wrote, and are kept.
func TestReports(t *testing.T) {
	db := open(t, migrated(t), postgres.Options{})
	large := products.Product{SKU: "full", Name: "Full", Attributes: map[string]string{}}
	for i := 0; large.Bytes() < products.MaxBytes; i++ {
		name := fmt.Sprint("a", i)
		large.Attributes[name] = strings.Repeat("x",
			min(products.MaxAttributeValue, products.MaxBytes-large.Bytes()-len(name)))
	}
	_, err := db.Products().Create(t.Context(), large)
	require.NoError(t, err)
	var text strings.Builder
	text.WriteString("sku,name,color\nfull,Full,blue\n")
	for i := range 100 {
		fmt.Fprintf(&text, "%d,Name,red\n", i%60)
	}
	text.WriteString("x,,red\n")

	uploads := &openedUploads{Uploads: db.Uploads()}
	service, err := job.NewService(db.Jobs(), uploads, job.ServiceOptions{})
	require.NoError(t, err)
	submitted, _, err := service.Submit(t.Context(), job.Request{Settings: job.Settings{Mode: products.Update,
		Extra: "keep", BatchRecords: 10}}, strings.NewReader(text.String()))
	require.NoError(t, err)
	runner, err := job.NewRunner(db.Jobs(), uploads, db.Products(), job.RunnerOptions{})
	require.NoError(t, err)
	claim, err := runner.Claim(t.Context(), "worker")
	require.NoError(t, err)
	done, err := runner.Run(t.Context(), claim, nil)
	require.NoError(t, err)
	require.Equal(t, job.Success, done.State, done.Error)
	require.EqualValues(t, 2, done.Event.Rejected)

	uploads.opened = nil
	for _, opens := range []int{1, 0} {
		var rejects bytes.Buffer
		require.NoError(t, service.Rejects(t.Context(), submitted.ID, &rejects))
		require.Contains(t, rejects.String(), "\nx,,red,103,name,empty,name must not be empty\nfull,Full,blue,2,,too_large,")
		require.Equal(t, opens, count(uploads.opened, done.Upload), "the file is read once")
		uploads.opened = nil
	}
	for _, opens := range []int{1, 0} {
		var superseded bytes.Buffer
		require.NoError(t, service.Superseded(t.Context(), submitted.ID, &superseded))
		require.Equal(t, 41, strings.Count(superseded.String(), "\n"))
		require.Equal(t, opens, count(uploads.opened, done.Upload), "the file is read once")
		uploads.opened = nil
	}
	keys, err := uploads.Sweep(t.Context(), -time.Hour)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{done.Upload, done.ID + "-rejects", done.ID + "-superseded"}, keys)
	time.Sleep(10 * time.Millisecond)
	_, err = service.Prune(t.Context(), time.Millisecond)
	require.NoError(t, err)
	keys, err = uploads.Sweep(t.Context(), -time.Hour)
	require.NoError(t, err)
	require.Empty(t, keys, "what is kept goes with the job")
}

// count is how often the string is in the list.
func count(all []string, s string) (n int) {
	for _, have := range all {
		if have == s {
			n++
		}
	}
	return n
}
