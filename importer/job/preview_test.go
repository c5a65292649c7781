package job_test

import (
	"context"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
)

// TestPreviewAndImport previews an upload, takes what is suggested, and imports it.
func TestPreviewAndImport(t *testing.T) {
	w := newWorld(t)
	upload, err := w.service.Upload(t.Context(), "x.csv", "", strings.NewReader("handle,name\nA,x\nB,\n"))
	require.NoError(t, err)
	seen, err := w.service.Preview(t.Context(), upload.ID, job.Settings{})
	require.NoError(t, err)
	require.Equal(t, upload, seen.Upload)
	require.Equal(t, importer.ProblemHeader, seen.Problem.Code)
	settings := job.Settings{Map: map[string]string{"sku": seen.Missing[0].Suggestions[0].Column}}
	seen, err = w.service.Preview(t.Context(), upload.ID, settings)
	require.NoError(t, err)
	require.Nil(t, seen.Problem)
	require.Equal(t, "A", seen.Records[0].Product.SKU)
	require.Equal(t, importer.CodeNoParent, seen.Records[1].Reject.Code)

	j, _, err := w.service.Import(t.Context(), upload.ID, job.Request{Settings: settings})
	require.NoError(t, err)
	require.Equal(t, job.Success, w.work(w.runner(nil, nil, nil, job.RunnerOptions{})).State)
	require.EqualValues(t, 1, w.get(j.ID).Event.Created)
	require.EqualValues(t, 1, w.get(j.ID).Event.Rejected)

	var bad *job.SettingsError
	_, err = w.service.Preview(t.Context(), upload.ID, job.Settings{Header: "x"})
	require.ErrorAs(t, err, &bad)
	_, err = w.service.Preview(t.Context(), "nothing", job.Settings{})
	require.ErrorIs(t, err, job.ErrNotFound)
	require.NoError(t, w.db.Uploads().Delete(t.Context(), upload.ID))
	_, err = w.service.Preview(t.Context(), upload.ID, job.Settings{})
	require.ErrorIs(t, err, job.ErrNotFound)
}

// hanging is uploads whose files can't be read before the context ends.
type hanging struct {
	job.Uploads
	open atomic.Int64
}

func (h *hanging) Open(ctx context.Context, _ string, _, _ int64) (io.ReadCloser, error) {
	h.open.Add(1)
	return io.NopCloser(readerFunc(func([]byte) (int, error) {
		<-ctx.Done()
		h.open.Add(-1)
		return 0, context.Cause(ctx)
	})), nil
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestPreviewsAreFew: four are made at a time, and others wait, but not for long.
func TestPreviewsAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		uploads := &hanging{Uploads: w.db.Uploads()}
		service, err := job.NewService(w.db.Jobs(), uploads, job.ServiceOptions{})
		require.NoError(t, err)
		upload, err := service.Upload(t.Context(), "x.csv", "", strings.NewReader("sku,name\nA,x\n"))
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 4)
		for range 4 {
			go func() {
				_, err := service.Preview(ctx, upload.ID, job.Settings{})
				ended <- err
			}()
		}
		synctest.Wait()
		require.EqualValues(t, 4, uploads.open.Load())
		began := time.Now()
		_, err = service.Preview(t.Context(), upload.ID, job.Settings{})
		require.ErrorIs(t, err, job.ErrBusy)
		require.Equal(t, 5*time.Second, time.Since(began))
		cancel()
		for range 4 {
			require.ErrorIs(t, <-ended, context.Canceled)
		}
		require.Zero(t, uploads.open.Load())
	})
}
