package storetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/products-importer/products-importer/products"
)

// RandomSchema returns a schema with up to ten fields of one's own, of all types and with many kinds of rules and
// settings, for tests whose promises hold whatever the fields are.
func RandomSchema(rng *rand.Rand) *products.Schema {
	own := make([]products.Field, rng.IntN(11))
	for i := range own {
		own[i] = randomField(rng, i)
	}
	s, err := products.NewSchema(own...)
	if err != nil {
		panic(err) // the generator is wrong
	}
	return s
}

// randomRules are rules of which at least a share of the values that RandomValue makes keeps each, by type.
var randomRules = map[products.Type][]string{
	products.Text: {"", "required", "max=20", "min=2,max=40", "required,max=100", "oneof=EUR USD 'no currency'", "ne=x",
		"gt=1,lt=30", "excludes=z"},
	products.Integer:   {"", "required", "gte=0", "gt=-100,lt=1000000", "oneof=1 2 3", "ne=0"},
	products.Decimal:   {"", "required", "gte=0", "gt=-100.005,lte=99999.99", "oneof=0 1", "ne=0"},
	products.Boolean:   {"", "required", "eq=true"},
	products.Date:      {"", "required", "gte=1900-01-01", "lt=2100-01-01"},
	products.Timestamp: {"", "required", "gte=1900-01-01T00:00:00Z", "lt=2100-01-01T00:00:00+01:00"},
	products.List:      {"", "required", "max=3", "min=2,unique", "dive,max=30", "max=4,dive,min=2"},
}

// randomField returns the field of a number. Its name tells its type and scale, which so are the same wherever a field
// has that name.
func randomField(rng *rand.Rand, number int) products.Field {
	f := products.Field{Type: products.Type(1 + rng.IntN(len(randomRules))), Inherit: chance(rng, 5)}
	if f.Type == products.Decimal {
		f.Scale = rng.IntN(19)
	}
	name := fmt.Sprintf("%s_%v%d_%d", pick(rng, "a", "price", "ean13"), f.Type, f.Scale, number)
	f.Name = name
	f.Rules = pick(rng, randomRules[f.Type]...)
	if chance(rng, 3) {
		f.Aliases = []string{"Alias of " + name, "Größe, " + name}
	}
	switch f.Type {
	case products.Text:
		f.Search = chance(rng, 3)
		if chance(rng, 5) {
			f.Rules, f.Index = "max=50", true
		}
	case products.Boolean:
		if chance(rng, 3) {
			f.Words = map[string]bool{"ja": true, "nein": false}
		}
	case products.List:
		f.Separator = pick(rng, "", "|", ";", "·")
	case products.Date:
		f.Layout = pick(rng, "", "", "02.01.2006")
	}
	if f.Type == products.Integer || f.Type == products.Decimal {
		f.Index, f.Unit = chance(rng, 6), pick(rng, "", "", "g", "%")
	}
	return f
}

// RandomValue returns the canonical text of a value that keeps the rules of a field of RandomSchema or of the standard
// schema. One in eight is null, where the field may be.
func RandomValue(rng *rand.Rand, f *products.Field) string {
	if !f.Required() && chance(rng, 8) {
		return ""
	}
	for range 10_000 {
		text, err := f.Parse(randomText(rng, f))
		if err == nil && text != "" && f.Check(text) == nil {
			return text
		}
	}
	panic(fmt.Sprintf("no value of %s keeps its rules %q", f.Name, f.Rules))
}

// randomText returns a text that is a value of the field's type.
func randomText(rng *rand.Rand, f *products.Field) string {
	if _, words, found := strings.Cut(f.Rules, "oneof="); found && chance(rng, 2) {
		return pick(rng, strings.Split(strings.ReplaceAll(words, "'", ""), " ")...)
	}
	moment := time.Unix(rng.Int64N(8e9)-4e9, rng.Int64N(1e6)*int64(pick(rng, 0, 1000))).UTC()
	if chance(rng, 10) {
		moment = pick(rng, time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
			time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC))
	}
	switch f.Type {
	case products.Text:
		return randomWords(rng)
	case products.Integer:
		return fmt.Sprint(int64(rng.Uint64()) >> rng.IntN(64))
	case products.Decimal:
		whole := pick(rng, 1, 3, 5, products.MaxDigits-f.Scale)
		text := pick(rng, "", "", "-") + randomDigits(rng, min(whole, products.MaxDigits-f.Scale))
		if f.Scale > 0 {
			text += "." + randomDigits(rng, 1+rng.IntN(f.Scale))
		}
		return text
	case products.Boolean:
		return pick(rng, "true", "false")
	case products.Date:
		return moment.Format(time.DateOnly)
	case products.Timestamp:
		return moment.Format(time.RFC3339Nano)
	case products.List:
		texts := make([]string, 0, 5)
		for range 1 + rng.IntN(5) {
			if text := randomWords(rng); !products.Blank(text) {
				texts = append(texts, text)
			}
		}
		return products.ListText(texts)
	}
	panic("storetest: no values of the type " + f.Type.String())
}

func randomDigits(rng *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + rng.IntN(10))
	}
	return string(b)
}

// randomWords returns up to six pieces of text, among them what CSV, JSON, SQL and arrays of PostgreSQL write in a way
// of their own.
func randomWords(rng *rand.Rand) string {
	var b strings.Builder
	for range 1 + rng.IntN(6) {
		b.WriteString(pick(rng, "a", "b", "Mug", " ", "é", "日本", "𝒳", `"`, "'", `\`, ",", ";", "|", "{", "}", "NULL", "null",
			"\n", "\r\n", "\t", "=1+1", "-", "0", "12.50", "true", "\u00a0", "\u2028", "<b>", "\x01", "e\u0301", "z"))
	}
	return b.String()
}

func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

// chance is true once in n times.
func chance(rng *rand.Rand, n int) bool { return rng.IntN(n) == 0 }
