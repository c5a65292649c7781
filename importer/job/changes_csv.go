package job

import (
	"context"
	"encoding/csv"
	"io"
	"strconv"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// ChangesCSV writes the changes of the job that the query wants as CSV, with a header: a row for each field of a
// change, or for the one that is asked for, and one row where there is none. It returns how many changes there were.
// The values are as files have them, and those that a spreadsheet would run as a formula are escaped. The errors are
// those of EachChange, before anything is written where it has none.
func (s *Service) ChangesCSV(ctx context.Context, id string, query ChangeQuery, w io.Writer) (changes int64,
	err error) {
	settings := Settings{Fields: s.options.Fields}
	schema := settings.schema()
	out := csv.NewWriter(w)
	header := func() error {
		return out.Write([]string{"key", "kind", "field", "before", "after", "version", "reason"})
	}
	err = s.EachChange(ctx, id, query, func(c *Change, _ ChangePlace) (bool, error) {
		if changes == 0 {
			if err := header(); err != nil {
				return false, err
			}
		}
		changes++
		return true, c.writeCSV(out, schema, query.Field)
	})
	if err == nil && changes == 0 {
		err = header()
	}
	if err != nil {
		return changes, err
	}
	out.Flush()
	return changes, out.Error()
}

// writeCSV writes the rows of a change, of one field alone unless that is empty.
func (c *Change) writeCSV(out *csv.Writer, schema *products.Schema, only string) error {
	version := ""
	if c.Version != 0 {
		version = strconv.FormatInt(c.Version, 10)
	}
	row := func(f *FieldChange) error {
		cells := [2]string{}
		field := schema.Find(f.Name)
		for i, text := range []*string{f.Before, f.After} {
			switch {
			case text == nil:
			case field == nil:
				cells[i] = importer.EscapeFormula(*text)
			default:
				cells[i] = importer.Cell(field, *text)
			}
		}
		return out.Write([]string{importer.EscapeFormula(c.Key), string(c.Kind), importer.EscapeFormula(f.Name),
			cells[0], cells[1], version, c.Reason})
	}
	if len(c.Fields) == 0 {
		return row(&FieldChange{})
	}
	for i := range c.Fields {
		if f := &c.Fields[i]; only == "" || f.Name == only {
			if err := row(f); err != nil {
				return err
			}
		}
	}
	return nil
}
