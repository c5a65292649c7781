package importer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
)

// job is a block on its way through the parsers.
type job struct {
	block  block
	parsed parsed
	done   chan struct{} // holds a token once it is parsed
}

// pass reads the whole source and hands what it holds to handle, in the file's order and from this goroutine, while
// other goroutines scan and parse what follows. An error from handle ends it. A fixed number of blocks goes round, so
// the reading waits for whoever is slowest.
func (r *run) pass(ctx context.Context, handle func(*parsed) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	in, err := r.open(ctx)
	if err != nil {
		return err
	}
	// Closing twice is the price of ending a Read that hangs.
	stop := context.AfterFunc(ctx, func() { _ = in.Close() })
	defer func() { stop(); _ = in.Close() }()

	scan, first, err := r.begin(ctx, in)
	if err != nil {
		return r.readError(ctx, err)
	}
	jobs := r.options.Parsers + 2
	free, toParse, ordered := make(chan *job, jobs), make(chan *job, jobs), make(chan *job, jobs)
	for range jobs {
		free <- &job{done: make(chan struct{}, 1)}
	}

	var workers sync.WaitGroup
	var scanError error
	workers.Go(func() {
		defer close(toParse)
		defer close(ordered)
		scanError = r.scan(ctx, scan, first, free, func(j *job) { toParse <- j; ordered <- j })
	})
	for range r.options.Parsers {
		workers.Go(func() {
			for j := range toParse {
				r.parser.parse(&j.block, &j.parsed)
				j.done <- struct{}{}
			}
		})
	}
	var groups *groups // anew in each pass
	if r.variants {
		groups = newGroups()
	}
	for j := range ordered {
		<-j.done
		if err == nil {
			err = context.Cause(ctx)
		}
		if err == nil {
			if err = r.inherit(groups, &j.parsed); err == nil {
				err = handle(&j.parsed)
			}
			if err != nil {
				cancel(err)
			}
		}
		free <- j
	}
	workers.Wait()
	if err != nil {
		return err
	}
	if scanError != nil {
		return r.readError(ctx, scanError)
	}
	return r.sameBytes(scan)
}

// scan fills one free job after the other with a block and sends it on.
func (r *run) scan(ctx context.Context, scan *scanner, first *block, free <-chan *job, send func(*job)) error {
	for {
		var j *job
		select {
		case j = <-free:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if first != nil {
			j.block, first = *first, nil
		} else if err := scan.next(&j.block, math.MaxInt); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		send(j)
	}
}

// readError is what a failed Read means: the context's end, or trouble with the source.
func (r *run) readError(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if errors.Is(err, ErrInput) {
		return err
	}
	return fmt.Errorf("importer: read: %w", err)
}

// sameBytes compares what this pass read with what the first one did.
func (r *run) sameBytes(s *scanner) error {
	end := position{offset: s.offset, sum: s.sum}
	if r.end == nil {
		r.end = &end
	}
	if *r.end != end {
		return ErrSourceChanged
	}
	return nil
}

// position is a place in a file and the checksum of what is before it.
type position struct {
	offset int64
	sum    uint32
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

// begin looks at the beginning of the file and returns the scanner of its records. The first time it works out the
// mapping. A first record that is a product comes back as a block of its own.
func (r *run) begin(ctx context.Context, in io.Reader) (*scanner, *block, error) {
	text := bufio.NewReader(in)
	start, err := text.Peek(SniffBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	skip, err := sniff(start)
	if err != nil {
		return nil, nil, err
	}
	_, _ = text.Discard(skip) // it was peeked at
	s := newScanner(text, r.options.Delimiter, r.options.MaxRecordBytes)
	s.offset = int64(skip)

	first := &block{}
	if err := s.next(first, 1); errors.Is(err, io.EOF) {
		return nil, nil, inputError("it is empty")
	} else if err != nil {
		return nil, nil, err
	}
	if r.parser == nil {
		if err := r.mapColumns(first); err != nil {
			return nil, nil, err
		}
	}
	s.width = len(r.parser.columns)
	if r.options.Header == HeaderNo && !r.parser.isHeader {
		return s, first, nil
	}
	return s, nil, nil
}

// mapColumns works out the mapping from the first record, which stays as it is.
func (r *run) mapColumns(b *block) error {
	record := b.spans[0]
	if record.damage != "" {
		return inputError("its first line is no CSV record: it is longer than %d bytes, or a quote in it is out of place", r.options.MaxRecordBytes)
	}
	names := make([]string, record.width)
	for i := range names {
		f := b.fields[i]
		names[i] = string(b.buf[f.start:f.end])
		if f.escaped {
			names[i] = strings.ReplaceAll(names[i], `""`, `"`)
		}
	}
	m, err := mapColumns(names, &r.options)
	if err != nil {
		return err
	}
	r.parser = newParser(m, r.rule, r.options.MaxRecordBytes)
	r.result.Dialect = Dialect{Delimiter: string(r.options.Delimiter), Header: m.named, Columns: m.columns, Hints: m.hints}
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
