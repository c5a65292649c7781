package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/examples/storeflags"
)

// tableSettings say which table of one's own is imported into.
type tableSettings struct {
	name     string
	key      []string // all columns of the unique key
	describe bool
}

func (s *tableSettings) add(flags *envflags.Set) {
	flags.StringVar(&s.name, "table", "",
		"import into the table of that `name` in PostgreSQL, such as shop.items, which is there already and whose "+
			"columns are the fields; nothing but its rows is changed")
	flags.Func("key", "the `COLUMNS` of a unique key of -table, with commas between them: one comes from the file, the "+
		"others have a value by -set", func(text string) error {
		s.key = nil
		for name := range strings.SplitSeq(text, ",") {
			if name = strings.TrimSpace(name); name == "" || slices.Contains(s.key, name) {
				return errors.New("want one column, or several different ones: tenant_id,code")
			}
			s.key = append(s.key, name)
		}
		return nil
	})
	flags.BoolVar(&s.describe, "describe", false,
		"print the fields of -table, as a fields file has them, and end; no FILE is needed")
}

// checkTable returns what is wrong with the flags together.
func (s *settings) checkTable(flags *envflags.Set) error {
	t := &s.table
	switch {
	case t.name == "" && len(t.key) > 0:
		return errors.New("-key is for -table, which is missing")
	case t.name == "" && t.describe:
		return errors.New("-describe is for -table, which is missing")
	case t.name == "":
		return nil
	case len(t.key) == 0:
		return errors.New("-table needs a unique key: name its columns with -key")
	case s.database.URL.Kind != storeflags.PostgreSQL:
		return errors.New("-table is of PostgreSQL: name its database, postgres://user:password@host/name, with " +
			"-database-url or DATABASE_URL")
	case flags.Given("fields"):
		return errors.New("-table has its own fields, so leave out -fields")
	case s.database.Schema != "":
		return errors.New("-schema is where the importer keeps its own tables: write -table SCHEMA.TABLE")
	}
	return nil
}

// openTable opens the table. Settings of columns of the key that -set gives are left to it.
func (s *settings) openTable(ctx context.Context) (table *postgres.Table, closeTable func() error, err error) {
	options := postgres.TableOptions{Name: s.table.name, Constants: map[string]string{}}
	for _, column := range s.table.key {
		value, constant := s.options.Set[column]
		switch {
		case constant:
			options.Constants[column] = value
			delete(s.options.Set, column)
		case options.Key == "":
			options.Key = column
		default:
			return nil, nil, fmt.Errorf("-key has %s and %s from the file: give all of its columns but one a value with -set",
				options.Key, column)
		}
	}
	if options.Key == "" {
		return nil, nil, errors.New("-set gives all columns of -key a value: one of them has to come from the file")
	}
	pool, err := postgres.NewPool(s.database.URL.Location(), max(s.options.Writers, 2)+1)
	if err != nil {
		return nil, nil, err
	}
	table, err = postgres.OpenTable(ctx, pool, options)
	if err != nil {
		return nil, nil, errors.Join(err, pool.Close())
	}
	s.fields.Schema = table.Schema()
	if err := s.check(); err != nil {
		return nil, nil, errors.Join(err, pool.Close())
	}
	return table, pool.Close, nil
}

// describeTable prints the table's fields.
func (s *settings) describeTable(ctx context.Context, w io.Writer) (err error) {
	table, closeTable, err := s.openTable(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeTable()) }()
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(table.Schema())
}
