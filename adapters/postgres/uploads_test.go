package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/jobtest"
	"github.com/products-importer/products-importer/products"
)

const mib = 1 << 20

// noise is n bytes that can't be compressed, always the same.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

func read(t *testing.T, u job.Uploads, key string, offset, n int64) []byte {
	t.Helper()
	r, err := u.Open(t.Context(), key, offset, n)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return b
}

// left is how many rows there are of uploads and their chunks.
func left(t *testing.T, url string) int {
	return scan[int](t, url,
		`SELECT (SELECT count(*) FROM import_uploads) + (SELECT count(*) FROM import_upload_chunks)`)
}

func TestUploads(t *testing.T) {
	t.Parallel()
	runUploads(t, directly)
}

func runUploads(t *testing.T, w way) {
	t.Helper()
	lend := w.lender(t)
	jobtest.RunUploads(t, func(t *testing.T) job.Uploads {
		return w.open(t, lend(t, products.ExactKeys), postgres.Options{}).Uploads()
	})
}

func TestUploadsCompressed(t *testing.T) {
	t.Parallel()
	lend := directly.lender(t)
	jobtest.RunUploads(t, func(t *testing.T) job.Uploads {
		return job.Compressed(open(t, lend(t, products.ExactKeys), postgres.Options{}).Uploads())
	})
}

func TestUpload(t *testing.T) {
	url := migrated(t)
	u := open(t, url, postgres.Options{}).Uploads()
	for _, size := range []int{0, 1, mib - 1, mib, mib + 1, 3*mib + 5} {
		data := noise(size)
		n, err := u.Put(t.Context(), "a", iotest.HalfReader(bytes.NewReader(data)))
		require.NoError(t, err)
		require.EqualValues(t, size, n)
		for _, part := range [][2]int64{{0, -1}, {0, 0}, {0, 10}, {mib - 3, 6}, {mib, mib}, {2*mib + 7, -1},
			{int64(size), 1}, {int64(size) + 9, 4}, {1, 1 << 62}} {
			from := min(part[0], int64(size))
			end := int64(size)
			if part[1] >= 0 && part[1] < end-from {
				end = from + part[1]
			}
			require.True(t, bytes.Equal(data[from:end], read(t, u, "a", part[0], part[1])), "%d bytes, %v", size, part)
		}
		_, err = u.Put(t.Context(), "a", bytes.NewReader(nil))
		require.Error(t, err, "the key is in use")
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = u.Put(ended, "a", bytes.NewReader(nil))
		require.ErrorIs(t, err, context.Canceled)
		require.Len(t, read(t, u, "a", 0, -1), size, "that changes nothing")
		require.NoError(t, u.Delete(t.Context(), "a"))
		require.NoError(t, u.Delete(t.Context(), "a"))
		_, err = u.Open(t.Context(), "a", 0, -1)
		require.ErrorIs(t, err, job.ErrNotFound)
	}
	require.Zero(t, left(t, url))
	_, err := u.Put(t.Context(), "A/b", bytes.NewReader(nil))
	require.Error(t, err)
	_, err = u.Open(t.Context(), "\x00", 0, -1)
	require.ErrorContains(t, err, "bad key")
	_, err = u.Open(t.Context(), "a", -1, -1)
	require.ErrorContains(t, err, "offset")
}

// TestUploadUnfinished: an upload is there once it is complete, and nothing of one that broke off.
func TestUploadUnfinished(t *testing.T) {
	url := migrated(t)
	u := open(t, url, postgres.Options{}).Uploads()
	unseen := func() {
		_, err := u.Open(t.Context(), "a", 0, -1)
		require.ErrorIs(t, err, job.ErrNotFound)
	}
	gone := errors.New("the client is gone")
	_, err := u.Put(t.Context(), "a", io.MultiReader(bytes.NewReader(noise(2*mib+1)), iotest.ErrReader(gone)))
	require.ErrorIs(t, err, gone)
	unseen()
	require.Zero(t, left(t, url))

	ctx, cancel := context.WithCancel(t.Context())
	_, err = u.Put(ctx, "a", io.MultiReader(bytes.NewReader(noise(2*mib)), readerFunc(func([]byte) (int, error) {
		unseen()
		// The last piece is still on its way, perhaps.
		require.Eventually(t, func() bool { return left(t, url) == 3 }, time.Minute, 5*time.Millisecond,
			"what came was stored at once")
		cancel()
		return 0, io.EOF
	})))
	require.ErrorIs(t, err, context.Canceled)
	unseen()
	require.Zero(t, left(t, url))

	// Swept while it goes on.
	_, err = u.Put(t.Context(), "a", io.MultiReader(bytes.NewReader(noise(2*mib)),
		readerFunc(func([]byte) (int, error) {
			// A piece that is just being written keeps the sweeper away.
			require.Eventually(t, func() bool {
				keys, err := u.Sweep(t.Context(), -time.Hour)
				require.NoError(t, err)
				require.Empty(t, keys)
				return left(t, url) == 0
			}, time.Minute, 5*time.Millisecond)
			return 0, io.EOF
		})))
	require.ErrorContains(t, err, "deleted")
	unseen()

	// What a server loses that crashes before a piece is on its disk.
	_, err = u.Put(t.Context(), "a", io.MultiReader(bytes.NewReader(noise(2*mib)),
		readerFunc(func([]byte) (int, error) {
			require.Eventually(t, func() bool { return left(t, url) == 3 }, time.Minute, 5*time.Millisecond)
			query(t, url, `DELETE FROM import_upload_chunks WHERE number = 0`)
			return 0, io.EOF
		})))
	require.ErrorContains(t, err, "lost")
	unseen()
	require.Zero(t, left(t, url))
}

