package main

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/examples/fieldflags"
	"github.com/products-importer/products-importer/examples/storeflags"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/charset"
	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
)

// settings are what the command line and the environment say.
type settings struct {
	file        string // "-" for standard input
	database    storeflags.Settings
	rejects     string // a path, empty for none
	superseded  string // likewise
	skipped     string // likewise
	changes     string // likewise
	undo        string // the ID of an import, empty for none
	json, quiet bool
	fields      fieldflags.Settings
	table       tableSettings
	options     importer.Options
	log         *slog.Logger // what the database and an undo have to tell
}

const importUsage = `Usage: importcsv [flags] FILE

Imports a CSV file of products. FILE may be - for standard input.

  importcsv catalog.csv
      into memory, to see what it would give
  importcsv -database-url sqlite:products.db -mode update -rejects rejects.csv catalog.csv
  importcsv -fields fields.json -mode existing stock.csv
      columns sku and stock, of products that exist
  importcsv -database-url sqlite:products.db -missing deactivate -scope supplier=acme -dry-run acme.csv
      what the supplier doesn't list any more, tried out
  importcsv -database-url postgres://localhost/shop -table shop.items -key tenant_id,code -set tenant_id=7 items.csv
      into a table of one's own
  importcsv -database-url sqlite:products.db -mode update -changes changes.csv catalog.csv
  importcsv -database-url sqlite:products.db -undo 0197d3f0-5a4c-7b21-9c5e-2f6d1a0b3c4d
      keep what an import changes, and take it back by the ID that the first one prints
  importcsv -fields fields.json -map price="Net price" -set currency=EUR -number price=, catalog.csv
`

// newFlags returns the flags, which fill the settings.
func newFlags(s *settings) *envflags.Set {
	flags := envflags.New("importcsv", importUsage)
	flags.Group("Where it goes")
	s.database.Add(flags, "memory:")
	s.database.AddNoMigrate(flags)
	s.database.AddDistribute(flags)
	s.fields.Add(flags)
	s.table.add(flags)
	s.addImport(flags)
	flags.Group("How the file is read")
	s.addReading(flags)
	flags.Group("What comes of it")
	s.addReports(flags)
	return flags
}

// addImport adds the flags about what an import does.
func (s *settings) addImport(flags *envflags.Set) {
	flags.TextVar(&s.options.Mode, "mode", products.Ignore,
		"the `mode`: ignore leaves alone what exists; update overwrites it; existing is update for what exists, and "+
			"leaves the rest alone, so that a file of prices needs no names")
	flags.BoolVar(&s.options.DryRun, "dry-run", false, "find out what the import would do, and write nothing")
	flags.Func("writers", "how many connections write at the same time: `N` of them, 1 to 64 (default 2)",
		func(v string) (err error) {
			if s.options.Writers, err = strconv.Atoi(v); err != nil || s.options.Writers == 0 {
				return errors.New("want a number from 1 on")
			}
			return nil
		})
	flags.Func("max-rejects",
		"fail, and write nothing, when more records are rejected: a `count`, or a share like 2.5%",
		func(v string) error {
			s.options.MaxRejects = new(importer.RejectLimit)
			return s.options.MaxRejects.UnmarshalText([]byte(v))
		})
	flags.TextVar(&s.options.Missing, "missing", importer.MissingKeep,
		"what happens to products that the file doesn't have: a `word`, keep, deactivate or delete")
	flags.Func("max-missing",
		"fail, and write nothing, when more products are missing: a `count`, or a share like 2.5% (default 5%)",
		func(v string) error {
			s.options.MaxMissing = new(importer.MissingLimit)
			return s.options.MaxMissing.UnmarshalText([]byte(v))
		})
	flags.Func("scope",
		"`FIELD=VALUE`: only such products may be missing, as supplier=acme or price__gte=10 says; may be repeated",
		func(filter string) error {
			s.options.Scope = append(s.options.Scope, filter)
			return nil
		})
}

