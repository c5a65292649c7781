package job_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// left lists the uploads that are there.
func (w *world) left() []string {
	w.t.Helper()
	keys, err := w.db.Uploads().Sweep(w.t.Context(), -time.Hour)
	require.NoError(w.t, err)
	return keys
}

// nothing makes sure that there is neither a job nor an upload.
func (w *world) nothing() {
	w.t.Helper()
	_, count, err := w.service.List(w.t.Context(), job.Query{Limit: 1})
	require.NoError(w.t, err)
	require.Zero(w.t, count, "there is no job")
	require.Empty(w.t, w.left(), "there is no upload")
}

func TestNewService(t *testing.T) {
	w := newWorld(t)
	_, err := job.NewService(nil, w.db.Uploads(), job.ServiceOptions{})
	require.Error(t, err)
	_, err = job.NewService(w.db.Jobs(), w.db.Uploads(), job.ServiceOptions{UploadAge: time.Second})
	require.ErrorContains(t, err, "ServiceOptions.UploadAge")
	_, err = job.NewService(w.db.Jobs(), w.db.Uploads(), job.ServiceOptions{KeyRule: 7})
	require.ErrorContains(t, err, "ServiceOptions.KeyRule")
}

// What the store says of its batches is kept with each job, unless the job says otherwise.
func TestSubmitBatchSize(t *testing.T) {
	w := newWorld(t)
	service, err := job.NewService(w.db.Jobs(), w.db.Uploads(), job.ServiceOptions{
		BatchSize: importer.BatchSize{Writers: 1, BatchRecords: 50_000, BatchBytes: 8 << 20}})
	require.NoError(t, err)
	for records, want := range map[int]job.Settings{
		0: {Changes: job.ChangesNone, MaxRecordBytes: 1 << 20, BatchRecords: 50_000, BatchBytes: 8 << 20},
		7: {Changes: job.ChangesNone, MaxRecordBytes: 1 << 20, BatchRecords: 7, BatchBytes: 8 << 20},
	} {
		j, _, err := service.Submit(t.Context(), job.Request{Settings: job.Settings{BatchRecords: records}},
			strings.NewReader(catalogue(1, 3)))
		require.NoError(t, err)
		require.Equal(t, want, j.Settings)
	}
}

func TestSubmit(t *testing.T) {
	w := newWorld(t)
	text := catalogue(1, 5_000)
	request := job.Request{FileName: "C:\\x\x00\n\xff" + strings.Repeat("ä", 300), Priority: 3,
		Settings: job.Settings{Mode: products.Update, Delimiter: ","}}
	j, created, err := w.service.Submit(t.Context(), request, iotest.HalfReader(strings.NewReader(text)))
	require.NoError(t, err)
	require.True(t, created)
	require.Equal(t, w.get(j.ID), j)
	require.Equal(t, "C:\\x"+strings.Repeat("ä", 251), j.FileName)
	require.Equal(t, 3, j.Priority)
	require.EqualValues(t, len(text), j.Size)
	sum := sha256.Sum256([]byte(text))
	require.Equal(t, hex.EncodeToString(sum[:]), j.SHA256)
	require.Equal(t, job.Settings{Mode: products.Update, Delimiter: ",", Changes: job.ChangesNone, MaxRecordBytes: 1 << 20,
		BatchRecords: 20_000, BatchBytes: 4 << 20}, j.Settings,
		"where batches end is kept with the job, and what is kept of its changes")
	r, err := job.Compressed(w.db.Uploads()).Open(t.Context(), j.Upload, 0, -1)
	require.NoError(t, err)
	stored, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, text, string(stored))

	again, _, err := w.service.Submit(t.Context(), job.Request{}, strings.NewReader(text))
	require.NoError(t, err)
	require.Equal(t, j.ID, again.DuplicateOf, "the same file is noticed")
	require.NotEqual(t, j.Upload, again.Upload)
}

