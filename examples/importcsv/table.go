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
	"github.com/products-importer/products-importer/importer"
)

// tableSettings say which table of one's own is imported into.
type tableSettings struct {
	storeflags.Table
	describe bool
}

func (s *tableSettings) add(flags *envflags.Set) {
	s.Add(flags)
	flags.BoolVar(&s.describe, "describe", false,
		"print the fields of -table, as a fields file has them, and end; no FILE is needed")
}

// checkTable returns what is wrong with the flags together.
func (s *settings) checkTable(flags *envflags.Set) error {
	if s.table.Name == "" && s.table.describe && len(s.table.Key) == 0 {
		return errors.New("-describe is for -table, which is missing")
	}
	if err := s.table.Check(s.database.URL); err != nil || s.table.Name == "" {
		return err
	}
	if s.options.Missing != importer.MissingKeep {
		return errors.New("-missing is for products: of a table of one's own the importer doesn't know which rows the file " +
			"should have")
	}
	if s.database.Schema != "" {
		return errors.New("-schema is where the importer keeps its own tables: write -table SCHEMA.TABLE")
	}
	return nil
}

// openTable opens the table. Settings of columns of the key that -set gives are left to it.
func (s *settings) openTable(ctx context.Context) (table *postgres.Table, closeTable func() error, err error) {
	options, err := s.table.Options(s.options.Set)
	if err != nil {
		return nil, nil, err
	}
	for column := range options.Constants {
		delete(s.options.Set, column)
	}
	pool, err := postgres.NewPool(s.database.URL.Location(), max(s.options.Writers, 2)+1)
	if err != nil {
		return nil, nil, err
	}
	for {
		table, err = postgres.OpenTable(ctx, pool, options)
		columns := s.setUntaken(table, err)
		if len(columns) == 0 {
			break
		}
		for _, column := range columns {
			// What no record can have can still be the same in all new rows.
			options.Constants[column] = s.options.Set[column]
			delete(s.options.Set, column)
		}
	}
	if err != nil {
		return nil, nil, errors.Join(err, pool.Close())
	}
	s.fields.Schema = table.Schema()
	if err := s.check(); err != nil {
		return nil, nil, errors.Join(err, pool.Close())
	}
	return table, pool.Close, nil
}

// setUntaken returns columns that -set names and whose types can't be taken: the one that the table can't be opened
// without, or all those that it left out.
func (s *settings) setUntaken(table *postgres.Table, err error) (columns []string) {
	var untaken []string
	var unfit *postgres.TableError
	switch {
	case errors.As(err, &unfit):
		untaken = []string{unfit.Column}
	case err == nil:
		for _, left := range table.LeftOut() {
			untaken = append(untaken, left.Name)
		}
	}
	return slices.DeleteFunc(untaken, func(column string) bool {
		_, set := s.options.Set[column]
		return !set
	})
}

// tellLeftOut says which columns of the table no file can set.
func tellLeftOut(table *postgres.Table, stderr io.Writer) {
	var columns []string
	for _, left := range table.LeftOut() {
		columns = append(columns, left.String())
	}
	if len(columns) > 0 {
		fmt.Fprintf(stderr, "importcsv: no file can set these columns, whose types can't be taken: %s\n",
			strings.Join(columns, ", "))
	}
}

// tellTriggers says of which triggers of the table the dry run couldn't know what they do, if it found rows for them.
func tellTriggers(table *postgres.Table, result *importer.Result, stderr io.Writer) {
	judged := result.Rejects[importer.CodeCheck]+result.Rejects[importer.CodeForeignKey] > 0
	var names []string
	for _, t := range table.Triggers() {
		if t.Insert && (judged || result.Created > 0) || t.Update && (judged || result.Updated > 0) {
			names = append(names, t.Name)
		}
	}
	if len(names) > 0 {
		fmt.Fprintf(stderr, "importcsv: a dry run fires no triggers, so what these change or refuse isn't known: %s\n",
			strings.Join(names, ", "))
	}
}

// describeTable prints the table's fields.
func (s *settings) describeTable(ctx context.Context, w, stderr io.Writer) (err error) {
	table, closeTable, err := s.openTable(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeTable()) }()
	tellLeftOut(table, stderr)
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(table.Schema())
}
