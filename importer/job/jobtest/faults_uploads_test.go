package jobtest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer/job"
)

// spoiled are uploads with some methods replaced.
type spoiled struct {
	*memory.Uploads
	put   func(ctx context.Context, key string, r io.Reader) (int64, error)
	open  func(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error)
	sweep func(ctx context.Context, age time.Duration) ([]string, error)
}

func (s *spoiled) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	return s.put(ctx, key, r)
}

func (s *spoiled) Open(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error) {
	return s.open(ctx, key, offset, n)
}

func (s *spoiled) Sweep(ctx context.Context, age time.Duration) ([]string, error) {
	return s.sweep(ctx, age)
}

// spoil replaces methods.
func spoil(change func(s *spoiled)) func(u *memory.Uploads) job.Uploads {
	return func(u *memory.Uploads) job.Uploads {
		s := &spoiled{Uploads: u, put: u.Put, open: u.Open, sweep: u.Sweep}
		change(s)
		return s
	}
}

var brokenUploads = []struct {
	name  string
	spoil func(u *memory.Uploads) job.Uploads
	found string
	says  string
}{
	{"loses the end", spoil(func(s *spoiled) {
		s.open = func(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error) {
			if n < 0 {
				n = 1 << 20
			}
			return s.Uploads.Open(ctx, key, offset, n)
		}
	}), "put/any length", "comes back as it went in"},
	{"stores what broke off", spoil(func(s *spoiled) {
		s.put = func(ctx context.Context, key string, r io.Reader) (int64, error) {
			text, err := io.ReadAll(r)
			if n, put := s.Uploads.Put(ctx, key, bytes.NewReader(text)); err == nil {
				return n, put
			}
			return 0, err
		}
	}), "put/the reader fails", "broke off"},
	{"takes what was cut off for the end", spoil(func(s *spoiled) {
		s.put = func(ctx context.Context, key string, r io.Reader) (int64, error) {
			text, err := io.ReadAll(r)
			if err == nil || errors.Is(err, io.ErrUnexpectedEOF) {
				return s.Uploads.Put(ctx, key, bytes.NewReader(text))
			}
			return 0, err
		}
	}), "put/the reader fails", "cut off"},
	{"reads on when the context has ended", spoil(func(s *spoiled) {
		s.put = func(ctx context.Context, key string, r io.Reader) (int64, error) {
			n, err := s.Uploads.Put(context.WithoutCancel(ctx), key, io.LimitReader(r, 1<<20))
			return n, err
		}
	}), "put/the context ends", "Put ends with its context"},
	{"overwrites", spoil(func(s *spoiled) {
		s.put = func(ctx context.Context, key string, r io.Reader) (int64, error) {
			_ = s.Delete(ctx, key)
			return s.Uploads.Put(ctx, key, r)
		}
	}), "put/the key is new", "is refused"},
	{"shows a part", spoil(func(s *spoiled) {
		s.open = func(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error) {
			if r, err := s.Uploads.Open(ctx, key, offset, n); err == nil {
				return r, nil
			}
			return io.NopCloser(bytes.NewReader(nil)), nil
		}
	}), "put/visible only when complete", "before Put has returned"},
	{"ignores the offset", spoil(func(s *spoiled) {
		s.open = func(ctx context.Context, key string, _, n int64) (io.ReadCloser, error) {
			return s.Uploads.Open(ctx, key, 0, n)
		}
	}), "open/a stretch", "from offset"},
	{"sweeps what is new", spoil(func(s *spoiled) {
		s.sweep = func(ctx context.Context, _ time.Duration) ([]string, error) {
			return s.Uploads.Sweep(ctx, -time.Hour)
		}
	}), "sweep/finds what was left behind", "written since the time"},
	{"sweeps nothing", spoil(func(s *spoiled) {
		s.sweep = func(context.Context, time.Duration) ([]string, error) { return nil, nil }
	}), "sweep/finds what was left behind", "old enough"},
}
