package importer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

// reading is a source on its way from the bytes to records.
type reading struct {
	plain   *Decompressed
	text    *textReader
	scanner *scanner
	behind  int64 // the last that source returned
}

// extent is what a whole file comes to: the bytes of it, those of its text, and the text's checksum.
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

func (r *run) open(ctx context.Context) (io.ReadCloser, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	in, err := r.source.Open(ctx)
	if err != nil {
		return nil, fmt.Errorf("importer: open: %w", err)
	}
	return in, nil
}

// begin looks at the beginning of the file and comes to its first record. The first time it works out the format and the
// mapping. A first record that is a product comes back as a block of its own.
func (r *run) begin(in io.Reader) (begun *reading, first *block, err error) {
	plain, err := Decompress(in, r.options.MaxDecompressedBytes)
	if err != nil {
		return nil, nil, err
	}
	n := &reading{plain: plain}
	defer func() {
		if err != nil {
			n.close()
		}
	}()
	buffer := bufio.NewReaderSize(plain, SniffBytes)
	start, err := buffer.Peek(SniffBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	if err := sniffText(start); err != nil {
		return nil, nil, err
	}
	if n.text, err = newTextReader(buffer, r.options.Encoding); err != nil {
		return nil, nil, err
	}
	n.scanner = newScanner(n.text, n.text.given, r.options.MaxRecordBytes)
	sample, err := n.scanner.peek(sampleBytes)
	if err != nil {
		return nil, nil, err
	}
	if r.detected == nil {
		d := detect(sample, len(sample) < sampleBytes, &r.options)
		r.detected = &d
	}
	if len(sample) < r.detected.skip {
		return nil, nil, ErrSourceChanged
	}
	n.scanner.use(r.detected.format)
	n.scanner.skip(r.detected.skip, r.detected.lines)
	first = &block{}
	if err := n.scanner.next(first, 1); errors.Is(err, io.EOF) {
		return nil, nil, inputError("it is empty")
	} else if err != nil {
		return nil, nil, err
	}
	if r.parser == nil {
		if err := r.mapColumns(first, n); err != nil {
			return nil, nil, err
		}
	}
	n.scanner.widths = [2]int{len(r.parser.columns), r.detected.width}
	if r.options.Header == HeaderNo && r.parser.rejects < 0 {
		return n, first, nil
	}
	return n, nil, nil
}

// mapColumns works out the mapping from the first record, which stays as it is.
func (r *run) mapColumns(b *block, n *reading) error {
	record := &b.spans[0]
	switch record.damage {
	case "":
	case CodeFieldCount:
		return inputError("its first record has more than the %d fields that are taken as columns", MaxColumns)
	default:
		return inputError("its first line is no CSV record: it is longer than %d bytes, or a quote in it is out of place", r.options.MaxRecordBytes)
	}
	m, err := mapColumns(b.names(record), &r.options)
	if err != nil {
		return err
	}
	r.parser = newParser(m, r.rule, r.options.MaxRecordBytes)
	d := r.detected
	r.result.Dialect = Dialect{Compression: n.plain.Compression(), Delimiter: string(d.comma), Quote: string(d.quote), Escape: string(d.quote),
		LineEnds: d.lineEnds, SkippedLines: d.lines, Header: m.named, Columns: m.columns, Hints: m.hints, Evidence: d.evidence}
	if d.backslash {
		r.result.Dialect.Escape = `\`
	}
	r.noteEncoding(n.text)
	if r.surveys {
		size := r.source.Size()
		if n.plain.Compression() != "" {
			size = -1 // of the text
		}
		r.survey = newSurvey(r.options.Mode, size, r.options.MaxDuplicates)
	}
	if r.options.OnHeader != nil {
		if err := r.options.OnHeader(m.header); err != nil {
			return err
		}
	}
	if r.options.OnDialect != nil {
		return r.options.OnDialect(r.result.Dialect)
	}
	return nil
}

// noteEncoding takes the encoding into the result, as far as it is known: that of a file that begins with ASCII may still
// be told by what follows.
func (r *run) noteEncoding(t *textReader) {
	r.result.Dialect.Encoding, r.result.Dialect.Evidence.Encoding = t.encoding.String(), t.evidence
}

// source returns how many of the file's bytes are behind the text's first end bytes, about: it was read ahead.
func (n *reading) source(end int64) int64 {
	if n.plain.Compression() != "" || n.text.decode != nil {
		read := extent{source: n.plain.Received(), text: max(n.text.given, end)}
		end = read.share(end)
	}
	n.behind = max(n.behind, end)
	return n.behind
}

// sameBytes compares what this pass read with what the first one did.
func (r *run) sameBytes(n *reading) error {
	end := extent{source: n.plain.Received(), text: n.scanner.offset, sum: n.scanner.sum}
	if r.end == nil {
		r.end = &end
		r.noteEncoding(n.text)
	}
	if *r.end != end {
		return ErrSourceChanged
	}
	return nil
}

// close frees what decompression holds. Nobody reads any more.
func (n *reading) close() { n.plain.Close() }
