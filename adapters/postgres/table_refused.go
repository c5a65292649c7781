package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/products-importer/products-importer/products"
)

// refusable reports whether the error may be that of a row which the table doesn't take: of its data, a constraint, or
// a trigger, which may raise any code.
func refusable(err error) bool {
	e := pq.As(err)
	if e == nil || passing(err) || lost(err) {
		return false
	}
	switch e.Code.Class() {
	case "0A", "25", "2D", "3B", "3D", "3F", "42", "55", "57", "58", "F0", "HV", "XX":
		return false
	}
	return true
}

// inParts writes n rows, in order. What is refused is tried again in halves, until the rows are found that are to
// blame, which refuse is called for.
func (w *batchWriter) inParts(ctx context.Context, t *transaction, n int, write func(from, to int) error,
	refuse func(i int, err error) error) error {
	if n == 0 {
		return nil
	}
	for open := [][2]int{{0, n}}; len(open) > 0; {
		part := open[len(open)-1]
		open = open[:len(open)-1]
		if _, err := t.raw.ExecContext(ctx, `SAVEPOINT part`); err != nil {
			return err
		}
		err := write(part[0], part[1])
		if err == nil {
			if _, err := t.raw.ExecContext(ctx, `RELEASE SAVEPOINT part`); err != nil {
				return err
			}
			continue
		}
		if !refusable(err) && !errors.Is(err, errLeftOut) {
			return err
		}
		if _, err := t.raw.ExecContext(ctx, `ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part`); err != nil {
			return err
		}
		if part[1]-part[0] == 1 {
			if err := refuse(part[0], err); err != nil {
				return err
			}
			continue
		}
		middle := (part[0] + part[1]) / 2
		open = append(open, [2]int{middle, part[1]}, [2]int{part[0], middle})
	}
	return nil
}

// leaveBroken notes the records that judges find broken, and returns the places of the others.
func (w *batchWriter) leaveBroken(ctx context.Context, t *transaction, places []int32, fresh bool) ([]int32, error) {
	broken, err := w.judgeRecords(ctx, t, places, fresh)
	if err != nil || len(broken) == 0 {
		return places, err
	}
	out := make(map[int]bool, len(broken))
	for _, b := range broken {
		out[b.rank] = true
		code := products.CodeCheck
		if b.judge.foreign {
			code = products.CodeForeignKey
		}
		w.noteRefused(places[b.rank], code, b.judge.name, b.judge.columns)
	}
	rest := make([]int32, 0, len(places)-len(out))
	for i, at := range places {
		if !out[i] {
			rest = append(rest, at)
		}
	}
	return rest, nil
}

// codes are those of the server that say what a row is refused for.
var codes = map[pqerror.Code]string{"23514": products.CodeCheck, "23503": products.CodeForeignKey,
	"23505": products.CodeUnique, "23P01": products.CodeExclusion, "23502": products.CodeNotNull}

// refuse notes that the table didn't take the record at a place. It returns errAgain where that is because of what
// others have written meanwhile.
func (w *batchWriter) refuse(ctx context.Context, t *transaction, at int32, cause error) error {
	e := pq.As(cause)
	if e == nil || e.Code == uniqueViolation {
		again, err := w.isOvertaken(ctx, t, at)
		if err != nil {
			return err
		}
		if again {
			return errAgain
		}
	}
	own := w.layout.own
	switch {
	case e == nil:
		w.note(at, products.CodeRefused, "", "a trigger left it out, without an error")
	case codes[e.Code] != "":
		columns := own.about[e.Constraint]
		if columns == nil && e.Column != "" {
			columns = []string{e.Column}
		}
		if columns == nil && e.Constraint == "" { // as where no partition takes a row
			w.note(at, codes[e.Code], "", e.Message)
			return nil
		}
		w.noteRefused(at, codes[e.Code], e.Constraint, columns)
	default:
		w.note(at, products.CodeRefused, own.fields[e.Column], e.Message)
	}
	return nil
}

// isOvertaken reports whether the record's row isn't any more what it was when it was probed.
func (w *batchWriter) isOvertaken(ctx context.Context, t *transaction, at int32) (bool, error) {
	w.reset()
	if err := w.addContent(&w.batch.Records[at]); err != nil {
		return false, err
	}
	u := w.unnested(nil)
	_, same := w.ownSame(&u)
	var exists, differs bool
	err := t.raw.QueryRowContext(ctx, `SELECT count(*) > 0, coalesce(bool_or((`+same+`) IS NOT TRUE), false) FROM `+u.table()+
		` JOIN `+w.layout.table.String()+` p ON `+w.matches(), u.args...).Scan(&exists, &differs)
	if w.result.Outcomes[at] == products.Created {
		return exists, err
	}
	return !exists || !differs, err
}

// what the codes are called in sentences.
var breaks = map[string]string{
	products.CodeCheck:      "breaks the constraint",
	products.CodeForeignKey: "refers to what isn't there, by the foreign key",
	products.CodeUnique:     "is what another row has already, by the unique key",
	products.CodeExclusion:  "conflicts with another row, by the constraint",
	products.CodeNotNull:    "must not be empty",
}

// noteRefused notes a record that breaks a constraint of these columns.
func (w *batchWriter) noteRefused(at int32, code, constraint string, columns []string) {
	names := make([]string, len(columns))
	for i, name := range columns {
		if names[i] = w.layout.own.fields[name]; names[i] == "" {
			names[i] = name
		}
	}
	field, subject := "", strings.Join(names, ", ")
	if len(columns) == 1 {
		field = w.layout.own.fields[columns[0]]
	}
	if subject == "" {
		subject = "it"
	}
	if len(columns) == 1 {
		if text, known := w.valueOf(at, field); known {
			subject += fmt.Sprintf(" %q", products.Shorten(text))
		}
	}
	problem := subject + " " + breaks[code]
	if constraint != "" {
		problem += " " + constraint
	}
	w.note(at, code, field, problem)
}

// valueOf returns what the record has for a field, if it has the field.
func (w *batchWriter) valueOf(at int32, field string) (text string, known bool) {
	r := &w.batch.Records[at]
	if field == w.layout.schema.Key().Name {
		return r.SKU, true
	}
	i := slices.IndexFunc(w.columns.Fields, func(f *products.Field) bool { return f.Name == field })
	if i < 0 || r.Values[i] == "" {
		return "", false
	}
	return r.Values[i], true
}

// note notes that the record at a place is refused.
func (w *batchWriter) note(at int32, code, field, problem string) {
	if w.result.Reasons == nil {
		w.result.Reasons = map[int]products.FieldError{}
	}
	w.result.Outcomes[at] = products.Refused
	w.result.Reasons[int(at)] = products.FieldError{Field: field, Code: code, Message: fmt.Sprintf(
		"the table %s refuses the row %q: %s", w.layout.own.label, products.Shorten(w.batch.Records[at].SKU),
		strings.TrimSuffix(clean(problem), "."))}
}