func TestSubmitRefuses(t *testing.T) {
	csv := "sku,name\n1,a\n"
	broken := errors.New("the client went away")
	for _, test := range []struct {
		name    string
		request job.Request
		r       io.Reader
		is      error
		says    string
	}{
		{"a bad setting", job.Request{Settings: job.Settings{Header: "x"}}, strings.NewReader(csv), nil, "header"},
		{"a bad priority", job.Request{Priority: 1 << 30}, strings.NewReader(csv), nil, "priority"},
		{"a long key", job.Request{IdempotencyKey: strings.Repeat("k", 256)}, strings.NewReader(csv), nil,
			"idempotency_key"},
		{"a key that can't be shown", job.Request{IdempotencyKey: "a\nb"}, strings.NewReader(csv), nil,
			"idempotency_key"},
		{"an empty file", job.Request{}, strings.NewReader(""), importer.ErrInput, "empty"},
		{"blank lines", job.Request{}, strings.NewReader("\n\n"), importer.ErrInput, "empty"},
		{"a spreadsheet", job.Request{}, strings.NewReader("PK\x03\x04" + strings.Repeat("\x00", 22) +
			"\x13\x00\x00\x00[Content_Types].xml" + strings.Repeat("x", 10_000)), importer.ErrInput, "spreadsheet"},
		{"a binary", job.Request{}, bytes.NewReader(make([]byte, 100_000)), importer.ErrInput, "binary"},
		{"a client that goes away at once", job.Request{}, iotest.ErrReader(broken), broken, "went away"},
		{"a client that goes away", job.Request{}, io.MultiReader(strings.NewReader(catalogue(1, 10_000)),
			iotest.ErrReader(broken)), broken, "went away"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			_, created, err := w.service.Submit(t.Context(), test.request, test.r)
			require.False(t, created)
			require.ErrorContains(t, err, test.says)
			var setting *job.SettingsError
			if test.is != nil {
				require.ErrorIs(t, err, test.is)
			} else {
				require.ErrorAs(t, err, &setting)
			}
			w.nothing()
		})
	}
	t.Run("a full disk", func(t *testing.T) {
		w := newWorld(t)
		service, err := job.NewService(w.db.Jobs(), full{w.db.Uploads()}, job.ServiceOptions{})
		require.NoError(t, err)
		_, _, err = service.Submit(t.Context(), job.Request{}, strings.NewReader(csv))
		require.ErrorIs(t, err, job.ErrFull)
		w.nothing()
	})
}

// TestSubmitTakes takes files of which only the import can tell what is wrong, and odd ones.
func TestSubmitTakes(t *testing.T) {
	for name, text := range map[string]string{
		"no record":             "sku,name\n",
		"an open quote":         "sku,name\n1,\"" + strings.Repeat("x", 100_000) + "\"\n",
		"a byte order mark":     "\xef\xbb\xbfsku,name\n1,a\n",
		"a very long beginning": strings.Repeat("column,", 300_000) + "\n",
	} {
		w := newWorld(t)
		_, created, err := w.service.Submit(t.Context(), job.Request{}, strings.NewReader(text))
		require.NoError(t, err, name)
		require.True(t, created, name)
	}
}

