package sqlite

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/jobtest"
	"github.com/products-importer/products-importer/products"
)

func TestUploads(t *testing.T) {
	jobtest.RunUploads(t, func(t *testing.T) job.Uploads { return openNew(t).Uploads() })
}

func TestUploadsCompressed(t *testing.T) {
	jobtest.RunUploads(t, func(t *testing.T) job.Uploads { return job.Compressed(openNew(t).Uploads()) })
}

// readFunc is a reader.
type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// noise is n bytes that look the same nowhere.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b) // never fails
	return b
}

// count returns the number of rows of a table.
func count(t testing.TB, db *DB, table string) (n int) {
	t.Helper()
	require.NoError(t, db.read(t.Context(), func(ctx context.Context, q querier) error {
		return sqlx.GetContext(ctx, q, &n, `SELECT count(*) FROM `+table)
	}))
	return n
}

// TestUploadsWaitForTheClient: while a client is slow others write, also other processes.
func TestUploadsWaitForTheClient(t *testing.T) {
	path := filepath.Join(t.TempDir(), "products.db")
	db, other := openFile(t, path, Options{}), openFile(t, path, Options{})
	calls := 0
	_, err := db.Uploads().Put(t.Context(), "slow", io.MultiReader(bytes.NewReader(noise(chunkSize)),
		readFunc(func(p []byte) (int, error) {
			if calls++; calls > 2 {
				return 0, io.EOF
			}
			require.Equal(t, 1, count(t, other, "import_upload_chunks"), "what came is stored")
			require.NoError(t, set(t.Context(), db, fmt.Sprint("here ", calls)))
			require.NoError(t, set(t.Context(), other, fmt.Sprint("there ", calls)))
			return copy(p, "x"), nil
		})))
	require.NoError(t, err)
	require.Equal(t, 3, calls)
}

