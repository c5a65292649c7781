package dialect_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/products-importer/products-importer/importer/dialect"
)

// A dirty file: it has Excel's first line, and quotes that are out of place or never closed.
const dirty = "sep=;\r\nsku;name;price\r\n1;Lamp;9,50\r\n2;\"Table, \"\"big\"\"\";120\r\n3;5\" pipe;1\r\n4;\"Chair;49\r\n5;Desk;99\r\n"

func ExampleReader() {
	r, err := dialect.NewReader(strings.NewReader(dirty), dialect.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for record, err := range r.All() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("line %d, offset %d: %q %v\n", record.Line, record.Offset, record.Strings(), record.Err)
	}
	// Output:
	// line 2, offset 7: ["sku" "name" "price"] <nil>
	// line 3, offset 23: ["1" "Lamp" "9,50"] <nil>
	// line 4, offset 36: ["2" "Table, \"big\"" "120"] <nil>
	// line 5, offset 60: ["3" "5\" pipe" "1"] a quote is out of place or never closed
	// line 6, offset 73: [] a quote is out of place or never closed
	// line 7, offset 86: ["5" "Desk" "99"] <nil>
}

func ExampleDetect() {
	sample := "Products of 2024\n\nsku;name;price\n1;Lamp;1,50\n2;Desk;99,00\n"
	found, err := dialect.Detect([]byte(sample), true, dialect.Options{
		Header: func(_ int, fields []string) (known int, certain bool) {
			for _, field := range fields {
				if field == "sku" || field == "name" {
					known++
				}
			}
			return known, false
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q, behind %d lines\n%s\n", found.Dialect.Delimiter, found.SkippedLines, found.Evidence.Delimiter)
	// Output:
	// ';', behind 2 lines
	// 3 of 3 records looked at have 3 fields, and there is a header with known names
}

// Who only looks at fields takes half of the time of encoding/csv.
func ExampleRecord_Field() {
	r, err := dialect.NewReader(strings.NewReader("sku\tstock\na\t7\nb\t0\nc\t12\n"), dialect.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for record, err := range r.All() {
		if err != nil {
			log.Fatal(err)
		}
		if record.Len() == 2 && string(record.Field(1)) == "0" {
			fmt.Printf("line %d: %s is out of stock\n", record.Line, record.Field(0))
		}
	}
	// Output:
	// line 3: b is out of stock
}
