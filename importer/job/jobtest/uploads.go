package jobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/importer/job"
)

// uploadsCheck is a case at work.
type uploadsCheck struct {
	casetest.T
	job.Uploads
}

// file makes a file that looks the same nowhere.
func file(size int) []byte {
	rng := rand.NewChaCha8([32]byte{byte(size)})
	text := make([]byte, size)
	_, _ = rng.Read(text) // never fails
	return text
}

// put stores an upload that must be accepted.
func (c *uploadsCheck) put(key string, text []byte) {
	c.Helper()
	n, err := c.Put(c.Context(), key, bytes.NewReader(text))
	require.NoError(c, err, "an upload is stored")
	require.EqualValues(c, len(text), n, "Put returns the upload's length")
}

// read returns a stretch of an upload.
func (c *uploadsCheck) read(key string, offset, n int64) []byte {
	c.Helper()
	r, err := c.Open(c.Context(), key, offset, n)
	require.NoError(c, err, "an upload is opened")
	text, err := io.ReadAll(r)
	require.NoError(c, err, "an upload is read")
	require.NoError(c, r.Close(), "an upload is closed")
	return text
}

// missing makes sure that there is no such upload.
func (c *uploadsCheck) missing(key, promise string) {
	c.Helper()
	_, err := c.Open(c.Context(), key, 0, -1)
	require.ErrorIs(c, err, job.ErrNotFound, promise)
}

var errBroken = errors.New("the client went away")

