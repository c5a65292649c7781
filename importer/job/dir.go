package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/products-importer/products-importer/importer/job/internal/rule"
)

// Suffixes of the files of uploads: those that are complete, and those that are not. Others are nobody's.
const (
	completeSuffix = ".upload"
	partSuffix     = ".part"
)

// Dir keeps uploads as files in a directory. Servers and workers on several machines may share it where the file
// system is shared, and renames within a directory are atomic. It is an Uploads and a Sweeper.
type Dir struct {
	path string
}

var (
	_ Uploads = (*Dir)(nil)
	_ Sweeper = (*Dir)(nil)
)

// NewDir returns the uploads in the directory, which is made if it isn't there. Nobody but the process's user may read
// it then.
func NewDir(path string) (*Dir, error) {
	path, err := filepath.Abs(path)
	if err == nil {
		err = os.MkdirAll(path, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("job: directory for uploads: %w", err)
	}
	return &Dir{path: path}, nil
}

func (d *Dir) file(key, suffix string) string { return filepath.Join(d.path, key+suffix) }

// Put writes a file under another name, and gives it its own once it is on the disk.
func (d *Dir) Put(ctx context.Context, key string, r io.Reader) (n int64, err error) {
	if err := rule.CheckKey(key); err != nil {
		return 0, err
	}
	part, complete := d.file(key, partSuffix), d.file(key, completeSuffix)
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, storageError(err)
	}
	defer func() {
		if err != nil {
			n, err = 0, errors.Join(err, ignoreMissing(os.Remove(part)))
		}
	}()
	// Looked for only now: who has the other file is alone with the key.
	if _, err := os.Lstat(complete); !errors.Is(err, fs.ErrNotExist) {
		return 0, errors.Join(fmt.Errorf("job: the upload %s: %w", key, fs.ErrExist), f.Close())
	}
	if n, err = fill(ctx, f, r); err != nil {
		return 0, err
	}
	if err := os.Rename(part, complete); err != nil {
		return 0, storageError(err)
	}
	if err := d.sync(); err != nil {
		return 0, errors.Join(err, ignoreMissing(os.Remove(complete)))
	}
	return n, nil
}

// fill writes what the reader gives to the disk, and closes the file.
func fill(ctx context.Context, f *os.File, r io.Reader) (n int64, err error) {
	defer func() {
		if closed := f.Close(); err == nil && closed != nil {
			err = storageError(closed)
		}
	}()
	buf := make([]byte, 256<<10)
	for {
		if err := context.Cause(ctx); err != nil {
			return n, err
		}
		have, end := r.Read(buf)
		if _, err := f.Write(buf[:have]); err != nil {
			return n, storageError(err)
		}
		n += int64(have)
		switch {
		case errors.Is(end, io.EOF):
			if err := f.Sync(); err != nil {
				return n, storageError(err)
			}
			return n, nil
		case end != nil:
			return n, end
		}
	}
}

// sync makes sure that renames are on the disk.
func (d *Dir) sync() error {
	f, err := os.Open(d.path)
	if err != nil {
		return storageError(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	// Not every file system can, and those that can't need not.
	if err := f.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return storageError(err)
	}
	return nil
}

// storageError returns the error of a file operation: an ErrFull where the disk is full.
func storageError(err error) error {
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, full) {
			return fmt.Errorf("%w: %w", ErrFull, err)
		}
	}
	return fmt.Errorf("job: directory for uploads: %w", err)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Open opens the upload's file.
func (d *Dir) Open(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error) {
	if err := rule.CheckKey(key); err != nil {
		return nil, err
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if offset < 0 {
		return nil, fmt.Errorf("job: the offset must not be negative: %d", offset)
	}
	f, err := os.Open(d.file(key, completeSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: upload %s", ErrNotFound, key)
	} else if err != nil {
		return nil, storageError(err)
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return nil, errors.Join(storageError(err), f.Close())
	}
	return &fileReader{ctx: ctx, file: f, left: n}, nil
}

// fileReader reads a stretch of a file until its context ends.
type fileReader struct {
	ctx  context.Context
	file *os.File
	left int64 // below 0 for all
}

func (r *fileReader) Read(p []byte) (int, error) {
	if err := context.Cause(r.ctx); err != nil {
		return 0, err
	}
	if r.left == 0 {
		return 0, io.EOF
	}
	if r.left > 0 {
		p = p[:min(int64(len(p)), r.left)]
	}
	n, err := r.file.Read(p)
	if r.left > 0 {
		r.left -= int64(n)
	}
	return n, err
}

func (r *fileReader) Close() error { return r.file.Close() }

// Delete removes the upload's file.
func (d *Dir) Delete(ctx context.Context, key string) error {
	if err := rule.CheckKey(key); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := ignoreMissing(os.Remove(d.file(key, completeSuffix))); err != nil {
		return storageError(err)
	}
	return nil
}

// Sweep looks at the times at which the files were written.
func (d *Dir) Sweep(ctx context.Context, age time.Duration) (keys []string, err error) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, storageError(err)
	}
	for _, entry := range entries {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		suffix := filepath.Ext(entry.Name())
		key := strings.TrimSuffix(entry.Name(), suffix)
		if !entry.Type().IsRegular() || rule.CheckKey(key) != nil {
			continue
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, storageError(err)
		}
		if time.Since(info.ModTime()) <= age {
			continue
		}
		switch suffix {
		case partSuffix:
			if err := ignoreMissing(os.Remove(d.file(key, partSuffix))); err != nil {
				return nil, storageError(err)
			}
		case completeSuffix:
			keys = append(keys, key)
		}
	}
	return keys, nil
}