// TestUploadsAreReadInPieces: who reads an upload doesn't keep what is written meanwhile out of the file itself.
func TestUploadsAreReadInPieces(t *testing.T) {
	db := openNew(t)
	u := db.Uploads()
	_, err := u.Put(t.Context(), "a", bytes.NewReader(noise(3*chunkSize)))
	require.NoError(t, err)
	r, err := u.Open(t.Context(), "a", 0, -1)
	require.NoError(t, err)
	_, err = io.ReadFull(r, make([]byte, chunkSize+1))
	require.NoError(t, err)
	require.NoError(t, set(t.Context(), db, "b"))
	var busy, log, done int
	require.NoError(t, db.writer.QueryRowx(`PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &log, &done))
	require.Zero(t, busy, "nobody is in the way")
	_, err = io.Copy(io.Discard, r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	_, err = r.Read(make([]byte, 1))
	require.Error(t, err, "it is closed")
}

// TestUploadsRemoved: a large upload is removed in pieces, and what a process leaves that dies meanwhile is swept. Who
// reads or writes it learns of it.
func TestUploadsRemoved(t *testing.T) {
	db := openNew(t)
	u := db.Uploads()
	data := noise((removeChunks + 8) * chunkSize)
	_, err := u.Put(t.Context(), "a", bytes.NewReader(data))
	require.NoError(t, err)
	r, err := u.Open(t.Context(), "a", 0, -1)
	require.NoError(t, err)
	_, err = db.writer.Exec(fmt.Sprintf(`CREATE TRIGGER stop BEFORE DELETE ON import_upload_chunks
		WHEN old.number = %d BEGIN SELECT raise(ABORT, 'stop'); END`, removeChunks))
	require.NoError(t, err)
	require.ErrorContains(t, u.Delete(t.Context(), "a"), "stop", "in the second transaction of two")
	require.Equal(t, 8, count(t, db, "import_upload_chunks"))
	_, err = u.Open(t.Context(), "a", 0, 1)
	require.ErrorIs(t, err, job.ErrNotFound)
	_, err = io.Copy(io.Discard, r)
	require.ErrorIs(t, err, job.ErrNotFound, "what is missing is no end")
	require.NoError(t, r.Close())
	_, err = db.writer.Exec(`DROP TRIGGER stop`)
	require.NoError(t, err)
	keys, err := u.Sweep(t.Context(), time.Hour)
	require.NoError(t, err)
	require.Empty(t, keys)
	require.Zero(t, count(t, db, "import_uploads")+count(t, db, "import_upload_chunks"))
}

// TestUploadsSwept: a Put to which nothing came for longer than the age is swept, and fails.
func TestUploadsSwept(t *testing.T) {
	db := openNew(t)
	u := db.Uploads()
	_, err := u.Put(t.Context(), "a", io.MultiReader(bytes.NewReader(noise(chunkSize)),
		readFunc(func([]byte) (int, error) {
			keys, err := u.Sweep(t.Context(), -time.Hour)
			require.NoError(t, err)
			require.Empty(t, keys)
			return 0, io.EOF
		})))
	require.ErrorIs(t, err, errRemoved)
	require.Zero(t, count(t, db, "import_uploads")+count(t, db, "import_upload_chunks"))
}

// TestUploadsFull: a full disk is said at once, and nothing stays of the upload.
func TestUploadsFull(t *testing.T) {
	db := openNew(t)
	var pages int
	require.NoError(t, db.writer.Get(&pages, `PRAGMA page_count`))
	_, err := db.writer.Exec(fmt.Sprintf(`PRAGMA max_page_count = %d`, pages+500))
	require.NoError(t, err)
	_, err = db.Uploads().Put(t.Context(), "a", bytes.NewReader(noise(4*chunkSize)))
	require.ErrorIs(t, err, job.ErrFull)
	require.NotErrorIs(t, err, products.ErrUnavailable, "trying again is of no use")
	require.Zero(t, count(t, db, "import_uploads")+count(t, db, "import_upload_chunks"))
}

// TestUploadsInTransaction: what is done with the context of a transaction is part of it.
func TestUploadsInTransaction(t *testing.T) {
	db := openNew(t)
	u := db.Uploads()
	require.ErrorIs(t, db.InTx(t.Context(), func(ctx context.Context) error {
		_, err := u.Put(ctx, "a", bytes.NewReader(noise(chunkSize+1)))
		require.NoError(t, err)
		r, err := u.Open(ctx, "a", chunkSize, -1)
		require.NoError(t, err)
		rest, err := io.ReadAll(r)
		require.NoError(t, err)
		require.Len(t, rest, 1)
		require.NoError(t, r.Close())
		return errOwn
	}), errOwn)
	_, err := u.Open(t.Context(), "a", 0, -1)
	require.ErrorIs(t, err, job.ErrNotFound)
}

// TestUploadMemory: the heap doesn't grow with the file.
func TestUploadMemory(t *testing.T) {
	u := openNew(t).Uploads()
	const size = 48 * chunkSize
	var most, before uint64
	var now runtime.MemStats
	watch := func() {
		runtime.GC()
		runtime.ReadMemStats(&now)
		most = max(most, now.HeapAlloc)
	}
	watch()
	before, most = most, 0
	source := io.LimitReader(rand.NewChaCha8([32]byte{}), size)
	calls := 0
	n, err := u.Put(t.Context(), "a", readFunc(func(p []byte) (int, error) {
		if calls++; calls%64 == 0 {
			watch()
		}
		return source.Read(p[:min(len(p), 64<<10)])
	}))
	require.NoError(t, err)
	require.EqualValues(t, size, n)
	r, err := u.Open(t.Context(), "a", 0, -1)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	buffer := make([]byte, chunkSize)
	for err == nil {
		_, err = r.Read(buffer)
		watch()
	}
	require.ErrorIs(t, err, io.EOF)
	t.Logf("the heap grew by %d KiB at most", int64(most-before)/1024)
	require.Less(t, int64(most-before), int64(16<<20))
}

// BenchmarkUploads writes and reads a file of 500,000 records.
func BenchmarkUploads(b *testing.B) {
	var file bytes.Buffer
	require.NoError(b, catalogtest.Write(&file, 500_000))
	u := openNew(b).Uploads()
	b.Run("put", func(b *testing.B) {
		b.SetBytes(int64(file.Len()))
		for b.Loop() {
			_, err := u.Put(b.Context(), "a", bytes.NewReader(file.Bytes()))
			require.NoError(b, err)
			require.NoError(b, u.Delete(b.Context(), "a"))
		}
	})
	_, err := u.Put(b.Context(), "b", bytes.NewReader(file.Bytes()))
	require.NoError(b, err)
	b.Run("open", func(b *testing.B) {
		b.SetBytes(int64(file.Len()))
		for b.Loop() {
			r, err := u.Open(b.Context(), "b", 0, -1)
			require.NoError(b, err)
			_, err = io.Copy(io.Discard, r)
			require.NoError(b, err)
			require.NoError(b, r.Close())
		}
	})
}
