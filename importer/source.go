package importer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
)

// Source is a file that can be read several times. Every Open begins at the first byte and gives the same bytes; Run
// notices when they differ. Run closes what it opens before it opens again.
type Source interface {
	// Open returns the file from its first byte. A Read that blocks should end with an error when the context ends.
	Open(ctx context.Context) (io.ReadCloser, error)
	// Size is the file's length in bytes, or -1 where it isn't known before it was read.
	Size() int64
}

// OffsetSource is a Source that can be opened in its middle without what stands before that being read: see
// Options.Place.
type OffsetSource interface {
	Source
	// OpenAt returns the file from the offset on, as Open does from its first byte.
	OpenAt(ctx context.Context, offset int64) (io.ReadCloser, error)
}

// Bytes is a file in memory.
type Bytes []byte

// Open returns the bytes.
func (b Bytes) Open(context.Context) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(b)), nil
}

// OpenAt returns the bytes from the offset on.
func (b Bytes) OpenAt(_ context.Context, offset int64) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(b[min(offset, int64(len(b))):])), nil
}

// Size is the number of bytes.
func (b Bytes) Size() int64 { return int64(len(b)) }

// File is a regular file on disk.
type File struct {
	path string
	size int64
}

// OpenFile returns the file at the path. A directory, or anything else but a regular file, is refused with an ErrInput;
// see Spool for pipes.
func OpenFile(path string) (*File, error) {
	info, err := os.Stat(path)
	if err != nil {
		var pathError *fs.PathError
		if errors.As(err, &pathError) {
			err = pathError.Err
		}
		return nil, fmt.Errorf("%w: can't open %s: %w", ErrInput, path, err)
	}
	switch {
	case info.IsDir():
		return nil, fmt.Errorf("%w: %s is a directory, not a file", ErrInput, path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%w: %s is not a regular file", ErrInput, path)
	}
	return &File{path: path, size: info.Size()}, nil
}

// Open opens the file.
func (f *File) Open(context.Context) (io.ReadCloser, error) { return os.Open(f.path) }

// OpenAt opens the file at the offset.
func (f *File) OpenAt(_ context.Context, offset int64) (io.ReadCloser, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Size is the length that the file had in OpenFile.
func (f *File) Size() int64 { return f.size }

// Spooled is what came from a stream, kept in a temporary file.
type Spooled struct {
	File
	remove sync.Once
}

// Spool copies a stream that can be read only once into a temporary file in dir (empty: the system's), so that it is a
// Source. The caller removes the file with Close. It reads until the end, or until the context ends.
func Spool(ctx context.Context, r io.Reader, dir string) (*Spooled, error) {
	f, err := os.CreateTemp(dir, "import-*.csv")
	if err != nil {
		return nil, fmt.Errorf("importer: spool: %w", err)
	}
	n, err := io.Copy(f, contextReader{ctx, r})
	err = errors.Join(err, f.Close())
	s := &Spooled{File: File{path: f.Name(), size: n}}
	if err != nil {
		return nil, fmt.Errorf("importer: spool: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

// Close removes the temporary file. It may be called more than once.
func (s *Spooled) Close() (err error) {
	s.remove.Do(func() { err = os.Remove(s.path) })
	return err
}

// contextReader ends with the context's error once the context has ended.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := context.Cause(c.ctx); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
