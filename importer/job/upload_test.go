package job_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// A file of three records, the last of which is rejected, and one with a further column.
const (
	threeRecords = "sku,name\n1,a\n2,b\n3,\n"
	noted        = "sku,name,note\n1,a,x\n2,b,\n3,,\n"
)

// upload stores a file that stands alone.
func (w *world) upload(text string) job.Upload {
	w.t.Helper()
	upload, err := w.service.Upload(w.t.Context(), "fruit.csv", "ann", strings.NewReader(text))
	require.NoError(w.t, err)
	return upload
}

// imports makes a job of an upload.
func (w *world) imports(upload job.Upload, settings job.Settings) job.Job {
	w.t.Helper()
	j, created, err := w.service.Import(w.t.Context(), upload.ID, job.Request{User: "bob", Settings: settings})
	require.NoError(w.t, err)
	require.True(w.t, created)
	return j
}

// TestUploadTwoSteps looks at a dry run, and then imports the same file without sending it again.
func TestUploadTwoSteps(t *testing.T) {
	w := newWorld(t)
	r := w.runner(nil, nil, nil, job.RunnerOptions{})
	upload := w.upload(noted)
	require.Equal(t, "fruit.csv", upload.FileName)
	require.Equal(t, "ann", upload.User)
	require.EqualValues(t, len(noted), upload.Size)
	require.Equal(t, upload.CreatedAt.Add(24*time.Hour), upload.ExpiresAt)
	got, err := w.service.GetUpload(t.Context(), upload.ID)
	require.NoError(t, err)
	require.Equal(t, upload, got)

	dry := w.imports(upload, job.Settings{Mode: products.Update, DryRun: true, Map: map[string]string{"name": "2"},
		LeaveOut: []string{"note"}})
	require.Equal(t, "fruit.csv", dry.FileName)
	require.Equal(t, "bob", dry.User)
	require.Equal(t, upload.SHA256, dry.SHA256)
	dry = w.work(r)
	require.Equal(t, job.Success, dry.State)
	require.EqualValues(t, 2, dry.Event.Created)
	require.Empty(t, w.table())

	done, created, err := w.service.Rerun(t.Context(), dry.ID, func(request *job.Request) error {
		request.Settings.DryRun, request.User = false, "eve"
		request.Settings.Map["name"], request.Settings.LeaveOut[0] = "name", "3"
		return nil
	})
	require.NoError(t, err)
	require.True(t, created)
	require.Equal(t, "eve", done.User)
	require.Equal(t, dry.Upload, done.Upload)
	want := dry.Settings
	want.DryRun, want.Map, want.LeaveOut = false, map[string]string{"name": "name"}, []string{"3"}
	require.Equal(t, want, done.Settings)
	require.Equal(t, map[string]string{"name": "2"}, w.get(dry.ID).Settings.Map, "the dry run is as it was")
	require.Equal(t, []string{"note"}, w.get(dry.ID).Settings.LeaveOut)
	done = w.work(r)
	require.Equal(t, dry.Event.Counts, done.Event.Counts)
	require.Len(t, w.table(), 2)
	require.Equal(t, w.rejects(dry.ID), w.rejects(done.ID))
	require.Len(t, w.left(), 3, "the file, once, and two reports")
}

// TestUploadOfSubmitted: the file of a job that was submitted with it is imported again, too.
func TestUploadOfSubmitted(t *testing.T) {
	w := newWorld(t)
	r := w.runner(nil, nil, nil, job.RunnerOptions{})
	dry := w.submit(threeRecords, job.Settings{DryRun: true})
	w.work(r)
	done, _, err := w.service.Rerun(t.Context(), dry.ID, func(request *job.Request) error {
		request.Settings.DryRun = false
		return nil
	})
	require.NoError(t, err)
	require.EqualValues(t, 2, w.work(r).Event.Created)
	require.Equal(t, dry.Upload, done.Upload)
	again, _, err := w.service.Rerun(t.Context(), done.ID, nil)
	require.NoError(t, err)
	require.Equal(t, done.Settings, again.Settings)
	require.EqualValues(t, 2, w.work(r).Event.Skipped)
}

