package importer_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
)

// polluted is a file to be polluted: its records as text, and the products that they are.
type polluted struct {
	records   []string
	marks     []map[string][]int // of each record, where its delimiters are, and the quotes around its fields
	products  []string           // "sku|name|description"
	delimiter string
	end       string
}

// newPolluted makes a file of 20 to 60 records. In a file that quotes some values have to be quoted, in one that
// doesn't no value has to.
func newPolluted(rng *rand.Rand) *polluted {
	c := &polluted{delimiter: []string{",", ";", "\t", "|"}[rng.IntN(4)], end: []string{"\n", "\r\n"}[rng.IntN(2)]}
	quoting := rng.IntN(3) // never, where needed, always
	columns := 3 + rng.IntN(4)
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	text := func() string {
		t := pick("Lamp", "Desk", "Tür", "Vase") + pick("", " of oak", " of glass, red", " 24 cm", "; new", " (set)")
		if quoting > 0 {
			t += pick("", "", "", " \"XL\"", "\nand more", "\r\nand more")
		}
		return t
	}
	write := func(fields []string) {
		record, marks := "", map[string][]int{}
		for i, f := range fields {
			if i > 0 {
				marks[c.delimiter] = append(marks[c.delimiter], len(record))
				record += c.delimiter
			}
			if quoting == 2 || strings.ContainsAny(f, c.delimiter+"\"\r\n") {
				f = `"` + strings.ReplaceAll(f, `"`, `""`) + `"`
				marks[`"`] = append(marks[`"`], len(record), len(record)+len(f)-1)
			}
			record += f
		}
		c.records, c.marks = append(c.records, record), append(c.marks, marks)
	}
	write([]string{"sku", "name", "description", "price", "color", "stock"}[:columns])
	for i := range 20 + rng.IntN(40) {
		fields := []string{fmt.Sprintf("S-%03d", i), text(), text(), fmt.Sprintf("%d.%02d", rng.IntN(100), rng.IntN(100)),
			pick("red", "blue", ""), fmt.Sprint(rng.IntN(9))}[:columns]
		if quoting == 0 {
			for j := range fields {
				fields[j] = strings.ReplaceAll(fields[j], c.delimiter, " ")
			}
		}
		c.products = append(c.products, strings.Join(fields[:3], "|"))
		write(slices.Clone(fields))
	}
	return c
}

// TestPollution: a delimiter, a quote or a line end of one record that is changed costs that record alone: all others
// are read as they were, and it is rejected or what it was. One whose line end is lost takes the next one along.
func TestPollution(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	kinds, altered := map[string]int{}, 0
	for n := range 1_500 {
		c := newPolluted(rng)
		at := 1 + rng.IntN(len(c.records)-1) // never the header
		record, kind := c.records[at], ""
		records := slices.Clone(c.records)
		ends := slices.Repeat([]string{c.end}, len(records))
		// swap replaces one of the places where old is.
		swap := func(old, by string) {
			places := c.marks[at][old]
			if len(places) == 0 {
				return
			}
			from := places[rng.IntN(len(places))]
			records[at] = record[:from] + by + record[from+len(old):]
			kind = fmt.Sprintf("%q for %q", by, old)
		}
		lost := 1
		switch rng.IntN(3) {
		case 0:
			swap(c.delimiter, []string{"", " ", ":", c.delimiter + c.delimiter, c.end}[rng.IntN(5)])
		case 1:
			swap(`"`, []string{"", "'", `""`}[rng.IntN(3)])
		case 2:
			ends[at] = []string{"\n", "\r\n", "\r", "", c.end + c.end}[rng.IntN(5)]
			kind = fmt.Sprintf("end %q for %q", ends[at], c.end)
			if ends[at] == "" {
				lost = 2
			}
		}
		if kind == "" {
			continue
		}
		kinds[kind]++
		var text strings.Builder
		for i := range records {
			text.WriteString(records[i] + ends[i])
		}
		got, result := productsOf(t, text.String(), importer.Options{})
		for i, want := range c.products {
			if i+1 >= at && i+1 < at+lost {
				continue
			}
			require.True(t, slices.Contains(got, want), "%d: %s in record %d: %q isn't there\n%q\n%v", n, kind, at, want,
				records[max(0, at-1):min(at+3, len(records))], result.Rejects)
		}
		for _, p := range got {
			if !slices.Contains(c.products, p) {
				t.Logf("%d: %s: %q for %q\n%q", n, kind, p, c.products[at-1], records[at])
				altered++
			}
		}
	}
	require.GreaterOrEqual(t, len(kinds), 20, "%v", kinds)
	// A text with a delimiter and a line end in it may make a record of the first line, once the quote before it is lost.
	require.LessOrEqual(t, altered, 1)
}