// addReading adds the flags about the file.
func (s *settings) addReading(flags *envflags.Set) {
	flags.TextVar(&s.options.Extra, "extra", importer.ExtraIgnore,
		"a `word` about columns that no field claims: ignore them, keep them as attributes, or reject the file")
	flags.Func("leave-out",
		"the `COLUMN`, by its name or its number, is neither kept nor a reason to reject the file, whatever -extra says; "+
			"may be repeated",
		func(column string) error {
			if strings.TrimSpace(column) == "" {
				return errors.New("want a column, for example -leave-out Colour")
			}
			s.options.LeaveOut = append(s.options.LeaveOut, column)
			return nil
		})
	flags.TextVar(&s.options.Delimiter, "delimiter", importer.Delimiter(0),
		"the `character` between fields, the word tab, or auto: the one of , ; tab and | with which the records agree "+
			"best")
	flags.TextVar(&s.options.Quote, "quote", importer.Quote(0),
		"the `character` around fields, \" or ', or none: quotes are characters like others, or auto: what is used")
	flags.TextVar(&s.options.Encoding, "encoding", charset.Auto,
		"the file's `encoding`: auto, which finds utf-8, utf-16le, utf-16be and windows-1252, or any other by its name: "+
			"windows-1250, iso-8859-15, macintosh, ibm852, koi8-r, shift_jis, gb18030, big5, euc-kr ...")
	flags.TextVar(&s.options.Header, "header", importer.HeaderAuto,
		"a `word` about whether the first record names the columns: auto (it must have known names), yes, no (it is a "+
			"product) or skip (it is passed over); without names the columns are name,sku,description, "+
			"or those of -map alone")
	flags.Func("map",
		"`FIELD=COLUMN`: the column of a field, by its name or its number from 1, or none; may be repeated",
		func(v string) error {
			field, column, ok := strings.Cut(v, "=")
			if column = strings.TrimSpace(column); !ok || column == "" {
				return errors.New("want FIELD=COLUMN, for example sku=Reference")
			}
			return assign(&s.options.Map, field, column)
		})
	flags.Func("set", "`FIELD=VALUE`: the same in every record, whatever the file has; may be repeated",
		func(v string) error {
			field, value, ok := strings.Cut(v, "=")
			if !ok {
				return errors.New("want FIELD=VALUE, for example currency=EUR")
			}
			return assign(&s.options.Set, field, value)
		})
	flags.Var(&s.options.Numbers, "number",
		"`FIELD=SIGN`: the sign before the decimals, a comma or a point, where the file's numbers can be read in two "+
			"ways; may be repeated")
	flags.Var(&s.options.Dates, "date",
		"`FIELD=ORDER`: ymd, dmy or mdy, where the file's dates can be read in two ways; may be repeated")
	flags.TextVar(&s.options.Zone, "zone", spelling.Zone{},
		"the time `zone` of times that don't say theirs, such as Europe/Berlin")
	flags.StringVar(&s.options.Group, "group", "",
		"the `COLUMN`, by its name or its number, that a product's variants share: those without a name inherit it; "+
			"none turns it off (default a column such as Handle, handleId, slug or Parent)")
}

// addReports adds the flags about what the program says and writes.
func (s *settings) addReports(flags *envflags.Set) {
	flags.StringVar(&s.rejects, "rejects", "",
		"write the rejected records to this `FILE`, a CSV to be mended and imported again")
	flags.StringVar(&s.superseded, "superseded", "",
		"write to this `FILE`, a CSV, which records don't count because another one has the same SKU, and which one "+
			"that is")
	flags.StringVar(&s.skipped, "skipped", "",
		"write to this `FILE`, a CSV, which records the mode leaves alone, and on which line they are")
	flags.StringVar(&s.changes, "changes", "",
		"write to this `FILE`, a CSV, what becomes of each product, field by field, before and after; the import is "+
			"kept among the others of the database then, so that it can be undone by the ID that is printed")
	flags.StringVar(&s.undo, "undo", "",
		"take back what the import with this `ID` did, where nobody has changed it since; with -dry-run only say what "+
			"that would be; no FILE is needed")
	flags.BoolVar(&s.json, "json", false, "print the result as one JSON object")
	flags.BoolVar(&s.quiet, "quiet", false, "no progress bar and no summary")
}

