package importer

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/bits"
	"slices"
	"sync"

	"github.com/products-importer/products-importer/importer/charset"
	"github.com/products-importer/products-importer/importer/decompress"
	"github.com/products-importer/products-importer/importer/dialect"
	"github.com/products-importer/products-importer/importer/internal/refuse"
	"github.com/products-importer/products-importer/products"
)

// input is a source that was opened, on its way from bytes to records. It is read once, by a plan that was made of it
// or of an earlier input of the same source.
type input struct {
	ctx     context.Context // ends with the input
	cancel  context.CancelCauseFunc
	stop    func() bool // keeps the end of ctx from closing the file
	file    io.ReadCloser
	content *decompress.Reader // of the file
	text    *charset.Reader    // of the content
	sum     *checksum          // of the text
	records *dialect.Reader    // of the text
	ahead   []*dialect.Block   // were read, and are yet to be parsed
	behind  int64              // the last that source returned
	jumped  bool               // what stands at the beginning was passed over
	tail    *tail              // of the file, where reading began in its middle; nil for all of it
	window  *window            // how much of the content is looked at; nil for all of it
}

// open opens the source and comes to the beginning of its text.
func (r *run) open(ctx context.Context) (*input, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	in := &input{window: r.window}
	in.ctx, in.cancel = context.WithCancelCause(ctx)
	file, err := r.source.Open(in.ctx)
	if err != nil {
		in.cancel(nil)
		return nil, fmt.Errorf("importer: open: %w", err)
	}
	in.keepFile(file)
	if err := in.decode(&r.options, r.schema); err != nil {
		err = in.readError(err)
		in.close()
		return nil, err
	}
	return in, nil
}

// keepFile makes the file the input's, which is closed with it.
func (in *input) keepFile(file io.ReadCloser) {
	in.file = file
	// Closing twice is the price of ending a Read that hangs.
	in.stop = context.AfterFunc(in.ctx, func() { _ = file.Close() })
}

// decode sets up the way from the file's bytes to records, and refuses what is no text.
func (in *input) decode(o *Options, schema *products.Schema) (err error) {
	if in.content, err = decompress.NewReader(in.file, o.MaxDecompressedBytes); err != nil {
		return err
	}
	var content io.Reader = in.content
	if in.window != nil {
		content = in.window.reader(content)
	}
	buffer := bufio.NewReaderSize(content, SniffBytes)
	start, err := buffer.Peek(SniffBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := sniffText(start); err != nil {
		return err
	}
	if o.Encoding == charset.Auto && isNoise(start) {
		return refuse.Errorf("it is binary, not text")
	}
	if in.text, err = charset.NewReader(buffer, o.Encoding); err != nil {
		return err
	}
	in.sum = newChecksum(in.text, in.text.Offset())
	in.records, err = dialect.NewReader(in.sum, o.dialect(schema, in.text.Offset()))
	return err
}

// close closes the file. Nobody reads any more.
func (in *input) close() {
	in.stop()
	in.cancel(nil)
	_ = in.file.Close()
	if in.content != nil {
		in.content.Close()
	}
}

// readFirst reads the first record, which may be the header.
func (in *input) readFirst() (*dialect.Block, error) {
	first := &dialect.Block{}
	switch err := in.records.ReadBlock(first); {
	case errors.Is(err, io.EOF):
		return nil, refuse.Errorf("it is empty")
	case err != nil:
		return nil, err
	}
	return first, nil
}

// next fills the block with the next records, and returns io.EOF when there are no more.
func (in *input) next(b *dialect.Block) error {
	if len(in.ahead) > 0 {
		*b, in.ahead = *in.ahead[0], in.ahead[1:]
		return nil
	}
	return in.records.ReadBlock(b)
}

// source returns how many of the file's bytes are behind the text's first end bytes, about: it was read ahead.
func (in *input) source(end int64) int64 {
	if in.content.Format() != decompress.None || in.text.Detected().Encoding != charset.UTF8 {
		read := extent{source: in.content.Received(), text: max(in.text.Offset(), end)}
		end = read.share(end)
	}
	in.behind = max(in.behind, end)
	return in.behind
}

// extent returns what the whole file came to, once it was read.
func (in *input) extent() extent {
	source := in.content.Received()
	if in.tail != nil {
		source = in.tail.end
	}
	return extent{source: source, text: in.records.InputOffset(), sum: in.sum.sum}
}

// encoding returns the encoding and its evidence, as far as they are known: where the text begins with ASCII, what
// follows may still decide.
func (in *input) encoding() (name, evidence string) {
	found := in.text.Detected()
	if found.Unknown {
		found.Evidence += ", so records beyond ASCII are rejected; give the encoding if it is known"
	}
	return found.Encoding.String(), found.Evidence
}

// readError returns what a failed read means: the context's end, or trouble with the source.
func (in *input) readError(err error) error {
	if cause := context.Cause(in.ctx); cause != nil {
		return cause
	}
	if errors.Is(err, ErrInput) || errors.Is(err, ErrSourceChanged) {
		return err
	}
	return fmt.Errorf("importer: read: %w", err)
}

// checksum reads a text and sums it up: CRC-32C shows whether two passes saw the same bytes.
// It remembers the sums at marks, from which it can go on.
type checksum struct {
	r   io.Reader
	at  int64 // offset in the text behind what was read
	sum uint32

	mu    sync.Mutex // guards marks
	marks []mark     // ascending
}

// mark is a place in the text: its beginning, where a checksum went on, or a multiple of markEvery.
type mark struct {
	at  int64
	sum uint32 // of what stands before it
}

// markEvery is that of an upload that is kept compressed, in which reading begins at such a multiple.
const markEvery = 1 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// newChecksum returns one of a text that begins at the offset.
func newChecksum(r io.Reader, at int64) *checksum {
	c := &checksum{r: r}
	c.goOn(at, 0)
	return c
}

// goOn goes on at an offset, in front of which is what has the sum.
func (c *checksum) goOn(at int64, sum uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.sum, c.marks = at, sum, []mark{{at, sum}}
}

func (c *checksum) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	for read := p[:n]; len(read) > 0; {
		part := read[:min(int64(len(read)), markEvery-c.at%markEvery)]
		c.sum = crc32.Update(c.sum, castagnoli, part)
		if c.at += int64(len(part)); c.at%markEvery == 0 {
			c.mu.Lock()
			c.marks = append(c.marks, mark{c.at, c.sum})
			c.mu.Unlock()
		}
		read = read[len(part):]
	}
	return n, err
}

// before returns the last mark at or before an offset that was read.
func (c *checksum) before(at int64) (offset int64, sum uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, found := slices.BinarySearchFunc(c.marks, at, func(m mark, at int64) int { return cmp.Compare(m.at, at) })
	if !found {
		i--
	}
	return c.marks[i].at, c.marks[i].sum
}

// extent is what a whole file comes to: its bytes, those of its text, and the text's checksum.
type extent struct {
	source, text int64
	sum          uint32
}

// share returns how many of the file's bytes the first n bytes of the text stand for. For a file that is neither
// compressed nor decoded that is n. It grows with n, to all of them at the end.
func (e *extent) share(n int64) int64 {
	if e.text == 0 {
		return 0
	}
	high, low := bits.Mul64(uint64(n), uint64(e.source))
	share, _ := bits.Div64(high, low, uint64(e.text))
	return int64(share)
}
