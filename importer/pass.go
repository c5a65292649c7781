package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
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

	reading, first, err := r.begin(in)
	if err != nil {
		return r.readError(ctx, err)
	}
	defer reading.close()
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
		scanError = r.scan(ctx, reading, first, free, func(j *job) { toParse <- j; ordered <- j })
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
	return r.sameBytes(reading)
}

// scan fills one free job after the other with a block and sends it on.
func (r *run) scan(ctx context.Context, reading *reading, first *block, free <-chan *job, send func(*job)) error {
	for {
		var j *job
		select {
		case j = <-free:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if first != nil {
			j.block, first = *first, nil
		} else if err := reading.scanner.next(&j.block, math.MaxInt); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		j.block.encoding, j.block.source = reading.text.encoding, reading.source(j.block.end)
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