func TestUploadRefuses(t *testing.T) {
	w := newWorld(t)
	_, err := w.service.Upload(t.Context(), "", "", strings.NewReader(""))
	require.ErrorIs(t, err, importer.ErrInput)
	broken := errors.New("the client went away")
	_, err = w.service.Upload(t.Context(), "", "", iotest.ErrReader(broken))
	require.ErrorIs(t, err, broken)
	w.nothing()
	upload := w.upload(threeRecords)
	var setting *job.SettingsError
	_, _, err = w.service.Import(t.Context(), upload.ID, job.Request{Settings: job.Settings{Header: "x"}})
	require.ErrorAs(t, err, &setting)
	for _, id := range []string{"", "no-uuid", upload.ID + "0"} {
		_, _, err = w.service.Import(t.Context(), id, job.Request{})
		require.ErrorIs(t, err, job.ErrNotFound)
		_, _, err = w.service.Rerun(t.Context(), id, nil)
		require.ErrorIs(t, err, job.ErrNotFound)
		require.ErrorIs(t, w.service.DeleteUpload(t.Context(), id), job.ErrNotFound)
	}
	j := w.imports(upload, job.Settings{})
	_, _, err = w.service.Rerun(t.Context(), j.ID, func(*job.Request) error { return broken })
	require.ErrorIs(t, err, broken)
	_, _, err = w.service.Rerun(t.Context(), j.ID, func(request *job.Request) error {
		request.Settings.Delimiter = "wrong"
		return nil
	})
	require.ErrorAs(t, err, &setting)
}

// TestImportRefuses: what the file's beginning shows is told at once, of a rerun as of an import, and no job is made.
func TestImportRefuses(t *testing.T) {
	w := newWorld(t)
	upload := w.upload("Nr,Titel\n1,a\n")
	unfit := job.Settings{Map: map[string]string{"name": "Title"}}
	_, _, err := w.service.Import(t.Context(), upload.ID, job.Request{Settings: unfit})
	require.ErrorIs(t, err, importer.ErrInput, "the column is missing")
	var header *importer.HeaderError
	_, _, err = w.service.Import(t.Context(), upload.ID, job.Request{})
	require.ErrorAs(t, err, &header, "the fields are missing")
	_, count, err := w.service.List(t.Context(), job.Query{Limit: 1})
	require.NoError(t, err)
	require.Zero(t, count)

	j := w.imports(upload, job.Settings{Map: map[string]string{"sku": "Nr", "name": "Titel"}})
	_, _, err = w.service.Rerun(t.Context(), j.ID, func(request *job.Request) error {
		request.Settings.Map = unfit.Map
		return nil
	})
	require.ErrorIs(t, err, importer.ErrInput)
	_, created, err := w.service.Rerun(t.Context(), j.ID, nil)
	require.NoError(t, err)
	require.True(t, created)

	require.NoError(t, w.db.Uploads().Delete(t.Context(), upload.ID))
	_, _, err = w.service.Import(t.Context(), upload.ID, job.Request{Settings: j.Settings})
	require.ErrorIs(t, err, job.ErrNotFound, "the bytes are gone")
	_, _, err = w.service.Rerun(t.Context(), j.ID, nil)
	require.ErrorIs(t, err, job.ErrFileGone)
}

// unrecorded is a store of jobs of which CreateUpload fails.
type unrecorded struct {
	job.Store
	err error
}

func (f unrecorded) CreateUpload(context.Context, job.Upload) (job.Upload, error) {
	return job.Upload{}, f.err
}

