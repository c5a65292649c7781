package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// settings are what the command line and the environment say.
type settings struct {
	file        string // "-" for standard input
	databaseURL string // empty for memory
	rejects     string // a path, empty for none
	superseded  string // likewise
	json, quiet bool
	options     importer.Options
}

var fields = []string{importer.FieldSKU, importer.FieldName, importer.FieldDescription, importer.FieldStatus}

// maxWriters is the most that importer.Options takes.
const maxWriters = 64

// newFlags returns the flags, which fill the settings.
func newFlags(s *settings) *flag.FlagSet {
	flags := flag.NewFlagSet("importcsv", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&s.databaseURL, "database-url", "", "the PostgreSQL `URL`; without it that in DATABASE_URL, and without that the import goes into memory")
	flags.TextVar(&s.options.Mode, "mode", products.Ignore, "what exists is left alone: ignore, or overwritten: update")
	flags.BoolVar(&s.options.DryRun, "dry-run", false, "find out what the import would do, and write nothing")
	flags.Func("extra", "columns that no field claims: `ignore` them, keep them as attributes, or reject the file (default ignore)", func(v string) (err error) {
		s.options.Extra, err = importer.ParseExtraMode(v)
		return err
	})
	flags.Func("delimiter", "the `character` between fields, the word tab, or auto: the one of , ; tab and | with which the records agree best (default auto)", func(v string) (err error) {
		s.options.Delimiter, err = importer.ParseDelimiter(v)
		return err
	})
	flags.Func("encoding", "the file's `encoding`: auto, utf-8, utf-16le, utf-16be, windows-1252 or iso-8859-1, which is never found by auto (default auto)", func(v string) (err error) {
		s.options.Encoding, err = importer.ParseEncoding(v)
		return err
	})
	flags.Func("header", "the first record names the columns: `auto` (it must have known names), yes, no (it is a product) or skip (it is passed over); without names the columns are "+strings.Join(importer.Positions, ",")+" (default auto)", func(v string) (err error) {
		s.options.Header, err = importer.ParseHeaderMode(v)
		return err
	})
	flags.Func("map", "`FIELD=COLUMN`: the column, by its name or its number from 1, of sku, name, description or status; may be repeated", s.addMapping)
	flags.StringVar(&s.options.Group, "group", "", "the `COLUMN`, by its name or its number, that a product's variants share: those without a name inherit it; none turns it off (default a column called Handle, Product Handle, slug or Parent)")
	flags.Func("writers", "how many connections write at the same `time`, 1 to 64 (default 2)", func(v string) (err error) {
		s.options.Writers, err = strconv.Atoi(v)
		if err != nil || s.options.Writers < 1 || s.options.Writers > maxWriters {
			return fmt.Errorf("want a number from 1 to %d", maxWriters)
		}
		return nil
	})
	flags.StringVar(&s.rejects, "rejects", "", "write the rejected records to this `FILE`, a CSV to be mended and imported again")
	flags.StringVar(&s.superseded, "superseded", "", "write to this `FILE`, a CSV, which records don't count because another one has the same SKU, and which one that is")
	flags.Func("max-rejects", "fail, and write nothing, when more records are rejected: a `count`, or a share like 2.5%", func(v string) error {
		limit, err := importer.ParseRejectLimit(v)
		s.options.MaxRejects = &limit
		return err
	})
	flags.BoolVar(&s.json, "json", false, "print the result as one JSON object")
	flags.BoolVar(&s.quiet, "quiet", false, "no progress bar and no summary")
	return flags
}

// parseArgs returns the settings, or an error of one line. Flags may stand before and behind the file.
func parseArgs(args []string, getenv func(string) string) (*settings, error) {
	s := &settings{}
	flags := newFlags(s)
	var files []string
	for {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		if flags.NArg() == 0 {
			break
		}
		files = append(files, flags.Arg(0))
		args = flags.Args()[1:]
	}
	switch len(files) {
	case 0:
		return nil, errors.New("name the file to import, or - for standard input")
	case 1:
		s.file = files[0]
	default:
		return nil, fmt.Errorf("one file at a time, not %d: %s", len(files), strings.Join(files, " "))
	}
	// Not the flag's default value, which the usage would show, password and all.
	given := false
	flags.Visit(func(f *flag.Flag) { given = given || f.Name == "database-url" })
	if !given {
		s.databaseURL = getenv("DATABASE_URL")
	}
	return s, nil
}

// addMapping takes one -map.
func (s *settings) addMapping(v string) error {
	field, column, ok := strings.Cut(v, "=")
	field, column = strings.TrimSpace(field), strings.TrimSpace(column)
	switch {
	case !ok || column == "":
		return errors.New("want FIELD=COLUMN, for example sku=Reference")
	case !slices.Contains(fields, field):
		return fmt.Errorf("there is no field %q: want one of %s", field, strings.Join(fields, ", "))
	case s.options.Map[field] != "":
		return fmt.Errorf("%s is mapped twice", field)
	}
	if s.options.Map == nil {
		s.options.Map = map[string]string{}
	}
	s.options.Map[field] = column
	return nil
}

// usage explains the program to w.
func usage(w io.Writer) {
	fmt.Fprint(w, "Usage: importcsv [flags] FILE\n\nImports a CSV file of products. FILE may be - for standard input.\n\n")
	flags := newFlags(&settings{})
	flags.SetOutput(w)
	flags.PrintDefaults()
}
