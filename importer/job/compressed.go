package job

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/products-importer/products-importer/importer/job/internal/rule"
)

// A compressed upload is a zstd file, so that zstd itself reads it. It begins with packedMagic, a frame that is
// skipped, with which no file of a catalogue begins. Then come pieces of 1 MiB of the upload, the last one shorter,
// each a frame of its own behind another one that is skipped: packedPiece, the length of the piece and that of its
// frame. So an offset is found without decompressing what stands before it.
const (
	packedMagic  = "\x50\x2a\x4d\x18\x10\x00\x00\x00products-import1"
	packedPiece  = "\x51\x2a\x4d\x18\x08\x00\x00\x00"
	packedHeader = len(packedPiece) + 8 // with the two lengths, of 4 bytes each
	pieceBytes   = 1 << 20
	// frameBytes is more than a piece's frame has that can't be compressed.
	frameBytes = pieceBytes + pieceBytes/16
)

// Compressed returns uploads that keep their bytes in others, compressed, which takes 2 to 4 MiB of memory for each
// Put and Open that goes on. The lengths of Put and Open are those of the bytes as they are given and returned. What
// was put into the others directly, as earlier versions did, is returned as it is. It is a [Sweeper] if the others are
// one.
//
// A [Service], a [Runner] and [NewSource] keep and read files in this way by themselves.
func Compressed(uploads Uploads) Uploads {
	switch uploads.(type) {
	case *compressed, *sweptCompressed:
		return uploads
	}
	c := compressed{uploads}
	if sweeper, sweeps := uploads.(Sweeper); sweeps {
		return &sweptCompressed{c, sweeper}
	}
	return &c
}

var errClosed = errors.New("job: the upload was closed")

type compressed struct{ Uploads }

type sweptCompressed struct {
	compressed
	Sweeper
}

// Put stores what the reader gives.
func (c *compressed) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	p, err := newPacker(ctx, r)
	if err != nil {
		return 0, err
	}
	defer p.close()
	if _, err := c.Uploads.Put(ctx, key, p); err != nil {
		return 0, err
	}
	return p.given, nil
}

// Open returns a stretch of the upload.
func (c *compressed) Open(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error) {
	if err := rule.CheckKey(key); err != nil {
		return nil, err
	}
	if offset < 0 {
		return nil, fmt.Errorf("job: the offset must not be negative: %d", offset)
	}
	in, err := c.Uploads.Open(ctx, key, 0, -1)
	if err != nil {
		return nil, err
	}
	start := make([]byte, len(packedMagic))
	have, err := io.ReadFull(in, start)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errors.Join(err, in.Close())
	}
	switch {
	case string(start[:have]) == packedMagic:
		return &unpacker{ctx: ctx, in: in, skip: offset, left: n, at: pieceAt{Packed: int64(len(packedMagic))}}, nil
	case offset == 0 && n < 0:
		return &plainFile{io.MultiReader(bytes.NewReader(start[:have]), in), in}, nil
	}
	if err := in.Close(); err != nil {
		return nil, err
	}
	return c.Uploads.Open(ctx, key, offset, n)
}

// pieceAt is where a piece begins: in the upload, and in what is kept of it. The zero value is none.
type pieceAt struct{ Offset, Packed int64 }

// openPiece returns the rest of a compressed upload from the offset on, which is in the piece or behind it. What stands
// before the piece isn't read.
func (c *compressed) openPiece(ctx context.Context, key string, at pieceAt, offset int64) (io.ReadCloser, error) {
	in, err := c.Uploads.Open(ctx, key, at.Packed, -1)
	if err != nil {
		return nil, err
	}
	return &unpacker{ctx: ctx, in: in, skip: offset - at.Offset, left: -1, at: at}, nil
}

// plainFile is an upload that isn't compressed, of which the beginning was read.
type plainFile struct {
	io.Reader
	io.Closer
}

// putLengths writes the lengths of a piece and its frame into the header.
func putLengths(header []byte, piece, frame int) {
	binary.LittleEndian.PutUint32(header[len(packedPiece):], uint32(piece))
	binary.LittleEndian.PutUint32(header[len(packedPiece)+4:], uint32(frame))
}

// lengths reads them; ok is false for what is no header.
func lengths(header []byte) (piece, frame int, ok bool) {
	piece = int(binary.LittleEndian.Uint32(header[len(packedPiece):]))
	frame = int(binary.LittleEndian.Uint32(header[len(packedPiece)+4:]))
	return piece, frame, string(header[:len(packedPiece)]) == packedPiece && piece >= 1 && piece <= pieceBytes &&
		frame >= 1 &&
		frame <= frameBytes
}

// buffers is what a Put or an Open that goes on holds beside the codec: a piece of the upload, and its frame.
type buffers struct {
	piece [pieceBytes]byte
	frame [packedHeader + frameBytes]byte
}

var bufferPool = sync.Pool{New: func() any { return new(buffers) }}