// TestUploadWithoutStore: what isn't recorded leaves no bytes, unless it may be recorded.
func TestUploadWithoutStore(t *testing.T) {
	for err, left := range map[error]int{products.ErrUnavailable: 0, products.ErrCommitUnknown: 1} {
		w := newWorld(t)
		service, opened := job.NewService(unrecorded{w.db.Jobs(), err}, w.db.Uploads(), job.ServiceOptions{})
		require.NoError(t, opened)
		_, got := service.Upload(t.Context(), "", "", strings.NewReader(threeRecords))
		require.ErrorIs(t, got, err)
		require.Len(t, w.left(), left)
	}
}

// TestImportIdempotency repeats requests with a key.
func TestImportIdempotency(t *testing.T) {
	w := newWorld(t)
	upload, other := w.upload(threeRecords), w.upload(threeRecords)
	request := job.Request{IdempotencyKey: "k", Settings: job.Settings{Mode: products.Update, BatchRecords: 7,
		Map: map[string]string{}, LeaveOut: []string{}}}
	var first job.Job
	var created atomic.Int64
	for range 3 {
		j, fresh, err := w.service.Import(t.Context(), upload.ID, request)
		require.NoError(t, err)
		if fresh {
			created.Add(1)
			first = j
		}
		require.Equal(t, first.ID, j.ID)
	}
	require.EqualValues(t, 1, created.Load())
	// A program whose store has other batches, and another schema, is asked the same.
	schema, err := products.NewSchema(products.Field{Name: "price", Type: products.Decimal, Scale: 2})
	require.NoError(t, err)
	later, err := job.NewService(w.db.Jobs(), w.db.Uploads(), job.ServiceOptions{Fields: schema,
		BatchSize: importer.BatchSize{BatchRecords: 50_000, BatchBytes: 8 << 20}})
	require.NoError(t, err)
	j, fresh, err := later.Import(t.Context(), upload.ID, request)
	require.NoError(t, err)
	require.False(t, fresh)
	require.Equal(t, first.ID, j.ID)

	_, _, err = w.service.Import(t.Context(), other.ID, request)
	require.ErrorIs(t, err, job.ErrKeyMismatch, "another upload, though of the same file")
	changed := request
	changed.Settings.DryRun = true
	_, _, err = w.service.Import(t.Context(), upload.ID, changed)
	require.ErrorIs(t, err, job.ErrKeyMismatch, "another setting")
	changed = request
	changed.Priority = 1
	_, _, err = w.service.Import(t.Context(), upload.ID, changed)
	require.ErrorIs(t, err, job.ErrKeyMismatch, "another priority")
	_, count, err := w.service.List(t.Context(), job.Query{Limit: 1})
	require.NoError(t, err)
	require.EqualValues(t, 1, count)
}

