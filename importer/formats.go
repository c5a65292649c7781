package importer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/products-importer/products-importer/importer/dialect"
	"github.com/products-importer/products-importer/importer/spelling"
)

// How columns spell numbers and dates is found out in passes of their own, so that a check or an import knows it before
// it reads a value: at first from the beginning of the file. Where a later value is evidence that the beginning did not
// have (errFormats), all of the file is surveyed, and the check begins again. So a file whose beginning decides, or
// whose values need no decision, is not read more often.

// errFormats ends a pass: a value is evidence that the formats were decided without.
var errFormats = errors.New("importer: the formats of columns have to be found out anew")

// errSurveyed ends a survey that needs no more of the file.
var errSurveyed = errors.New("importer: surveyed")

// QuestionError says that columns can be read in several ways, and what to say about them. It is an ErrInput.
type QuestionError struct {
	// Questions are at least one, in the order of the schema's fields.
	Questions []*spelling.Question
}

func (e *QuestionError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the file %v: ", ErrInput)
	for i, q := range e.Questions {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(q.Text)
	}
	return b.String()
}

func (e *QuestionError) Unwrap() error { return ErrInput }

// newSurveys returns a survey for each target that has a column.
func (p *parser) newSurveys() []*spelling.Survey {
	surveys := make([]*spelling.Survey, len(p.mapping.targets))
	for i := range p.mapping.targets {
		if t := &p.mapping.targets[i]; t.column >= 0 {
			surveys[i] = spelling.NewSurvey(t.field, p.mapping.columns[t.column].Name, t.settings)
		}
	}
	return surveys
}

// survey surveys the cells of a block's records.
func (p *parser) survey(b *dialect.Block, out *parsed) {
	out.block, out.text, out.surveys = b, b.Text(), p.newSurveys()
	out.items, out.rejects, out.refused = out.items[:0], out.rejects[:0], false
	for i := range b.Len() {
		r := out.raw(i)
		if b.Span(i).Damage != dialect.Intact || p.shape(&r) != nil || p.passes(&r, p.keyOf(&r)) != passNone {
			continue
		}
		out.refused = out.refused || p.refused(&r)
		for j, s := range out.surveys {
			if s != nil && !p.leavesTo(&p.mapping.targets[j], &r) {
				s.Add(r.value(p.mapping.targets[j].column), r.line)
			}
		}
	}
}

// survey finds out how the input's columns spell their values, of its first block or of the whole, and closes it. The
// plan that it returns knows.
func (r *run) survey(ctx context.Context, p *plan, in *input, whole bool) (*plan, error) {
	next, questions, err := r.ask(ctx, p, in, whole)
	switch {
	case err != nil:
		return nil, err
	case len(questions) > 0:
		return nil, &QuestionError{Questions: questions}
	}
	return next, nil
}

// ask is survey with the questions that remain: those of the whole, or of the first block if one of them is final. The
// plan doesn't know the formats of their columns.
func (r *run) ask(ctx context.Context, p *plan, in *input, whole bool) (*plan, []*spelling.Question, error) {
	surveys := p.parser.newSurveys()
	blocks, refused := 0, false
	_, err := p.surveyPass(in, r.options.Parsers, func(block *parsed) error {
		for i, s := range surveys {
			if s != nil {
				s.Merge(block.surveys[i])
			}
		}
		refused = refused || block.refused
		if blocks++; !whole {
			return errSurveyed
		}
		if r.stopped() {
			return ErrStopped
		}
		return nil
	})
	if errors.Is(err, errBeyond) {
		err = nil // that is all there is to see
	}
	if err != nil && !errors.Is(err, errSurveyed) {
		return nil, nil, err
	}
	if whole = whole || err == nil; whole && !refused {
		if p, surveys, err = p.leaveMeaningless(surveys, &r.options); err != nil {
			return nil, nil, err
		}
	}
	next, questions := p.decide(surveys, whole)
	if whole || len(questions) == 0 || slices.ContainsFunc(questions, isFinal) {
		return next, questions, nil
	}
	if in, err = r.reopen(ctx, p); err != nil {
		return nil, nil, err
	}
	return r.ask(ctx, p, in, true)
}

func isFinal(q *spelling.Question) bool { return q.Final }

// decide returns a plan with the formats that the surveys tell, or the questions that they leave.
func (p *plan) decide(surveys []*spelling.Survey, whole bool) (*plan, []*spelling.Question) {
	parser := *p.parser
	parser.formats, parser.decided = make([]*spelling.Format, len(surveys)), whole
	parser.noWords = make([]wordKinds, len(surveys))
	next := *p
	next.parser = &parser
	next.dialect.Columns, next.dialect.Hints = slices.Clone(p.mapping.columns), slices.Clip(p.mapping.hints)
	var questions []*spelling.Question
	for i, s := range surveys {
		if s == nil {
			continue
		}
		format, question := s.Decide()
		if question != nil {
			questions = append(questions, question)
			continue
		}
		parser.formats[i] = format
		if d := format.Describe(); d != (spelling.Description{}) {
			next.dialect.Columns[p.mapping.targets[i].column].Format = &d
			if d.Yes != "" {
				next.dialect.Hints = append(next.dialect.Hints, p.mapping.hintLetters(&p.mapping.targets[i], &d))
			}
		}
	}
	return &next, questions
}

// surveys reports whether the formats of some columns have to be found out.
func (m *mapping) surveys() bool {
	for i := range m.targets {
		if m.targets[i].column >= 0 && spelling.Varies(m.targets[i].field) {
			return true
		}
	}
	return false
}