// TestSubmitRefusesAtOnce: what no import with these settings could take is refused by its beginning, before anything
// is stored. What other settings may mend stands as an upload all the same.
func TestSubmitRefusesAtOnce(t *testing.T) {
	noise := make([]byte, 50_000)
	for i := range noise {
		noise[i] = max(' ', byte(i*i>>3+i*7))
	}
	for name, c := range map[string]struct {
		text, says string
		settings   job.Settings
		mended     bool // by other settings
	}{
		"no header":            {"1,2\n3,4\n", "no known column name", job.Settings{}, true},
		"one column":           {"only\n", "no known column name", job.Settings{}, true},
		"a quote out of place": {"sku,na\"me\n", "a quote in line 1", job.Settings{}, true},
		"no SKU":               {"handle,name\nA,x\n", `did you mean "handle" for sku?`, job.Settings{}, true},
		"another column": {"sku,name\nA,x\n", `there is no column "b"`,
			job.Settings{Map: map[string]string{"name": "b"}}, true},
		"an encoding that isn't certain": {"SKU;name\n7;V\xedzforral\xf3\n8;F\xf5z\xf5ed\xe9ny\n9;T\xfbzhely\n",
			"its encoding is not certain", job.Settings{}, true},
		"noise":     {string(noise), "it is binary, not text", job.Settings{}, false},
		"a picture": {"\x89PNG\r\n", "it is a picture", job.Settings{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			_, _, err := w.service.Submit(t.Context(), job.Request{Settings: c.settings}, strings.NewReader(c.text))
			require.ErrorIs(t, err, importer.ErrInput)
			require.ErrorContains(t, err, c.says)
			require.Less(t, len(err.Error()), 500)
			require.Regexp(t, `^[\p{L}\p{N}\p{P}\p{S} ]*$`, err.Error())
			w.nothing()
			upload, err := w.service.Upload(t.Context(), "x", "", strings.NewReader(c.text))
			if !c.mended {
				require.ErrorIs(t, err, importer.ErrInput)
				w.nothing()
				return
			}
			require.NoError(t, err)
			require.EqualValues(t, len(c.text), upload.Size)
			r, err := job.Compressed(w.db.Uploads()).Open(t.Context(), upload.ID, 0, -1)
			require.NoError(t, err)
			stored, err := io.ReadAll(r)
			require.NoError(t, err)
			require.Equal(t, c.text, string(stored))
		})
	}
}

// full has no room.
type full struct{ job.Uploads }

func (full) Put(context.Context, string, io.Reader) (int64, error) {
	return 0, fmt.Errorf("disk: %w", job.ErrFull)
}

func TestSubmitOnce(t *testing.T) {
	w := newWorld(t)
	request := job.Request{IdempotencyKey: "key"}
	first, created, err := w.service.Submit(t.Context(), request, strings.NewReader("sku,name\n"))
	require.NoError(t, err)
	require.True(t, created)
	again, created, err := w.service.Submit(t.Context(), request, iotest.ErrReader(errors.New("it is read")))
	require.NoError(t, err)
	require.False(t, created)
	require.Equal(t, first, again)
	require.Len(t, w.left(), 1)
}

func TestSubmitOnceAtTheSameTime(t *testing.T) {
	w := newWorld(t)
	const n = 8
	var ids [n]string
	var made [n]bool
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			j, created, err := w.service.Submit(t.Context(), job.Request{IdempotencyKey: "key"},
				iotest.OneByteReader(strings.NewReader(catalogue(1, 50))))
			if err == nil {
				ids[i], made[i] = j.ID, created
			}
		})
	}
	wait.Wait()
	created := 0
	for i := range n {
		require.Equal(t, ids[0], ids[i])
		require.NotEmpty(t, ids[i])
		if made[i] {
			created++
		}
	}
	require.Equal(t, 1, created)
	require.Len(t, w.left(), 1, "uploads of requests that came at the same time are deleted")
}

// unsure is a store that doesn't know whether it created a job.
type unsure struct {
	job.Store
	err error
}

func (u unsure) Create(ctx context.Context, j job.Job) (job.Job, error) {
	if errors.Is(u.err, products.ErrCommitUnknown) {
		if _, err := u.Store.Create(ctx, j); err != nil {
			return job.Job{}, err
		}
	}
	return job.Job{}, u.err
}