// TestUploadBytesGoWithTheLast: the bytes are there until neither a job nor the upload has them.
func TestUploadBytesGoWithTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.runner(nil, nil, nil, job.RunnerOptions{})
		prune := func(retention time.Duration) job.Pruned {
			pruned, err := w.service.Prune(t.Context(), retention)
			require.NoError(t, err)
			return pruned
		}
		upload, unused := w.upload(threeRecords), w.upload(threeRecords+"A-4,unused\n")
		first := w.imports(upload, job.Settings{DryRun: true})
		require.ErrorIs(t, w.service.DeleteUpload(t.Context(), upload.ID), job.ErrInUse)
		w.work(r)
		time.Sleep(23 * time.Hour)
		_, err := w.service.UseUpload(t.Context(), upload.ID)
		require.NoError(t, err)
		used, err := w.service.GetUpload(t.Context(), upload.ID)
		require.NoError(t, err)
		require.WithinDuration(t, time.Now().Add(24*time.Hour), used.ExpiresAt, time.Second)
		require.Equal(t, job.Pruned{}, prune(0), "nothing is old")
		time.Sleep(2 * time.Hour)
		require.Equal(t, job.Pruned{Uploads: 1}, prune(0), "an upload that nobody used for a day")
		_, err = w.service.GetUpload(t.Context(), unused.ID)
		require.ErrorIs(t, err, job.ErrNotFound)
		require.Equal(t, []string{upload.ID}, w.left())

		second := w.imports(upload, job.Settings{})
		time.Sleep(48 * time.Hour) // it waits for a worker
		require.Equal(t, job.Pruned{Jobs: 1}, prune(24*time.Hour), "the dry run goes, and not its file")
		_, err = w.service.Get(t.Context(), first.ID)
		require.ErrorIs(t, err, job.ErrNotFound)
		require.Equal(t, job.Success, w.work(r).State, "the file is there")

		require.NoError(t, w.service.DeleteUpload(t.Context(), upload.ID))
		require.Equal(t, []string{upload.ID}, w.left(), "the job has the file")
		third, _, err := w.service.Rerun(t.Context(), second.ID, nil)
		require.NoError(t, err)
		time.Sleep(25 * time.Hour)
		require.Equal(t, job.Pruned{Jobs: 1}, prune(24*time.Hour))
		require.Equal(t, job.Success, w.work(r).State, "the file is there")
		time.Sleep(25 * time.Hour)
		require.Equal(t, job.Pruned{Jobs: 1, Uploads: 1}, prune(24*time.Hour), "the last one")
		require.Empty(t, w.left())
		_, _, err = w.service.Rerun(t.Context(), third.ID, nil)
		require.ErrorIs(t, err, job.ErrNotFound)
	})
}

// TestDeleteUpload deletes the bytes of an upload without jobs at once.
func TestDeleteUpload(t *testing.T) {
	w := newWorld(t)
	upload := w.upload(threeRecords)
	require.NoError(t, w.service.DeleteUpload(t.Context(), upload.ID))
	w.nothing()
}

// TestUploadsKilledBetweenTwoSteps: what was forgotten, but not deleted yet, is found by the next Prune.
func TestUploadsKilledBetweenTwoSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.runner(nil, nil, nil, job.RunnerOptions{})
		first := w.submit(threeRecords, job.Settings{})
		_, _, err := w.service.Rerun(t.Context(), first.ID, nil)
		require.NoError(t, err)
		w.work(r)
		w.work(r)
		time.Sleep(25 * time.Hour)
		upload := w.upload(threeRecords + "A-4,deleted\n")
		gone, err := w.db.Jobs().Expire(t.Context(), time.Now().Add(-24*time.Hour), 10)
		require.NoError(t, err)
		require.Len(t, gone, 2)
		require.NoError(t, w.db.Jobs().DeleteUpload(t.Context(), upload.ID))
		require.Len(t, w.left(), 2)
		time.Sleep(2 * time.Hour)
		pruned, err := w.service.Prune(t.Context(), 24*time.Hour)
		require.NoError(t, err)
		require.Equal(t, job.Pruned{Uploads: 2}, pruned)
		require.Empty(t, w.left())
	})
}

// TestUploadLost: bytes that are gone are known to be, by all that had them.
func TestUploadLost(t *testing.T) {
	w := newWorld(t)
	r := w.runner(nil, nil, nil, job.RunnerOptions{})
	upload := w.upload(threeRecords)
	first, second := w.imports(upload, job.Settings{}), w.imports(upload, job.Settings{})
	w.work(r)
	w.work(r)
	require.NoError(t, w.db.Uploads().Delete(t.Context(), upload.ID))
	require.ErrorIs(t, w.service.Rejects(t.Context(), first.ID, new(strings.Builder)), job.ErrNotFound)
	require.Empty(t, w.get(second.ID).Upload)
	_, err := w.service.GetUpload(t.Context(), upload.ID)
	require.ErrorIs(t, err, job.ErrNotFound)
	_, _, err = w.service.Rerun(t.Context(), second.ID, nil)
	require.ErrorIs(t, err, job.ErrFileGone)
}