var uploadsCases = []UploadsCase{
	{Name: "put/any length", run: func(c *uploadsCheck) {
		for i, size := range []int{0, 1, 1<<18 - 1, 1 << 18, 1<<20 - 1, 1 << 20, 1<<20 + 1, 5<<20 + 12_345} {
			key, text := fmt.Sprint("k-", i), file(size)
			c.put(key, text)
			require.True(c, bytes.Equal(text, c.read(key, 0, -1)), "an upload of %d bytes comes back as it went in",
				size)
		}
	}},
	{Name: "put/any pace", run: func(c *uploadsCheck) {
		text := file(3_000)
		for name, r := range map[string]io.Reader{
			"one":  iotest.OneByteReader(bytes.NewReader(text)),
			"half": iotest.HalfReader(bytes.NewReader(text)),
			"end":  iotest.DataErrReader(bytes.NewReader(text)),
		} {
			_, err := c.Put(c.Context(), name, r)
			require.NoError(c, err, "an upload is stored")
			require.True(c, bytes.Equal(text, c.read(name, 0, -1)),
				"an upload comes back whatever the reader's pace: %s", name)
		}
	}},
	{Name: "put/the key is new", run: func(c *uploadsCheck) {
		c.put("key", []byte("first"))
		_, err := c.Put(c.Context(), "key", strings.NewReader("second"))
		require.Error(c, err, "a key that has an upload is refused")
		require.Equal(c, "first", string(c.read("key", 0, -1)), "the upload that was there stays")
	}},
	{Name: "put/one of several at the same time", run: func(c *uploadsCheck) {
		const n = 8
		var won [n][]byte
		var wait sync.WaitGroup
		for i := range n {
			wait.Go(func() {
				text := file(300_000 + i)
				if _, err := c.Put(c.Context(), "key", bytes.NewReader(text)); err == nil {
					won[i] = text
				}
			})
		}
		wait.Wait()
		stored := slices.DeleteFunc(won[:], func(text []byte) bool { return text == nil })
		require.Len(c, stored, 1, "one of several uploads with the same key is stored")
		require.True(c, bytes.Equal(stored[0], c.read("key", 0, -1)), "the upload is that of the Put without an error")
	}},
	{Name: "put/bad keys", run: func(c *uploadsCheck) {
		for _, key := range []string{"", ".", "..", "a/b", `a\b`, "A", "ä", "a.b", "a b", "a\x00",
			strings.Repeat("a", 101)} {
			_, err := c.Put(c.Context(), key, strings.NewReader("x"))
			require.Error(c, err, "%q is no key", key)
			_, err = c.Open(c.Context(), key, 0, -1)
			require.Error(c, err, "%q is no key", key)
		}
		c.put(strings.Repeat("a", 100), []byte("x"))
	}},
	{Name: "put/visible only when complete", run: func(c *uploadsCheck) {
		looked := false
		text := file(2 << 20)
		_, err := c.Put(c.Context(), "key", io.MultiReader(bytes.NewReader(text), readFunc(func([]byte) (int, error) {
			_, err := c.Open(c.Context(), "key", 0, -1)
			looked = errors.Is(err, job.ErrNotFound)
			return 0, io.EOF
		})))
		require.NoError(c, err)
		require.True(c, looked, "an upload can't be opened before Put has returned")
		require.Len(c, c.read("key", 0, -1), len(text), "an upload can be opened once Put has returned")
	}},
	{Name: "put/the reader fails", run: func(c *uploadsCheck) {
		for _, size := range []int{0, 10, 3 << 20} {
			key := fmt.Sprint("k-", size)
			_, err := c.Put(c.Context(), key, io.MultiReader(bytes.NewReader(file(size)), iotest.ErrReader(errBroken)))
			require.ErrorIs(c, err, errBroken, "the reader's error is returned")
			c.missing(key, "nothing of an upload that broke off can be seen")
		}
		_, err := c.Put(c.Context(), "cut", io.MultiReader(bytes.NewReader(file(3_000)),
			iotest.ErrReader(io.ErrUnexpectedEOF)))
		require.ErrorIs(c, err, io.ErrUnexpectedEOF, "a body that was cut off is no end")
		c.missing("cut", "nothing of an upload that broke off can be seen")
		c.swept("nothing of an upload that broke off can be found")
	}},
	{Name: "put/the context ends", run: func(c *uploadsCheck) {
		ctx, cancel := context.WithCancel(c.Context())
		defer cancel()
		endless := readFunc(func(p []byte) (int, error) { cancel(); return len(p), nil })
		_, err := c.Put(ctx, "key", endless)
		require.ErrorIs(c, err, context.Canceled, "Put ends with its context, whatever the reader still has")
		c.missing("key", "nothing of an upload that broke off can be seen")
		c.swept("nothing of an upload that broke off can be found")
	}},
	{Name: "open/a stretch", run: func(c *uploadsCheck) {
		text := file(2<<20 + 100)
		size := int64(len(text))
		c.put("key", text)
		for _, s := range []struct{ offset, n int64 }{
			{0, 10}, {0, 0}, {5, 1}, {1<<20 - 3, 6}, {1 << 20, 1 << 20}, {100, 2 << 20}, {size - 10, 10},
			{size - 10, 100}, {size - 10, -1}, {size, 5},
			{size, -1}, {size + 100, 5}, {0, size}, {0, 1 << 62}, {1<<20 + 1, -1},
		} {
			from := min(s.offset, size)
			to := size
			if s.n >= 0 && s.n < size-from {
				to = from + s.n
			}
			require.True(c, bytes.Equal(text[from:to], c.read("key", s.offset, s.n)),
				"%d bytes from offset %d, fewer at the end", s.n, s.offset)
		}
		_, err := c.Open(c.Context(), "key", -1, 5)
		require.Error(c, err, "an offset below 0 is an error")
	}},
	{Name: "open/many at the same time", run: func(c *uploadsCheck) {
		text := file(3 << 20)
		c.put("key", text)
		same := make([]bool, 6)
		var wait sync.WaitGroup
		for i := range same {
			wait.Go(func() {
				r, err := c.Open(c.Context(), "key", int64(i), -1)
				if err != nil {
					return
				}
				got, err := io.ReadAll(r)
				same[i] = errors.Join(err, r.Close()) == nil && bytes.Equal(text[i:], got)
			})
		}
		wait.Wait()
		for i := range same {
			require.True(c, same[i], "an upload is read by several at the same time: %d", i)
		}
	}},
	{Name: "open/the context ends", run: func(c *uploadsCheck) {
		c.put("key", file(4<<20))
		ctx, cancel := context.WithCancel(c.Context())
		defer cancel()
		r, err := c.Open(ctx, "key", 0, -1)
		require.NoError(c, err)
		_, err = io.ReadFull(r, make([]byte, 10))
		require.NoError(c, err)
		cancel()
		_, err = io.Copy(io.Discard, r)
		require.ErrorIs(c, err, context.Canceled, "reading fails with the context's error when the context ends")
		require.NoError(c, r.Close())
		for name, call := range map[string]func() error{
			"Open":   func() error { _, err := c.Open(ctx, "key", 0, -1); return err },
			"Delete": func() error { return c.Delete(ctx, "key") },
		} {
			require.ErrorIs(c, call(), context.Canceled, "%s returns the error of a context that has ended", name)
		}
		require.Len(c, c.read("key", 0, -1), 4<<20, "Delete with a context that has ended changes nothing")
	}},
	{Name: "delete/removes one upload", run: func(c *uploadsCheck) {
		c.put("a", file(100))
		c.put("b", file(1<<20+1))
		require.NoError(c, c.Delete(c.Context(), "b"))
		c.missing("b", "a deleted upload is gone")
		require.NoError(c, c.Delete(c.Context(), "b"), "deleting what isn't there is no error")
		require.Len(c, c.read("a", 0, -1), 100, "others stay")
		c.put("b", []byte("new"))
		require.Equal(c, "new", string(c.read("b", 0, -1)), "nothing is left of a deleted upload")
	}},
	{Name: "sweep/finds what was left behind", run: func(c *uploadsCheck) {
		s, ok := c.Uploads.(job.Sweeper)
		if !ok {
			return
		}
		c.put("a", file(10))
		c.put("b", nil)
		keys, err := s.Sweep(c.Context(), time.Hour)
		require.NoError(c, err)
		require.Empty(c, keys, "uploads that were written since the time are not looked at")
		c.swept("finished uploads are found once they are old enough", "a", "b")
		require.Len(c, c.read("a", 0, -1), 10, "finished uploads are not removed")
	}},
	{Name: "sweep/leaves alone what goes on", run: func(c *uploadsCheck) {
		s, ok := c.Uploads.(job.Sweeper)
		if !ok {
			return
		}
		var keys []string
		var failure error
		_, err := c.Put(c.Context(), "key", io.MultiReader(bytes.NewReader(file(2<<20)),
			readFunc(func([]byte) (int, error) {
				keys, failure = s.Sweep(c.Context(), time.Hour)
				return 0, io.EOF
			})))
		require.NoError(c, failure)
		require.Empty(c, keys, "an unfinished upload is not found")
		require.NoError(c, err, "a Put that goes on is left alone")
		require.Len(c, c.read("key", 0, -1), 2<<20, "a Put that goes on is left alone")
	}},
}

// swept makes sure that these are the uploads that were left behind, where that can be found out.
func (c *uploadsCheck) swept(promise string, want ...string) {
	c.Helper()
	if s, ok := c.Uploads.(job.Sweeper); ok {
		keys, err := s.Sweep(c.Context(), -time.Hour)
		require.NoError(c, err)
		require.ElementsMatch(c, want, keys, promise)
	}
}

// readFunc is a reader.
type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }
