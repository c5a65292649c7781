package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/products-importer/products-importer/importer/charset"
	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
)

// PreviewOptions are the settings of [Preview].
type PreviewOptions struct {
	// Options are those of the import that is looked ahead to. What is about writing has no effect, and none of the
	// functions is called.
	Options Options
	// KeyRule says which SKUs are the same: it is that of the store that the import is for.
	KeyRule products.KeyRule
	// Schema says which fields products have: it is that of the store. Nil is for that of products.Standard.
	Schema *products.Schema
	// Records is how many records are shown: 1 to 1,000, 0 for 20.
	Records int
}

// Previewed is how a file is read, by its beginning. What it says of what an import does is true for one with the same
// settings, where the file has no more than the beginning; else later records may still decide otherwise: on the
// formats of columns (Questions say so), the encoding, variants, or a column that seems to hold no yes and no.
//
// Its texts are valid UTF-8, long ones are cut, and its JSON has some 4 MiB at most, and a few KiB usually.
type Previewed struct {
	// Dialect says how the file is read, with the evidence; nil where it can't be read at all.
	Dialect *Dialect `json:"dialect"`
	// Columns are the first 1,000 of the file, and those behind them that set a field; MoreColumns is how many are left
	// out.
	Columns     []ColumnPreview `json:"columns"`
	MoreColumns int             `json:"more_columns,omitempty"`
	// Fields are those of the schema, the key first.
	Fields []FieldPreview `json:"fields"`
	// Missing are fields that need a column, and have none.
	Missing []MissingField `json:"missing"`
	// Questions have to be answered before the file can be imported, or, where Open, may have to be.
	Questions []PreviewQuestion `json:"questions"`
	// Hints are sentences about what looks like a mistake.
	Hints []string `json:"hints"`
	// Records are the first ones, as products or rejects.
	Records []PreviewRecord `json:"records"`
	// Problem is what stops an import with these settings; nil where nothing is known to.
	Problem *PreviewProblem `json:"problem"`
	// Fingerprint is that of the header.
	Fingerprint string `json:"fingerprint"`
	// BytesRead is how many bytes were looked at of the file without its compression, Whole that these are all.
	BytesRead int64 `json:"bytes_read"`
	Whole     bool  `json:"whole"`
}

// The codes of a PreviewProblem.
const (
	ProblemHeader   = "header"           // a column that is needed is missing, or isn't certain: see Missing
	ProblemQuestion = "question"         // a question has to be answered: see Questions
	ProblemRejects  = "too_many_rejects" // more records are rejected than may be
	ProblemTooLarge = "too_large"        // it is longer without its compression than it may be
	ProblemFile     = "not_importable"   // anything else that is wrong with the file
)

// PreviewProblem says why an import would fail.
type PreviewProblem struct {
	// Code is one of the constants.
	Code string `json:"code"`
	// Detail is the import's error: a sentence.
	Detail string `json:"detail"`
}

// PreviewQuestion is something that the file leaves open and somebody has to say.
type PreviewQuestion struct {
	// Parameter is the setting that answers it: number, date or encoding; or what it is about where the file or the
	// field has to be changed: currency or unit.
	Parameter string `json:"parameter"`
	// Field and Column are what it is about; nil where that is the whole file.
	Field  *string `json:"field"`
	Column *string `json:"column"`
	// Value is one of the values that can be read in several ways.
	Value string `json:"value"`
	// Readings are how it is read with each answer; none where no setting answers the question.
	Readings []PreviewReading `json:"readings"`
	// Detail is a sentence.
	Detail string `json:"detail"`
	// Open: what follows in the file may answer it.
	Open bool `json:"open,omitempty"`
}

// PreviewReading is how a value is read with an answer.
type PreviewReading struct {
	Answer string `json:"answer"`
	// Reads is "" where the value can't be read so.
	Reads string `json:"reads"`
}

// Preview reads the file's beginning, at most about the first MiB without its compression, and says how an import with
// the same options reads it: it decides by the same code. It needs no store, writes nothing, and doesn't close r, which
// it reads once.
//
// What is wrong with the file is no error but the result's Problem, and all that is known of the file is there all the
// same. Errors are an [*OptionError], those of r, and the context's cause; a Read that blocks should end with an error
// when the context ends. Its time and memory are bounded, whatever the file: usually some tens of milliseconds and
// 10 MiB.
func Preview(ctx context.Context, r io.Reader, options PreviewOptions) (*Previewed, error) {
	v, err := newPreviewer(ctx, r, options)
	if err != nil {
		return nil, err
	}
	err = v.preview(ctx)
	var question *charset.QuestionError
	if errors.As(err, &question) && v.run.options.Encoding == charset.Auto {
		// All else is shown as it is in the likeliest encoding.
		v.stop(err)
		v.out.Questions = append(v.out.Questions, encodingQuestion(question.Readings, question.Error(), false))
		v.run.options.Encoding = question.Readings[0].Encoding
		v.guessed = true
		err = v.preview(ctx)
	}
	return v.end(ctx, err)
}

// previewer makes a preview.
type previewer struct {
	run     *run
	rule    products.KeyRule
	most    int // records
	out     Previewed
	looked  []lookedAt
	first   error // the first that would end an import
	guessed bool  // the encoding is a guess
}

func newPreviewer(ctx context.Context, r io.Reader, o PreviewOptions) (*previewer, error) {
	const byDefault, atMost = 20, 1_000
	if o.Records == 0 {
		o.Records = byDefault
	}
	switch {
	case r == nil:
		return nil, errors.New("importer: nothing to preview")
	case o.Records < 1 || o.Records > atMost:
		return nil, fmt.Errorf("importer: PreviewOptions.Records must be between 1 and %d, not %d", atMost, o.Records)
	case !o.KeyRule.Valid():
		return nil, fmt.Errorf("importer: PreviewOptions.KeyRule is unknown: %d", o.KeyRule)
	}
	options := o.Options
	options.OnHeader, options.OnDialect, options.OnReject, options.OnSuperseded = nil, nil, nil, nil
	options.OnSkipped, options.Progress, options.Notifier, options.Stop = nil, nil, nil, nil
	options.Checkpoints, options.Parsers = Checkpoints{}, 1
	source := &beginning{r: contextReader{ctx, r}, most: previewRaw}
	run, err := newRun(source, options, o.Schema)
	if err != nil {
		return nil, err
	}
	run.window = &window{size: previewBytes}
	v := &previewer{run: run, rule: o.KeyRule, most: o.Records}
	v.out = Previewed{Columns: []ColumnPreview{}, Missing: []MissingField{}, Questions: []PreviewQuestion{},
		Hints: []string{}, Records: []PreviewRecord{}}
	v.out.Fields = (&mapping{}).fieldPreviews(run.schema, &run.options)
	return v, nil
}

// preview goes the way of an import: open, plan, find out the formats, and check. The error is the one that ends it.
func (v *previewer) preview(ctx context.Context) error {
	in, err := v.run.open(ctx)
	if err != nil {
		return err
	}
	p, failed := v.run.plan(in, v.rule)
	in.close()
	if p == nil {
		return failed
	}
	v.out.Dialect = &p.dialect
	if p.mapping.schema == nil { // its first record is damaged
		return failed
	}
	if in, err = v.run.reopen(ctx, p); err == nil {
		v.looked, err = p.look(in)
		if found := in.text.Detected(); len(found.Readings) > 0 && err == nil {
			ask := &charset.QuestionError{Readings: found.Readings}
			v.out.Questions = append(v.out.Questions, encodingQuestion(found.Readings, ask.Error(), true))
		}
	}
	v.describe(p, failed)
	if failed == nil && err == nil {
		err = v.check(ctx, p)
	}
	if failed != nil {
		return failed
	}
	return err
}