func TestSubmitWhenTheStoreFails(t *testing.T) {
	for _, failure := range []error{products.ErrUnavailable, products.ErrCommitUnknown} {
		w := newWorld(t)
		service, err := job.NewService(unsure{w.db.Jobs(), failure}, w.db.Uploads(), job.ServiceOptions{})
		require.NoError(t, err)
		_, created, err := service.Submit(t.Context(), job.Request{}, strings.NewReader("sku,name\n"))
		require.ErrorIs(t, err, failure)
		require.False(t, created)
		if errors.Is(failure, products.ErrUnavailable) {
			w.nothing()
		} else {
			require.Len(t, w.left(), 1, "a job that may exist keeps its upload")
		}
	}
}

func TestRejects(t *testing.T) {
	w := newWorld(t)
	text := "sku,name\n1,a\n2,\n3,b\n,c\n"
	id := w.submit(text, job.Settings{MaxRejects: "1"}).ID
	want := "\ufeffsku,name,_line,_column,_code,_reason\n2,,3,name,empty,name must not be empty\n,c,5,sku,empty,sku " +
		"must not be empty\n"
	require.Equal(t, want, w.rejects(id), "before the job is done")
	require.Equal(t, job.Failure, w.work(w.runner(nil, nil, nil, job.RunnerOptions{})).State)
	require.Equal(t, want, w.rejects(id), "all of them, also where they were too many")

	require.ErrorIs(t, w.service.Rejects(t.Context(), "no-uuid", io.Discard), job.ErrNotFound)
	require.ErrorIs(t, w.service.Rejects(t.Context(), w.submitAnyhow("x,y\n", job.Settings{}).ID, io.Discard),
		importer.ErrInput)

	require.NoError(t, w.db.Uploads().Delete(t.Context(), w.get(id).Upload))
	require.NoError(t, w.db.Uploads().Delete(t.Context(), id+"-rejects"), "what was kept since the job has ended")
	require.ErrorIs(t, w.service.Rejects(t.Context(), id, io.Discard), job.ErrNotFound)
	require.Empty(t, w.get(id).Upload, "the file that is gone is known to be")
	require.ErrorIs(t, w.service.Rejects(t.Context(), id, io.Discard), job.ErrNotFound)
}

func TestSuperseded(t *testing.T) {
	w := newWorld(t)
	superseded := func(service *job.Service, id string) string {
		var b bytes.Buffer
		require.NoError(t, service.Superseded(t.Context(), id, &b))
		return b.String()
	}
	text := "sku,name\n1,a\n2,\na,b\nA,c\n1,d\n"
	first, last := w.submit(text, job.Settings{}).ID,
		w.submit(text, job.Settings{Mode: products.Update, MaxRejects: "0"}).ID
	require.Equal(t, "sku,line,winner\n1,6,2\n", superseded(w.service, first))
	require.Equal(t, "sku,line,winner\n1,2,6\n", superseded(w.service, last), "the mode says which one counts")
	folded, err := job.NewService(w.db.Jobs(), w.db.Uploads(), job.ServiceOptions{KeyRule: products.FoldedKeys})
	require.NoError(t, err)
	require.Equal(t, "sku,line,winner\nA,5,4\n1,6,2\n", superseded(folded, first))
	require.Equal(t, "sku,line,winner\n", superseded(w.service, w.submit("sku,name\n", job.Settings{}).ID))

	require.ErrorIs(t, w.service.Superseded(t.Context(), "no-uuid", io.Discard), job.ErrNotFound)
	require.ErrorIs(t, w.service.Superseded(t.Context(), w.submitAnyhow("x,y\n", job.Settings{}).ID, io.Discard),
		importer.ErrInput)
	require.NoError(t, w.db.Uploads().Delete(t.Context(), w.get(first).Upload))
	require.ErrorIs(t, w.service.Superseded(t.Context(), first, io.Discard), job.ErrNotFound)
	require.Empty(t, w.get(first).Upload, "the file that is gone is known to be")
}

