package job_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/jobtest"
)

// TestCompressed holds the suite of uploads against compressed ones, over each kind that is made without a database.
func TestCompressed(t *testing.T) {
	t.Run("memory", func(t *testing.T) {
		jobtest.RunUploads(t, func(*testing.T) job.Uploads {
			return job.Compressed(memory.New(memory.Options{}).Uploads())
		})
	})
	t.Run("directory", func(t *testing.T) {
		jobtest.RunUploads(t, func(t *testing.T) job.Uploads {
			d, err := job.NewDir(t.TempDir())
			require.NoError(t, err)
			return job.Compressed(d)
		})
	})
}

// text is what the catalogue's benchmarks import, n records of it.
func text(t testing.TB, n int) []byte {
	t.Helper()
	file, err := io.ReadAll(catalogtest.NewReader(n, catalogtest.Base))
	require.NoError(t, err)
	return file
}

// put stores the text and returns the bytes that are stored.
func put(t testing.TB, in job.Uploads, key string, text []byte) []byte {
	t.Helper()
	n, err := job.Compressed(in).Put(t.Context(), key, bytes.NewReader(text))
	require.NoError(t, err)
	require.EqualValues(t, len(text), n)
	return whole(t, in, key)
}

// whole returns all of an upload.
func whole(t testing.TB, in job.Uploads, key string) []byte {
	t.Helper()
	r, err := in.Open(t.Context(), key, 0, -1)
	require.NoError(t, err)
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	return text
}

// What is stored is no longer than what gzip makes of it, and any zstd reads it.
func TestCompressedIsSmall(t *testing.T) {
	text := text(t, 100_000)
	stored := put(t, memory.New(memory.Options{}).Uploads(), "key", text)
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	_, err := w.Write(text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	t.Logf("%d bytes are stored as %d, gzip makes %d of them", len(text), len(stored), gz.Len())
	require.Less(t, len(stored), gz.Len()*12/10)
	z, err := zstd.NewReader(bytes.NewReader(stored))
	require.NoError(t, err)
	defer z.Close()
	back, err := io.ReadAll(z)
	require.NoError(t, err)
	require.True(t, bytes.Equal(text, back))
}

// What can't be compressed takes hardly more than its length.
func TestCompressedNoise(t *testing.T) {
	noise := make([]byte, 3<<20+5)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	require.Less(t, len(put(t, memory.New(memory.Options{}).Uploads(), "key", noise)), len(noise)+500)
}

// Files that were put by earlier versions, as they are, are read as they are.
func TestCompressedReadsWhatIsNot(t *testing.T) {
	for _, old := range []string{"", "s", "sku,name\nA,Apple\n", strings.Repeat("sku,name\n", 300_000),
		"\x50\x2a\x4d\x18\x10\x00\x00\x00products-import", "\x28\xb5\x2f\xfd"} {
		in := memory.New(memory.Options{}).Uploads()
		_, err := in.Put(t.Context(), "old", strings.NewReader(old))
		require.NoError(t, err)
		u := job.Compressed(in)
		for _, stretch := range [][2]int64{{0, -1}, {0, 0}, {0, 3}, {1, -1}, {2, 2}, {1 << 40, -1}} {
			r, err := u.Open(t.Context(), "old", stretch[0], stretch[1])
			require.NoError(t, err)
			text, err := io.ReadAll(r)
			require.NoError(t, err)
			require.NoError(t, r.Close())
			want := old[min(int(stretch[0]), len(old)):]
			if stretch[1] >= 0 {
				want = want[:min(int(stretch[1]), len(want))]
			}
			require.Equal(t, want, string(text), stretch)
		}
	}
}

// frugal are uploads that tell how many bytes were read of them.
type frugal struct {
	job.Uploads
	read int64
}

func (f *frugal) Open(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error) {
	r, err := f.Uploads.Open(ctx, key, offset, n)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.TeeReader(r, counter{&f.read}), r}, nil
}

type counter struct{ n *int64 }

func (c counter) Write(p []byte) (int, error) {
	*c.n += int64(len(p))
	return len(p), nil
}

// Of a stretch no more is read than what stands before it and in it.
func TestCompressedStretch(t *testing.T) {
	text := text(t, 100_000)
	in := &frugal{Uploads: memory.New(memory.Options{}).Uploads()}
	stored := put(t, in, "key", text)
	in.read = 0
	r, err := job.Compressed(in).Open(t.Context(), "key", 1<<20+5, 10)
	require.NoError(t, err)
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.Equal(t, text[1<<20+5:1<<20+15], got)
	require.Less(t, in.read, int64(len(stored)*2/3))
}

func TestCompressedOnce(t *testing.T) {
	in := memory.New(memory.Options{}).Uploads()
	u := job.Compressed(in)
	require.Same(t, u, job.Compressed(u))
	_, sweeps := u.(job.Sweeper)
	require.True(t, sweeps)
	_, sweeps = job.Compressed(struct{ job.Uploads }{in}).(job.Sweeper)
	require.False(t, sweeps, "what can't be swept can't be swept compressed either")
}