// TestUploadReconnects: connections that are lost cost an upload nothing, neither while it is written nor while it is
// read.
func TestUploadReconnects(t *testing.T) {
	url := migrated(t)
	u := open(t, url, postgres.Options{}).Uploads()
	const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`
	data := noise(5 * mib)
	_, err := u.Put(t.Context(), "a", io.MultiReader(bytes.NewReader(data[:3*mib]),
		readerFunc(func([]byte) (int, error) {
			query(t, url, cut)
			return 0, io.EOF
		}), bytes.NewReader(data[3*mib:])))
	require.NoError(t, err)
	r, err := u.Open(t.Context(), "a", 0, -1)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	got := make([]byte, 2*mib)
	_, err = io.ReadFull(r, got)
	require.NoError(t, err)
	query(t, url, cut)
	rest, err := io.ReadAll(r)
	require.NoError(t, err)
	require.True(t, bytes.Equal(data, append(got, rest...)))
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func TestSweep(t *testing.T) {
	url := migrated(t)
	u := open(t, url, postgres.Options{}).Uploads()
	for _, key := range []string{"b", "a"} {
		_, err := u.Put(t.Context(), key, bytes.NewReader(noise(10)))
		require.NoError(t, err)
	}
	query(t, url,
		`INSERT INTO import_uploads (key) VALUES ('left'); INSERT INTO import_upload_chunks VALUES ('left', 0, 'x')`)
	keys, err := u.Sweep(t.Context(), time.Hour)
	require.NoError(t, err)
	require.Empty(t, keys)
	require.Equal(t, 6, left(t, url))
	keys, err = u.Sweep(t.Context(), -time.Hour)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, keys)
	require.Equal(t, 4, left(t, url))
}

// TestUploadDiskFull lets the server refuse the third chunk.
func TestUploadDiskFull(t *testing.T) {
	url := migrated(t)
	u := open(t, url, postgres.Options{}).Uploads()
	query(t, url, `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
			RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END$$;
		CREATE TRIGGER full_disk BEFORE INSERT ON import_upload_chunks FOR EACH ROW WHEN (NEW.number = 2) EXECUTE FUNCTION full_disk()`)
	_, err := u.Put(t.Context(), "a", bytes.NewReader(noise(4*mib)))
	require.ErrorIs(t, err, job.ErrFull)
	require.Zero(t, left(t, url))
}

// TestUploadDeletedWhileRead: what is missing is no end of file.
func TestUploadDeletedWhileRead(t *testing.T) {
	u := open(t, migrated(t), postgres.Options{}).Uploads()
	_, err := u.Put(t.Context(), "a", bytes.NewReader(noise(5*mib)))
	require.NoError(t, err)
	r, err := u.Open(t.Context(), "a", 0, -1)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	_, err = io.ReadFull(r, make([]byte, mib))
	require.NoError(t, err)
	require.NoError(t, u.Delete(t.Context(), "a"))
	_, err = io.Copy(io.Discard, r)
	require.ErrorIs(t, err, job.ErrNotFound)
}

func TestUploadReadCanceled(t *testing.T) {
	u := open(t, migrated(t), postgres.Options{}).Uploads()
	_, err := u.Put(t.Context(), "a", bytes.NewReader(noise(3*mib)))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	r, err := u.Open(ctx, "a", 0, -1)
	require.NoError(t, err)
	_, err = io.ReadFull(r, make([]byte, 10))
	require.NoError(t, err)
	cancel()
	_, err = r.Read(make([]byte, 10))
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, r.Close())
	require.NoError(t, r.Close())
}

// TestUploadMemory: the heap doesn't grow with the file.
func TestUploadMemory(t *testing.T) {
	u := open(t, migrated(t), postgres.Options{}).Uploads()
	const size = 64 * mib
	source := io.LimitReader(rand.NewChaCha8([32]byte{}), size)
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var most atomic.Uint64
	watch := func() {
		runtime.ReadMemStats(&now)
		most.Store(max(most.Load(), now.HeapAlloc))
	}
	count := 0
	began := time.Now()
	n, err := u.Put(t.Context(), "a", readerFunc(func(b []byte) (int, error) {
		if count++; count%64 == 0 {
			watch()
		}
		return source.Read(b[:min(len(b), 32<<10)])
	}))
	require.NoError(t, err)
	require.EqualValues(t, size, n)
	in := time.Since(began)
	began = time.Now()
	r, err := u.Open(t.Context(), "a", 0, -1)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	var out int64
	for buf := make([]byte, mib); err == nil; {
		var n int
		n, err = r.Read(buf)
		out += int64(n)
		watch()
	}
	require.ErrorIs(t, err, io.EOF)
	require.EqualValues(t, size, out)
	grown := int64(most.Load()) - int64(before.HeapAlloc)
	t.Logf("%d MiB: heap grew by %d KiB at most; in %v, out %v", size/mib, grown/1024, in, time.Since(began))
	require.Less(t, grown, int64(32*mib))
}