func TestSkipped(t *testing.T) {
	w := newWorld(t)
	w.submit("sku,name\n1,a\n3,c\n", job.Settings{})
	r := w.runner(nil, nil, nil, job.RunnerOptions{})
	w.work(r)
	skipped := func(settings job.Settings) (string, error) {
		j := w.submit("sku,name\n1,b\n=2,x\n3,\n4,y\n4,z\n", settings)
		require.Equal(t, job.Success, w.work(r).State)
		var b bytes.Buffer
		err := w.service.Skipped(t.Context(), j.ID, &b)
		return b.String(), err
	}
	text, err := skipped(job.Settings{Mode: products.Existing})
	require.NoError(t, err)
	require.Equal(t, "sku,line\n'=2,3\n4,6\n", text)
	for _, settings := range []job.Settings{{}, {Mode: products.Existing, DryRun: true}, {Mode: products.Update}} {
		text, err := skipped(settings)
		require.ErrorIs(t, err, job.ErrNotKept)
		require.Empty(t, text)
	}
	require.ErrorIs(t, w.service.Skipped(t.Context(), "no-uuid", io.Discard), job.ErrNotFound)
	waiting := w.submit("sku,name\n9,a\n", job.Settings{Mode: products.Existing})
	var b bytes.Buffer
	require.NoError(t, w.service.Skipped(t.Context(), waiting.ID, &b))
	require.Equal(t, "sku,line\n", b.String(), "nothing is committed yet")
}

// TestReportsAtOnce asks for many reports with clients that don't take them.
func TestReportsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.submit("sku,name\n1,\n", job.Settings{}).ID
		var group sync.WaitGroup
		begun, goOn := make(chan struct{}, 100), make(chan struct{})
		ask := func() {
			group.Go(func() {
				err := w.service.Rejects(t.Context(), id, writerFunc(func(p []byte) (int, error) {
					begun <- struct{}{}
					<-goOn
					return len(p), nil
				}))
				if err != nil {
					panic(err)
				}
			})
		}
		for range 8 {
			ask()
		}
		synctest.Wait()
		require.Len(t, begun, 8, "slow clients keep nobody else from work")
		began := time.Now()
		require.ErrorIs(t, w.service.Superseded(t.Context(), id, io.Discard), job.ErrBusy)
		require.Equal(t, 5*time.Second, time.Since(began))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, w.service.Rejects(ctx, id, io.Discard), context.Canceled)
		close(goOn)
		group.Wait()
		for range 20 {
			require.NoError(t, w.service.Superseded(t.Context(), id, io.Discard), "there is room again")
		}
	})
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestPrune(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.runner(nil, nil, nil, job.RunnerOptions{})
		for i := range 205 {
			w.submit(fmt.Sprintf("sku,name\n1,%d\n", i), job.Settings{})
			w.work(r)
		}
		waits := w.submit("sku,name\n1,waits\n", job.Settings{})
		_, err := w.db.Uploads().Put(t.Context(), "orphan", strings.NewReader("x"))
		require.NoError(t, err)
		pruned, err := w.service.Prune(t.Context(), 24*time.Hour)
		require.NoError(t, err)
		require.Equal(t, job.Pruned{}, pruned, "everything is new")

		time.Sleep(2 * time.Hour)
		pruned, err = w.service.Prune(t.Context(), 24*time.Hour)
		require.NoError(t, err)
		require.Equal(t, job.Pruned{Uploads: 1}, pruned, "an upload without a job is old after an hour")
		time.Sleep(24 * time.Hour)
		recent := w.submit("sku,name\n1,recent\n", job.Settings{})
		w.work(r)
		pruned, err = w.service.Prune(t.Context(), 0)
		require.NoError(t, err)
		require.Equal(t, job.Pruned{}, pruned, "a retention of 0 keeps all")
		pruned, err = w.service.Prune(t.Context(), 24*time.Hour)
		require.NoError(t, err)
		require.Equal(t, job.Pruned{Jobs: 205, Uploads: 205}, pruned)
		require.ElementsMatch(t, []string{waits.Upload, recent.Upload}, w.left())
		_, err = w.service.Prune(t.Context(), -1)
		require.Error(t, err)
	})
}
