package job_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
)

// The same bytes are stored once, however they come, and go with the last that has them.
func TestSameBytesOnce(t *testing.T) {
	w := newWorld(t)
	r := w.runner(nil, nil, nil, job.RunnerOptions{})
	first := w.submit(threeRecords, job.Settings{})
	upload := w.upload(threeRecords)
	second := w.submit(threeRecords, job.Settings{DryRun: true})
	third := w.imports(upload, job.Settings{})
	require.Equal(t, []string{first.File}, w.left())
	for _, file := range []string{second.File, third.File, upload.File, w.get(third.ID).File} {
		require.Equal(t, first.File, file)
	}
	require.Equal(t, first.Size, second.Size)
	require.Equal(t, first.SHA256, second.SHA256)
	require.Equal(t, upload.ID, third.Upload)
	require.NotEqual(t, first.Upload, second.Upload)
	_, err := w.service.Fingerprint(t.Context(), second.Upload, job.Settings{})
	require.NoError(t, err, "a file is found by each of its uploads")

	for range 3 {
		require.Equal(t, job.Success, w.work(r).State)
	}
	require.NoError(t, w.service.DeleteUpload(t.Context(), upload.ID))
	require.Equal(t, []string{first.File}, w.left(), "jobs have it")
	require.Contains(t, w.rejects(second.ID), "3,,")
	again, _, err := w.service.Rerun(t.Context(), third.ID, nil)
	require.NoError(t, err)
	require.Equal(t, job.Success, w.work(r).State)
	require.Equal(t, first.File, w.get(again.ID).File)
	pruned, err := w.service.Prune(t.Context(), time.Nanosecond)
	require.NoError(t, err)
	require.Equal(t, job.Pruned{Jobs: 4, Uploads: 1}, pruned)
	require.Empty(t, w.left())
}

// What is wrong with an earlier file is no trouble for who sends it again: bytes that are gone are replaced, for
// everybody.
func TestSameBytesGone(t *testing.T) {
	w := newWorld(t)
	first := w.submit(threeRecords, job.Settings{})
	upload := w.upload(threeRecords)
	require.NoError(t, w.db.Uploads().Delete(t.Context(), first.File))
	second := w.submit(threeRecords, job.Settings{})
	require.Equal(t, second.Upload, second.File)
	require.Equal(t, []string{second.File}, w.left())
	require.Equal(t, second.File, w.get(first.ID).File)
	require.NoError(t, w.db.Uploads().Delete(t.Context(), second.File))
	replaced := w.upload(threeRecords)
	require.Equal(t, replaced.ID, replaced.File)
	require.Equal(t, []string{replaced.File}, w.left())
	r := w.runner(nil, nil, nil, job.RunnerOptions{})
	require.Equal(t, job.Success, w.work(r).State)
	require.Equal(t, job.Success, w.work(r).State)
	_, err := w.service.Preview(t.Context(), upload.ID, job.Settings{})
	require.NoError(t, err)
}

// stubborn are uploads that delete nothing, as for a process that was killed before.
type stubborn struct{ sweptUploads }

func (stubborn) Delete(context.Context, string) error { return errors.New("killed") }

// A process that is killed before it deletes the second copy leaves that to Prune.
func TestSameBytesKilledBetweenTwoSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		first := w.submit(threeRecords, job.Settings{})
		killed, err := job.NewService(w.db.Jobs(), stubborn{w.db.Uploads()}, job.ServiceOptions{})
		require.NoError(t, err)
		second, _, err := killed.Submit(t.Context(), job.Request{}, strings.NewReader(threeRecords))
		require.NoError(t, err)
		require.Equal(t, first.File, second.File)
		require.ElementsMatch(t, []string{first.File, second.Upload}, w.left())
		time.Sleep(2 * time.Hour)
		pruned, err := w.service.Prune(t.Context(), 0)
		require.NoError(t, err)
		require.Equal(t, job.Pruned{Uploads: 1}, pruned)
		require.Equal(t, []string{first.File}, w.left())
		r := w.runner(nil, nil, nil, job.RunnerOptions{})
		require.Equal(t, job.Success, w.work(r).State)
		require.Equal(t, job.Success, w.work(r).State)
	})
}

// Many who send the same bytes at the same time, while others delete what they sent, have them once or not at all.
func TestSameBytesAtOnce(t *testing.T) {
	w := newWorld(t)
	const senders = 8
	ended := make(chan error, senders)
	for i := range senders {
		go func() {
			var failed error
			for range 20 {
				upload, err := w.service.Upload(t.Context(), fmt.Sprint(i), "", strings.NewReader(threeRecords))
				if err == nil {
					_, err = w.service.Preview(t.Context(), upload.ID, job.Settings{})
				}
				if err == nil && i%2 == 0 {
					err = w.service.DeleteUpload(t.Context(), upload.ID)
				}
				if err != nil && !errors.Is(err, job.ErrBusy) {
					failed = err
				}
			}
			ended <- failed
		}()
	}
	for range senders {
		require.NoError(t, <-ended)
	}
	require.Len(t, w.left(), 1)
}
