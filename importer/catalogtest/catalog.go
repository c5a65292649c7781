// Package catalogtest makes the catalogues that benchmarks and tests import: CSV files of any length, the same bytes on
// every machine, made on the fly.
//
// A file has the columns name,sku,description, CRLF behind every record and about 130 bytes a record. Half of the
// descriptions are quoted, with line breaks (LF), commas or doubled quotes in them. Of every 500,000 records 33,307
// repeat the SKU of an earlier one, evenly spread, some SKUs more than once. A record's name ends with its number, so
// no two records have the same content. A shorter file of a variant is the beginning of every longer one.
//
// A catalogue with fields has the columns price,stock,brand,ean,available_from behind these, and a file of stock has
// sku,stock alone; see [Schema].
package catalogtest

import (
	"io"

	"github.com/products-importer/products-importer/products"
)

// Header is the first line of every file, without its line break.
const Header = "name,sku,description"

// Of every per records so many repeat a SKU.
const (
	repeats = 33_307
	per     = 500_000
)

// Variant says which catalogue is made.
type Variant uint8

const (
	// Base is the catalogue. Its SKUs are four words joined by "-", in no order.
	Base Variant = iota
	// HalfNew has half of Base's SKUs (see Shared), every record with other content than in Base, and as many that Base
	// doesn't have. Its length should be Base's.
	HalfNew
	// Random is Base with SKUs of 32 random hexadecimal digits.
	Random
	// Changed has Base's SKUs, every record with other content than in Base.
	Changed
)

func (v Variant) String() string { return [...]string{"base", "halfnew", "random", "changed"}[v] }

// Write writes the catalogue Base with so many records, header not counted, to w.
func Write(w io.Writer, records int) error { return WriteVariant(w, records, Base) }

// WriteVariant writes a catalogue with so many records to w.
func WriteVariant(w io.Writer, records int, variant Variant) error {
	_, err := io.Copy(w, NewReader(records, variant))
	return err
}

// WriteClean writes the catalogue without the records that another one supersedes in the mode: what an import has to
// bring into an empty store, ready for COPY.
func WriteClean(w io.Writer, records int, variant Variant, mode products.Mode) error {
	r := NewReader(records, variant)
	r.keep = winners(records, mode)
	_, err := io.Copy(w, r)
	return err
}

// Distinct is the number of SKUs among the first records of any variant.
func Distinct(records int) int { return records - repeated(records) }

// Shared is the number of SKUs that the catalogues Base and HalfNew of this length have in common.
func Shared(records int) int { return (Distinct(records) + 1) / 2 }

// repeated is how many of the first records repeat a SKU.
func repeated(records int) int { return int(int64(records) * repeats / per) }

// ordinal says which SKU record i has, counted from 0 in the order of their first records, and whether an earlier
// record has it too.
func ordinal(i int) (n int, again bool) {
	n = Distinct(i)
	if repeated(i+1) == repeated(i) {
		return n, false
	}
	return int(mix(uint64(i)^seedRepeat) % uint64(n)), true
}

// winners returns a function that reports whether record i is the one of its SKU that counts.
func winners(records int, mode products.Mode) func(i int) bool {
	if mode == products.Ignore {
		return func(i int) bool {
			_, again := ordinal(i)
			return !again
		}
	}
	last := make(map[int]int, repeated(records)) // of SKUs with several records
	for i := range records {
		if n, again := ordinal(i); again {
			last[n] = i
		}
	}
	return func(i int) bool {
		n, _ := ordinal(i)
		winner, several := last[n]
		return !several || winner == i
	}
}
