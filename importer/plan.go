package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/products-importer/products-importer/importer/decompress"
	"github.com/products-importer/products-importer/importer/dialect"
	"github.com/products-importer/products-importer/importer/internal/refuse"
	"github.com/products-importer/products-importer/products"
)

// plan is how a file is read, and what becomes of its columns. It is made once, of the file's beginning, and never
// changes: every pass over the file goes by it.
type plan struct {
	detected dialect.Detected
	mapping  *mapping
	parser   *parser
	// dialect is all this for users, as far as the file's beginning decides it.
	dialect Dialect
	// headless: the first record is a product.
	headless bool
	// size is how long the text is about, -1 where it isn't known.
	size int64
}

// plan makes the plan of an input, calls OnHeader, and leaves the input before its first product. With an error it may
// return a part of the plan, as newPlan does.
func (r *run) plan(in *input, rule products.KeyRule) (*plan, error) {
	p, err := newPlan(in, &r.options, r.schema, rule)
	if err != nil {
		return p, in.readError(err)
	}
	if p.size = r.source.Size(); in.content.Format() != decompress.None {
		p.size = -1
	}
	if r.options.OnHeader != nil {
		if err := r.options.OnHeader(p.mapping.header); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// announce calls OnDialect.
func (r *run) announce(p *plan) error {
	r.result.Dialect = p.dialect
	if r.options.OnDialect == nil {
		return nil
	}
	return r.options.OnDialect(p.dialect)
}

// newPlan makes the plan of an input. With an error too it returns the plan, as far as it came, once the dialect is
// known; such a plan has no parser.
func newPlan(in *input, o *Options, schema *products.Schema, rule products.KeyRule) (*plan, error) {
	detected, err := in.records.Detected()
	if err != nil {
		return nil, err
	}
	first, err := in.readFirst()
	if err != nil {
		return nil, err
	}
	p := &plan{detected: detected, mapping: &mapping{}}
	if err = damagedFirst(first.Span(0), o); err == nil {
		p.mapping, err = mapColumns(first.Strings(0), o, schema, in.peek)
		p.headless = o.Header == HeaderNo && p.mapping.rejects < 0
	}
	if err == nil && !p.headless && p.mapping.rejects < 0 {
		err = p.mapping.compare(&detected.Shape)
	}
	if err == nil {
		p.setParser(first.Span(0), rule, o)
	}
	p.dialect = newDialect(&detected, p.mapping)
	p.dialect.Compression = string(in.content.Format())
	p.dialect.Encoding, p.dialect.Evidence.Encoding = in.encoding()
	p.begin(in, first)
	return p, err
}

// damagedFirst returns an error for a first record that is none.
func damagedFirst(first *dialect.Span, o *Options) error {
	switch first.Damage {
	case dialect.Intact:
		return nil
	case dialect.TooManyFields:
		return refuse.Errorf("its first record has more than the %d fields that are taken as columns", dialect.MaxFields)
	case dialect.TooLong:
		return refuse.Errorf("line %d, its first record, has more than %d bytes: it is no CSV file, or has other "+
			"line ends", first.Line, o.MaxRecordBytes)
	}
	return refuse.Errorf("a quote in line %d, its first record, is out of place or never closed; if quotes are "+
		"characters of its fields, say that it has none (quote none)", first.Line)
}

// setParser makes the parser of a plan whose columns are mapped. The first record may be the header.
func (p *plan) setParser(first *dialect.Span, rule products.KeyRule, o *Options) {
	m, detected := p.mapping, &p.detected
	p.parser = newParser(m, rule, o.MaxRecordBytes)
	p.parser.quotes = detected.NeverQuotes
	p.parser.delimiter = string(rune(detected.Dialect.Delimiter))
	p.parser.even, p.parser.exact = detected.Shape.Even, detected.Shape.Exact && m.rejects < 0
	if n := detected.BareQuotes; n > 0 {
		m.hints = append(m.hints, Hint{Text: fmt.Sprintf("quotes damage records that are in order without them: %d at the "+
			"file's beginning; if its fields never stand in quotes, say so (quote none)", n)})
	}
	if m.hasHeader {
		p.parser.headerKey = m.columns[m.key].Name
	}
	if m.hasHeader && m.rejects < 0 {
		p.parser.below = first.LastLine + 1
	}
}

// newDialect returns what is known of the dialect from the text.
func newDialect(found *dialect.Detected, m *mapping) Dialect {
	quote := Quote(found.Dialect.Quote).String()
	d := Dialect{Delimiter: string(found.Dialect.Delimiter), Quote: quote, Escape: quote, LineEnds: found.LineEnds,
		SkippedLines: found.SkippedLines,
		Header:       m.hasHeader, Columns: m.columns, Hints: m.hints,
		Evidence: Evidence{Delimiter: found.Evidence.Delimiter, Quote: found.Evidence.Quote,
			LineEnds: found.Evidence.LineEnds}}
	if found.Dialect.Backslash {
		d.Escape = `\`
	}
	return d
}

// compare returns an error where no record fits the header, and adds a hint where many have fewer fields. One record
// says nothing about the file.
func (m *mapping) compare(s *dialect.Shape) error {
	columns := len(m.columns)
	others := fmt.Sprintf("%d fields", s.Narrowest)
	if s.Widest > s.Narrowest {
		others = fmt.Sprintf("%d to %d fields", s.Narrowest, s.Widest)
	} else if s.Widest == 1 {
		others = "a single field"
	}
	header := fmt.Sprintf("header has %d columns", columns)
	if columns == 1 {
		header = "header has a single column"
	}
	switch {
	case s.Records < 2:
	case s.Narrowest > columns:
		return refuse.Errorf("its %s, but every record has %s: either the delimiter is a part of "+
			"values without quotes around them, such as decimal commas, or the header lacks columns", header, others)
	case s.Widest < m.need && s.Widest == s.Narrowest:
		return refuse.Errorf("its %s, but every record has %s and ends before the column %s", header, others,
			m.columns[m.need-1].shortLabel())
	case s.Widest < columns:
		m.hints = append(m.hints, Hint{Text: fmt.Sprintf("the %s, but every record has %s; "+
			"the columns behind them are taken as missing", header, others)})
	case s.Shorter > 0 && !s.Even:
		m.hints = append(m.hints, Hint{Text: fmt.Sprintf("%d of %d records looked at have fewer fields than the header; "+
			"the columns behind them are taken as missing", s.Shorter, s.Records)})
	}
	return nil
}

// begin leaves the first record to be parsed, if it is a product.
func (p *plan) begin(in *input, first *dialect.Block) {
	if p.headless {
		in.ahead = slices.Insert(in.ahead, 0, first)
	}
}

// reopen opens the source again, for another pass, and goes on to its first product.
func (r *run) reopen(ctx context.Context, p *plan) (*input, error) {
	in, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	err = in.records.Use(p.detected)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = ErrSourceChanged
	}
	var first *dialect.Block
	if err == nil {
		first, err = in.readFirst()
	}
	if err != nil {
		err = in.readError(err)
		in.close()
		return nil, err
	}
	p.begin(in, first)
	return in, nil
}
