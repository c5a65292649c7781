// Command gencatalog writes the catalogue that the benchmarks import to standard output:
//
//	go run ./examples/gencatalog -records 500000 > catalog.csv
//	go run ./examples/gencatalog -columns fields > catalog.csv   # with those of importer/catalogtest/fields.json
//	go run ./examples/gencatalog -columns stock > stock.csv      # for its products, a tenth of it changed
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/products-importer/products-importer/examples/errorline"
	"github.com/products-importer/products-importer/examples/version"
	"github.com/products-importer/products-importer/importer/catalogtest"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("gencatalog", flag.ContinueOnError)
	flags.SetOutput(stderr)
	records := flags.Int("records", 500_000, "`N` records, at most 2,000,000,000")
	name := flags.String("variant", catalogtest.Base.String(),
		"the `variant`: base; halfnew: half the SKUs of base, half new ones; random: other SKUs; "+
			"changed: the SKUs of base, all with other content")
	columns := flags.String("columns", "standard",
		"the `columns`: standard: name,sku,description; fields: price,stock,brand,ean,available_from behind them; "+
			"stock: sku,stock of the base variant, a tenth of it changed")
	asked := false
	version.Add(flags, &asked)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return errorline.Success
		}
		return errorline.Usage
	}
	if asked {
		fmt.Fprintln(stdout, version.Line("gencatalog"))
		return errorline.Success
	}
	misused := func(format string, args ...any) int {
		return errorline.Misused(stderr, "gencatalog", fmt.Errorf(format, args...))
	}
	variant, known := map[string]catalogtest.Variant{
		catalogtest.Base.String():    catalogtest.Base,
		catalogtest.HalfNew.String(): catalogtest.HalfNew,
		catalogtest.Random.String():  catalogtest.Random,
		catalogtest.Changed.String(): catalogtest.Changed,
	}[*name]
	switch {
	case flags.NArg() > 0:
		return misused("unexpected argument %q", flags.Arg(0))
	case *records < 0 || *records > 2_000_000_000:
		return misused("-records must be between 0 and 2,000,000,000, not %d", *records)
	case !known:
		return misused("-variant must be base, halfnew, random or changed, not %q", *name)
	}
	var catalog *catalogtest.Reader
	switch *columns {
	case "standard":
		catalog = catalogtest.NewReader(*records, variant)
	case "fields":
		catalog = catalogtest.NewFieldsReader(*records, variant)
	case "stock":
		if variant != catalogtest.Base {
			return misused("-columns stock is for the variant base alone")
		}
		catalog = catalogtest.NewStockReader(*records)
	default:
		return misused("-columns must be standard, fields or stock, not %q", *columns)
	}
	if _, err := io.Copy(stdout, catalog); err != nil {
		return errorline.Fail(stderr, "gencatalog", err)
	}
	return errorline.Success
}
