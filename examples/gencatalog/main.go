// Command gencatalog writes the catalogue that the benchmarks import to standard output:
//
//	go run ./examples/gencatalog -records 500000 > catalog.csv
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/products-importer/products-importer/importer/catalogtest"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit status: 0 for success, 1 for failure, 2 for wrong usage.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("gencatalog", flag.ContinueOnError)
	flags.SetOutput(stderr)
	records := flags.Int("records", 500_000, "how many records, at most 2,000,000,000")
	name := flags.String("variant", catalogtest.Base.String(), "base; halfnew: half the SKUs of base, half new ones; random: other SKUs")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	variant, known := map[string]catalogtest.Variant{
		catalogtest.Base.String():    catalogtest.Base,
		catalogtest.HalfNew.String(): catalogtest.HalfNew,
		catalogtest.Random.String():  catalogtest.Random,
	}[*name]
	switch {
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "gencatalog: unexpected argument %q\n", flags.Arg(0))
		return 2
	case *records < 0 || *records > 2_000_000_000:
		fmt.Fprintf(stderr, "gencatalog: -records must be between 0 and 2,000,000,000, not %d\n", *records)
		return 2
	case !known:
		fmt.Fprintf(stderr, "gencatalog: -variant must be base, halfnew or random, not %q\n", *name)
		return 2
	}
	if err := catalogtest.WriteVariant(stdout, *records, variant); err != nil {
		fmt.Fprintf(stderr, "gencatalog: %v\n", err)
		return 1
	}
	return 0
}
