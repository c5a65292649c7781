package importer

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/products-importer/products-importer/importer/dialect"
)

// blockJob is a block on its way through the parsers.
type blockJob struct {
	block  dialect.Block
	parsed parsed
	done   chan struct{} // holds a token once it is parsed
}

// pass reads an input to its end, closes it, and returns what the file came to. It hands the records to handle, in the
// file's order and from this goroutine, while other goroutines scan and parse what follows. An error from handle ends
// it. A fixed number of blocks goes round, so the reading waits for whoever is slowest. inherits says that records may
// inherit; where one wants to and they may not, the error is errVariants.
//
// A value that is evidence about the format of its column ends it with errFormats. So does a word of a boolean that is
// unknown where none before it was known, unless the input begins in the middle of a file that was checked. keeps says
// that handle keeps records: else their values are overwritten by those of later blocks.
func (p *plan) pass(in *input, parsers int, inherits, keeps bool, handle func(*parsed) error) (extent, error) {
	return p.passWith(in, parsers, newMemory(inherits), keeps, handle)
}

// memory is what a pass remembers of records for those behind them.
type memory struct {
	groups *groups // nil where no record inherits
	views  storeViews
	// before, unless nil, is given each block before anything of it is remembered.
	before func(*parsed)
}

func newMemory(inherits bool) *memory {
	m := &memory{}
	if inherits {
		m.groups = newGroups()
	}
	return m
}

// passWith is a pass that remembers something from the beginning.
func (p *plan) passWith(in *input, parsers int, m *memory, keeps bool, handle func(*parsed) error) (extent, error) {
	words := slices.Clone(p.parser.noWords)
	parse := func(b *dialect.Block, out *parsed) {
		out.keeps = keeps
		p.parser.parse(b, out)
	}
	return in.each(parsers, parse, func(out *parsed) error {
		if m.before != nil {
			m.before(out)
		}
		if p.mapping.kinds.view >= 0 {
			p.parser.passViews(&m.views, out)
		}
		err := p.parser.inherit(m.groups, out)
		if err == nil && (out.undecided || !p.parser.decided && !in.jumped && meaningless(words, out.words)) {
			err = errFormats
		}
		if err != nil {
			return err
		}
		return handle(out)
	})
}

// surveyPass is a pass that surveys cells instead of parsing records.
func (p *plan) surveyPass(in *input, parsers int, handle func(*parsed) error) (extent, error) {
	return in.each(parsers, p.parser.survey, handle)
}

// each reads the input to its end, closes it, lets work work on its blocks, some side by side, and hands what came of
// them to handle, in the file's order.
func (in *input) each(parsers int, work func(*dialect.Block, *parsed), handle func(*parsed) error) (extent, error) {
	defer in.close()
	jobs := parsers + 2
	free, toParse, ordered := make(chan *blockJob, jobs), make(chan *blockJob, jobs), make(chan *blockJob, jobs)
	for range jobs {
		free <- &blockJob{done: make(chan struct{}, 1)}
	}

	var workers sync.WaitGroup
	var scanError error
	workers.Go(func() {
		defer close(toParse)
		defer close(ordered)
		scanError = in.scan(free, func(j *blockJob) { toParse <- j; ordered <- j })
	})
	for range parsers {
		workers.Go(func() {
			for j := range toParse {
				work(&j.block, &j.parsed)
				j.done <- struct{}{}
			}
		})
	}
	var err error
	for j := range ordered {
		<-j.done
		if err == nil {
			err = context.Cause(in.ctx)
		}
		if err == nil {
			if err = handle(&j.parsed); err != nil {
				in.cancel(err)
			}
		}
		free <- j
	}
	workers.Wait()
	if err != nil {
		return extent{}, err
	}
	if scanError != nil {
		return extent{}, in.readError(scanError)
	}
	return in.extent(), nil
}

// scan fills one free job after the other with a block and sends it on.
func (in *input) scan(free <-chan *blockJob, send func(*blockJob)) error {
	for {
		var j *blockJob
		select {
		case j = <-free:
		case <-in.ctx.Done():
			return context.Cause(in.ctx)
		}
		if err := in.next(&j.block); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		j.parsed.encoding, j.parsed.source = in.text.Detected().Encoding, in.source(j.block.End())
		send(j)
	}
}