// A reader that gives nothing but zeros, which take no room, ends with the context all the same.
func TestCompressedEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	given := 0
	_, err := job.Compressed(memory.New(memory.Options{}).Uploads()).Put(ctx, "key",
		readFunc(func(p []byte) (int, error) {
			if given += len(p); given > 5<<20 {
				cancel()
			}
			clear(p)
			return len(p), nil
		}))
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, given, 8<<20)
}

// raw is what a place for uploads has under every key.
type raw []byte

func (r raw) Put(context.Context, string, io.Reader) (int64, error) { return 0, errors.ErrUnsupported }
func (r raw) Delete(context.Context, string) error                  { return nil }
func (r raw) Open(_ context.Context, _ string, offset, n int64) (io.ReadCloser, error) {
	stretch := r[min(offset, int64(len(r))):]
	if n >= 0 {
		stretch = stretch[:min(n, int64(len(stretch)))]
	}
	return io.NopCloser(iotest.HalfReader(bytes.NewReader(stretch))), nil
}

// open reads what is stored, whatever it is.
func (r raw) open(t testing.TB) ([]byte, error) {
	t.Helper()
	in, err := job.Compressed(r).Open(t.Context(), "key", 0, -1)
	require.NoError(t, err)
	defer func() { require.NoError(t, in.Close()) }()
	return io.ReadAll(in)
}

// Whatever byte of a stored file changed, the text is the same or that is noticed; so it is wherever it is cut off.
func TestCompressedDamaged(t *testing.T) {
	const text = "sku,name\nA-1,Apple\nA-2,Apple and Apple\n"
	stored := put(t, memory.New(memory.Options{}).Uploads(), "key", []byte(text))
	const beginning = 24 // what other files don't begin with
	for i := beginning; i < len(stored); i++ {
		bad := bytes.Clone(stored)
		bad[i] ^= 0x15
		if got, err := raw(bad).open(t); err != nil {
			require.ErrorContains(t, err, "the stored file is damaged", "byte %d of %s", i, hex.EncodeToString(stored))
		} else {
			require.Equal(t, text, string(got), "byte %d of %s", i, hex.EncodeToString(stored))
		}
		if i > beginning {
			_, err := raw(stored[:i]).open(t)
			require.ErrorContains(t, err, "the stored file is damaged: it is cut off", "%d bytes", i)
		}
	}
}

func FuzzCompressed(f *testing.F) {
	file := put(f, memory.New(memory.Options{}).Uploads(), "key", []byte("sku,name\nA-1,Apple\n"))
	f.Add(file, int64(0), int64(-1))
	f.Add(append(bytes.Clone(file), file[24:]...), int64(3), int64(30))
	f.Add([]byte("sku,name\n"), int64(2), int64(3))
	f.Add([]byte{}, int64(0), int64(0))
	f.Fuzz(func(t *testing.T, stored []byte, offset, n int64) {
		if offset < 0 {
			offset = -(offset + 1)
		}
		for _, in := range []job.Uploads{raw(stored), memory.New(memory.Options{}).Uploads()} {
			if _, given := in.(raw); !given {
				put(t, in, "key", stored) // as the text of a file
			}
			u := job.Compressed(in)
			r, err := u.Open(t.Context(), "key", offset, n)
			require.NoError(t, err)
			got, err := io.ReadAll(io.LimitReader(r, 8<<20))
			if n >= 0 {
				require.LessOrEqual(t, int64(len(got)), n)
			}
			require.NoError(t, r.Close())
			if _, given := in.(raw); given {
				continue // whatever it was, it did no harm
			}
			require.NoError(t, err)
			want := stored[min(offset, int64(len(stored))):]
			if n >= 0 {
				want = want[:min(n, int64(len(want)))]
			}
			require.Equal(t, string(want), string(got))
		}
	})
}

// BenchmarkCompressed stores and reads half a million records, as they are and compressed.
func BenchmarkCompressed(b *testing.B) {
	text := text(b, catalogtest.BenchRecords())
	for _, c := range []struct {
		name string
		wrap func(job.Uploads) job.Uploads
	}{{"as it is", func(u job.Uploads) job.Uploads { return u }}, {"compressed", job.Compressed}} {
		u := c.wrap(memory.New(memory.Options{}).Uploads())
		b.Run("put/"+c.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				key := fmt.Sprint("put-", i)
				_, err := u.Put(b.Context(), key, bytes.NewReader(text))
				require.NoError(b, err)
				require.NoError(b, u.Delete(b.Context(), key))
			}
		})
		_, err := u.Put(b.Context(), "read", bytes.NewReader(text))
		require.NoError(b, err)
		b.Run("read/"+c.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := u.Open(b.Context(), "read", 0, -1)
				require.NoError(b, err)
				_, err = io.Copy(io.Discard, r)
				require.NoError(b, err)
				require.NoError(b, r.Close())
			}
		})
	}
}