// packer gives what a reader gives, compressed.
type packer struct {
	ctx   context.Context
	r     io.Reader
	zip   *zstd.Encoder
	space *buffers
	rest  []byte // that is ready
	given int64  // by the reader
	err   error  // once the rest is read
}

func newPacker(ctx context.Context, r io.Reader) (*packer, error) {
	zip, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(pieceBytes))
	if err != nil {
		return nil, fmt.Errorf("job: compress the upload: %w", err)
	}
	return &packer{ctx: ctx, r: r, zip: zip, space: bufferPool.Get().(*buffers), rest: []byte(packedMagic)}, nil
}

// Read compresses a piece once what was ready is read.
func (p *packer) Read(to []byte) (n int, err error) {
	for len(p.rest) == 0 {
		if p.err != nil || len(to) == 0 {
			return 0, p.err
		}
		p.err = p.next()
	}
	n = copy(to, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// next makes the next piece ready, and returns the reader's end or error.
func (p *packer) next() error {
	if err := context.Cause(p.ctx); err != nil {
		return err
	}
	n, last, err := rule.ReadChunk(p.r, p.space.piece[:])
	if err != nil {
		return err
	}
	if n > 0 {
		packed := p.space.frame[:packedHeader]
		copy(packed, packedPiece)
		packed = p.zip.EncodeAll(p.space.piece[:n], packed)
		putLengths(packed, n, len(packed)-packedHeader)
		p.rest = packed
		p.given += int64(n)
	}
	if last {
		return io.EOF
	}
	return nil
}

// close gives the buffers back.
func (p *packer) close() { bufferPool.Put(p.space) }

// unpacker gives a stretch of a compressed upload.
type unpacker struct {
	ctx   context.Context
	in    io.ReadCloser // behind the beginning
	skip  int64         // what is to be left out first
	left  int64         // of the stretch; below 0 for all
	zip   *zstd.Decoder // nil before the first piece
	space *buffers      // likewise
	rest  []byte        // that is ready
	err   error         // for good
	at    pieceAt       // the next one
	// tell, unless nil, is told where each piece begins, before anything of it is read.
	tell func(pieceAt)
}

// Read decompresses a piece once what was ready is read.
func (u *unpacker) Read(to []byte) (n int, err error) {
	if err := context.Cause(u.ctx); err != nil {
		return 0, err
	}
	for len(u.rest) == 0 {
		switch {
		case u.err != nil:
			return 0, u.err
		case u.left == 0:
			return 0, io.EOF
		case len(to) == 0:
			return 0, nil
		}
		u.err = u.next()
	}
	n = copy(to, u.rest)
	u.rest = u.rest[n:]
	return n, nil
}

// next makes the next piece ready, or passes over it.
func (u *unpacker) next() error {
	if u.space == nil {
		u.space = bufferPool.Get().(*buffers)
	}
	header := u.space.frame[:packedHeader]
	switch n, err := io.ReadFull(u.in, header); {
	case errors.Is(err, io.EOF) && n == 0:
		return io.EOF
	case err != nil:
		return cutOff(err)
	}
	size, packed, ok := lengths(header)
	if !ok {
		return fmt.Errorf("%w: a piece of it has no beginning", errDamaged)
	}
	if u.tell != nil {
		u.tell(u.at)
	}
	u.at.Offset += int64(size)
	u.at.Packed += int64(packedHeader + packed)
	if u.skip >= int64(size) {
		u.skip -= int64(size)
		_, err := io.CopyN(io.Discard, u.in, int64(packed))
		return cutOff(err)
	}
	frame := u.space.frame[:packed]
	if _, err := io.ReadFull(u.in, frame); err != nil {
		return cutOff(err)
	}
	return u.unpack(frame, size)
}

// unpack decompresses a piece of that size.
func (u *unpacker) unpack(frame []byte, size int) (err error) {
	if u.zip == nil {
		if u.zip, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(pieceBytes), zstd.WithDecodeAllCapLimit(true)); err != nil {
			return fmt.Errorf("job: decompress the stored file: %w", err)
		}
	}
	piece, err := u.zip.DecodeAll(frame, u.space.piece[:0:size])
	if err != nil || len(piece) != size {
		return errors.Join(fmt.Errorf("%w: a piece of it can't be decompressed", errDamaged), err)
	}
	u.rest, u.skip = piece[u.skip:], 0
	if u.left >= 0 {
		u.rest = u.rest[:min(int64(len(u.rest)), u.left)]
		u.left -= int64(len(u.rest))
	}
	return nil
}

// cutOff is the error of reading a piece that should be there.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it is cut off", errDamaged)
	}
	return err
}

// Close lets go of the upload.
func (u *unpacker) Close() error {
	if u.space != nil {
		bufferPool.Put(u.space)
		u.space, u.rest = nil, nil
	}
	if u.zip != nil {
		u.zip.Close()
		u.zip = nil
	}
	u.err = errClosed
	return u.in.Close()
}