// describe says what the columns are.
func (v *previewer) describe(p *plan, failed error) {
	m := v.knowing(p.mapping)
	v.out.Missing = v.out.Missing[:0]
	if failed != nil {
		v.out.Missing = append(v.out.Missing, m.missing(failed, v.looked, v.run.window.whole, &v.run.options)...)
	}
	v.columns(m)
	if m.hasHeader {
		names := make([]string, len(m.columns))
		for i, c := range m.columns {
			names[i] = c.Name
		}
		v.out.Fingerprint = Fingerprint(names)
	}
}

// knowing returns the mapping with what was seen of the columns' values.
func (v *previewer) knowing(m *mapping) *mapping {
	knows := *m
	knows.looked = make(map[int]traits, len(v.looked))
	for i := range v.looked {
		knows.looked[i] = v.looked[i].traits
	}
	return &knows
}

// columns says what becomes of the columns.
func (v *previewer) columns(m *mapping) {
	v.out.Columns, v.out.MoreColumns = m.previews(v.looked, &v.run.options)
	v.out.Fields = m.fieldPreviews(v.run.schema, &v.run.options)
}

// check finds out the formats of the columns, and makes products of the records, as [run.inspect] and [checker.pass]
// do.
func (v *previewer) check(ctx context.Context, p *plan) error {
	var err error
	if !p.mapping.surveys() {
		p, _ = p.decide(p.parser.newSurveys(), false)
	} else if p, err = v.formats(ctx, p, false); err != nil {
		return err
	}
	inherits := false
	for {
		in, err := v.run.reopen(ctx, p)
		if err != nil {
			return err
		}
		seen := &checkedRecords{most: v.most, plan: p}
		_, err = p.pass(in, v.run.options.Parsers, inherits, false, seen.take)
		switch {
		case errors.Is(err, errVariants):
			inherits = true
			continue
		case errors.Is(err, errFormats):
			if p, err = v.formats(ctx, p, true); err != nil {
				return err
			}
			continue
		case errors.Is(err, errBeyond):
			err = nil
		}
		v.out.Records = append(v.out.Records[:0], seen.records...)
		d := p.dialect
		d.Encoding, d.Evidence.Encoding = in.encoding()
		v.out.Dialect = &d
		v.columns(p.mapping)
		if err == nil {
			err = v.judge(seen)
		}
		return err
	}
}

// formats finds out the formats of the columns. Those with a question are read as far as they need no answer.
func (v *previewer) formats(ctx context.Context, p *plan, whole bool) (*plan, error) {
	in, err := v.run.reopen(ctx, p)
	if err != nil {
		return nil, err
	}
	next, questions, err := v.run.ask(ctx, p, in, whole)
	if err != nil || len(questions) == 0 {
		return next, err
	}
	if !whole {
		return v.formats(ctx, p, true) // for what else there is to ask
	}
	open := !v.run.window.whole
	for _, q := range questions {
		v.out.Questions = append(v.out.Questions, formatQuestion(q, open && !q.Final))
		if open && !q.Final {
			continue
		}
		v.stop(&QuestionError{Questions: questions})
	}
	return next, next.assume(questions)
}

// assume gives the columns with a question a format that reads what has no need of an answer.
func (p *plan) assume(questions []*spelling.Question) (err error) {
	parser := p.parser
	for i := range p.mapping.targets {
		t := &p.mapping.targets[i]
		if t.column < 0 || parser.formats[i] != nil {
			continue
		}
		var found spelling.Description
		for _, q := range questions {
			if q.Field == t.field.Name && q.Kind == spelling.KindCurrency && len(q.Values) > 0 {
				found.Currency = q.Values[0].Text
			}
		}
		heading := p.mapping.columns[t.column].Name
		if parser.formats[i], err = spelling.Known(t.field, heading, t.settings, found); err != nil {
			return err
		}
	}
	return nil
}

// stop notes why an import would fail, if that is the first reason.
func (v *previewer) stop(err error) {
	if v.first == nil {
		v.first = err
	}
}