// parse sets the settings, or returns an error of one line for flags.Report.
func (s *settings) parse(flags *envflags.Set, args []string, getenv func(string) string) error {
	files, err := flags.Parse(args, getenv)
	switch {
	case err != nil:
		return err
	case flags.Given("undo"):
		return s.checkUndo(flags, files)
	case len(files) == 0 && !s.table.describe:
		return errors.New("name the file to import, or - for standard input")
	case len(files) > 1:
		return fmt.Errorf("one file at a time, not %d: %s", len(files), strings.Join(files, " "))
	}
	if err := cmp.Or(s.checkReports(), s.checkTable(flags), s.checkDatabase()); err != nil {
		return err
	}
	if len(files) > 0 {
		s.file = files[0]
	}
	if s.table.Name != "" && s.changes != "" {
		return errors.New("-changes is for products: of a table of one's own the importer keeps no changes")
	}
	if s.table.Name != "" { // its fields are known once it is open
		return nil
	}
	if err := s.check(); err != nil {
		return err
	}
	if s.options.Missing != importer.MissingKeep && !s.database.URL.Stored() {
		return errors.New("-missing is for a database: in memory there is nothing that could be missing; name one with " +
			"-database-url")
	}
	return nil
}

// checkReports returns what is wrong with the names of reports.
func (s *settings) checkReports() error {
	for _, report := range [][2]string{{"rejects", s.rejects}, {"superseded", s.superseded}, {"skipped", s.skipped},
		{"changes", s.changes}} {
		if report[1] == "-" {
			return fmt.Errorf("-%s - would be standard output, where the result goes: name a file", report[0])
		}
	}
	return nil
}

// checkDatabase returns what is wrong with what is asked of the database.
func (s *settings) checkDatabase() error {
	if s.options.DryRun && s.database.Distribution.String() != "" {
		return fmt.Errorf("-dry-run writes nothing, and %s may move all products: leave one of them out",
			s.database.Named("distribute"))
	}
	return nil
}

// optionFlags has the flags of the options that are checked once all flags are known, since they depend on the fields.
var optionFlags = map[string]string{"Writers": "-writers", "Map": "-map", "Set": "-set", "Numbers": "-number",
	"Dates": "-date", "Extra": "-extra",
	"Missing": "-missing", "MaxMissing": "-max-missing", "Scope": "-scope"}

// check returns what is wrong with the options, by the names of their flags.
func (s *settings) check() error {
	schema := s.fields.Schema
	names := []string{schema.Key().Name}
	for _, f := range schema.All() {
		names = append(names, f.Name)
	}
	for _, given := range []struct {
		flag   string
		fields iter.Seq[string]
	}{
		{"-map", maps.Keys(s.options.Map)}, {"-set", maps.Keys(s.options.Set)},
		{"-number", maps.Keys(s.options.Numbers)}, {"-date", maps.Keys(s.options.Dates)},
	} {
		for _, field := range slices.Sorted(given.fields) {
			if !slices.Contains(names, field) {
				return fmt.Errorf("%s %s: there is no field %[2]q: want one of %s", given.flag, products.Shorten(field),
					strings.Join(names, ", "))
			}
		}
	}
	for _, field := range slices.Sorted(maps.Keys(s.options.Set)) {
		if column, mapped := s.options.Map[field]; mapped && column != importer.MapNone {
			return fmt.Errorf("-set and -map both name %s: the file's column, or the same in every record?", field)
		}
	}
	var bad *importer.OptionError
	if errors.As(s.options.Validate(schema), &bad) {
		if bad.Field == "Extra" && s.table.Name != "" {
			return fmt.Errorf("-extra can't keep other columns: the table %s has no place for them", s.table.Name)
		}
		return fmt.Errorf("%s %s", optionFlags[bad.Field], bad.Message)
	}
	return nil
}

// assign gives a field a column or a value, once.
func assign(to *map[string]string, field, value string) error {
	field = strings.TrimSpace(field)
	if _, twice := (*to)[field]; twice {
		return fmt.Errorf("%s is given twice", products.Shorten(field))
	}
	if *to == nil {
		*to = map[string]string{}
	}
	(*to)[field] = value
	return nil
}