// judge decides on the records as a whole.
func (v *previewer) judge(seen *checkedRecords) error {
	m, d := seen.plan.mapping, v.out.Dialect
	d.Hints = append(slices.Clip(d.Hints), m.hintOddities(seen.odd)...)
	if seen.lackKey > 0 && seen.lackKey == seen.read {
		d.Hints = append(d.Hints, v.knowing(m).lacksKey(seen.read)...)
	}
	r := v.run
	r.result.Read, r.result.PassedOver = 0, seen.passed
	if seen.read == 0 && r.window.whole {
		d.Hints = append(d.Hints, Hint{Text: r.nothingChanged()})
	}
	l := r.options.MaxRejects
	if l.exceeded(seen.rejected, seen.read) && (r.window.whole || l.Share == 0) {
		return l.tooMany(seen.rejected, seen.read)
	}
	return nil
}

// end completes the preview. The error is the one that would end an import.
func (v *previewer) end(ctx context.Context, err error) (*Previewed, error) {
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	if errors.Is(err, errBeyond) {
		err = nil
		v.out.Hints = append(v.out.Hints, "its first record doesn't end in the part of the file that is looked at here, so "+
			"nothing can be shown of it")
	}
	if err != nil && !errors.Is(err, ErrInput) && !errors.Is(err, ErrTooManyRejects) {
		return nil, err
	}
	if err != nil {
		v.stop(err)
	}
	out, w := &v.out, v.run.window
	if out.Dialect != nil && out.Dialect.Columns == nil {
		out.Dialect.Columns = []Column{}
	}
	out.BytesRead, out.Whole = w.read, w.whole
	if d := out.Dialect; d != nil {
		bounded := d.Bounded(previewDialect)
		if out.Dialect = &bounded; v.guessed {
			bounded.Evidence.Encoding = "not UTF-8, and may be in several encodings; shown in the likeliest"
		}
		for _, hint := range bounded.Hints {
			out.Hints = append(out.Hints, hint.Text)
		}
	}
	if v.first != nil {
		out.Problem = problemFor(v.first)
	}
	return out, nil
}

// previewDialect is how many bytes the dialect's JSON has at most, about.
const previewDialect = 64 << 10

// problemFor says why an import would fail.
func problemFor(err error) *PreviewProblem {
	code := ProblemFile
	var header *HeaderError
	var format *QuestionError
	var encoding *charset.QuestionError
	switch {
	case errors.As(err, &header):
		code = ProblemHeader
	case errors.As(err, &format), errors.As(err, &encoding):
		code = ProblemQuestion
	case errors.Is(err, ErrTooManyRejects):
		code = ProblemRejects
	case errors.Is(err, ErrTooLarge):
		code = ProblemTooLarge
	}
	const longest = 2_000 // characters
	return &PreviewProblem{Code: code, Detail: truncate(printable(err.Error()), longest)}
}

// formatQuestion is a question about the format of a column. Open says that what follows may answer it.
func formatQuestion(q *spelling.Question, open bool) PreviewQuestion {
	field, column := q.Field, shown(q.Column)
	p := PreviewQuestion{Parameter: q.Kind, Field: &field, Readings: []PreviewReading{}, Open: open,
		Detail: truncate(printable(q.Text), 1_000)}
	if column != "" {
		p.Column = &column
	}
	if len(q.Values) > 0 {
		p.Value = shown(q.Values[0].Text)
	}
	for _, r := range q.Readings {
		p.Readings = append(p.Readings, PreviewReading{Answer: r.Answer, Reads: r.Reads})
	}
	if open {
		p.Detail += " (seen so far: what follows in the file may decide it)"
	}
	return p
}

// encodingQuestion is a question about the file's encoding.
func encodingQuestion(readings []charset.Reading, detail string, open bool) PreviewQuestion {
	p := PreviewQuestion{Parameter: "encoding", Readings: []PreviewReading{}, Open: open,
		Detail: truncate(printable(detail), 1_000)}
	for i, r := range readings {
		if i == 0 {
			p.Value = shown(r.Text)
		}
		p.Readings = append(p.Readings, PreviewReading{Answer: r.Encoding.String(), Reads: shown(r.Text)})
	}
	if open {
		p.Detail += " (seen so far: what follows in the file may decide it)"
	}
	return p
}
