package products_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// samples are what each type takes, and what it doesn't: a new type needs an entry here, see TestTypes.
var samples = map[products.Type]struct {
	field products.Field
	// canonical are canonical texts, in the order that databases have them in.
	canonical []string
	// read are texts, and what they are read as; json the same for JSON.
	read, json map[string]string
	// refused are texts and codes; refusedJSON the same for JSON.
	refused, refusedJSON map[string]string
	// written is the JSON of canonical[1].
	written string
}{
	products.Text: {
		canonical: []string{" A", " a ", "A", "a", "a\tb", "ab", "é", "日本"},
		json:      map[string]string{`"a\u00e9"`: "aé", `"\""`: `"`, `""`: "", `null`: "", ` "a" `: "a"},
		refused:   map[string]string{"a\x00": "bad_character", "a\xff": "invalid_utf8"},
		refusedJSON: map[string]string{`5`: "bad_text", `true`: "bad_text", `{}`: "bad_text", `["a"]`: "bad_text", `"`: "bad_text",
			``: "bad_text", "\"\xff\"": "invalid_utf8", `"\u0000"`: "bad_character"},
		written: `" a "`,
	},
	products.Integer: {
		canonical: []string{"-9223372036854775808", "-10", "-9", "0", "5", "9", "10", "9223372036854775807"},
		read: map[string]string{"007": "7", "-0": "0", "+5": "5", " 5 ": "5", "+0": "0", "-007": "-7", "5.0": "5", "5.": "5", " ": "",
			"000000000000000000000000000000005": "5"},
		json: map[string]string{"5": "5", "-0": "0", "5.00": "5", "5e3": "5000", "5000e-3": "5", "1E+2": "100", "null": ""},
		refused: map[string]string{"a": "bad_integer", "5.5": "bad_integer", "1e3": "bad_integer", "--5": "bad_integer", "1 000": "bad_integer",
			"1,000": "bad_integer", "9223372036854775808": "out_of_range", "-9223372036854775809": "out_of_range", "+": "bad_integer",
			".": "bad_integer", "0x10": "bad_integer", "٣": "bad_integer", "1_000": "bad_integer"},
		refusedJSON: map[string]string{`"5"`: "bad_integer", "5.5": "bad_integer", "true": "bad_integer", "1e100": "out_of_range",
			"1e101": "bad_integer", "1e999999999999": "bad_integer", "[5]": "bad_integer", "05": "bad_integer", "NaN": "bad_integer"},
		written: `-10`,
	},
	products.Decimal: {
		field: products.Field{Scale: 2},
		canonical: []string{"-" + strings.Repeat("9", 36) + ".99", "-12.50", "-12.49", "-0.01", "0.00", "0.10", "0.11", "2.00", "10.00",
			"100.00", strings.Repeat("9", 36) + ".99"},
		read: map[string]string{"1.5": "1.50", "1.500": "1.50", "1": "1.00", ".5": "0.50", "5.": "5.00", "-0": "0.00", "-0.000": "0.00",
			"+1.5": "1.50", "007": "7.00", "00.50": "0.50", "05.5": "5.50", "-.5": "-0.50", " 1.5\t": "1.50",
			strings.Repeat("0", 50) + "1.5" + strings.Repeat("0", 50): "1.50"},
		json: map[string]string{`"1.5"`: "1.50", "1.5": "1.50", "1.500": "1.50", "-0": "0.00", "1e2": "100.00", "15e-1": "1.50",
			"0.015E2": "1.50", "-12e-2": "-0.12", "12345678901234567890.12": "12345678901234567890.12", `""`: "", "null": "",
			"1.50e0": "1.50", "1e0": "1.00"},
		refused: map[string]string{"1.505": "too_precise", "1.5.0": "bad_decimal", "1,5": "bad_decimal", "1e2": "bad_decimal",
			"NaN": "bad_decimal", "Infinity": "bad_decimal", strings.Repeat("9", 37): "out_of_range", "-": "bad_decimal", "€5": "bad_decimal",
			"0.001": "too_precise"},
		refusedJSON: map[string]string{"1.505": "too_precise", "1e-3": "too_precise", "1e40": "out_of_range", "1e500": "bad_decimal",
			"true": "bad_decimal", `"1e2"`: "bad_decimal", `"abc"`: "bad_decimal", `{"a":1}`: "bad_decimal"},
		written: `"-12.50"`,
	},
	products.Boolean: {
		canonical:   []string{"false", "true"},
		read:        map[string]string{" true ": "true"},
		json:        map[string]string{"true": "true", "false": "false", "null": ""},
		refused:     map[string]string{"yes": "bad_boolean", "1": "bad_boolean", "TRUE": "bad_boolean"},
		refusedJSON: map[string]string{`"true"`: "bad_boolean", "1": "bad_boolean", "0": "bad_boolean"},
		written:     `true`,
	},
	products.Date: {
		canonical: []string{"0001-01-01", "1999-12-31", "2000-02-29", "2026-11-28", "9999-12-31"},
		read:      map[string]string{" 2026-11-28 ": "2026-11-28"},
		json:      map[string]string{`"2026-11-28"`: "2026-11-28", `""`: "", "null": ""},
		refused: map[string]string{"2026-02-29": "bad_date", "1900-02-29": "bad_date", "2026-13-01": "bad_date", "2026-00-01": "bad_date",
			"2026-01-00": "bad_date", "2026-04-31": "bad_date", "28.11.2026": "bad_date", "2026-1-1": "bad_date", "0000-01-01": "out_of_range",
			"2026-11-28T00:00:00Z": "bad_date", "10000-01-01": "bad_date", "45989": "bad_date", "+026-01-01": "bad_date"},
		refusedJSON: map[string]string{`20261128`: "bad_date", `"today"`: "bad_date"},
		written:     `"1999-12-31"`,
	},
	products.Timestamp: {
		canonical: []string{"0001-01-01T00:00:00Z", "2026-11-28T09:30:00Z", "2026-11-28T09:30:00.000001Z", "2026-11-28T09:30:00.49Z",
			"2026-11-28T09:30:00.5Z", "2026-11-28T09:30:00.51Z", "2026-11-28T09:30:01Z", "9999-12-31T23:59:59.999999Z"},
		read: map[string]string{"2026-11-28T10:30:00+01:00": "2026-11-28T09:30:00Z", "2026-11-28 09:30:00Z": "2026-11-28T09:30:00Z",
			"2026-11-28t09:30:00z": "2026-11-28T09:30:00Z", "2026-11-28T09:30:00.500Z": "2026-11-28T09:30:00.5Z",
			"2026-11-28T09:30:00.000Z": "2026-11-28T09:30:00Z", "2026-11-28T09:30:00.123456000000Z": "2026-11-28T09:30:00.123456Z",
			"2026-11-28T23:30:00-01:00": "2026-11-29T00:30:00Z", "2026-11-28T09:30:00-00:00": "2026-11-28T09:30:00Z",
			"2026-11-28T09:30:00.5+05:30": "2026-11-28T04:00:00.5Z", "0000-12-31T23:30:00-01:00": "0001-01-01T00:30:00Z"},
		json: map[string]string{`"2026-11-28T10:30:00+01:00"`: "2026-11-28T09:30:00Z", `""`: ""},
		refused: map[string]string{"2026-11-28T09:30:00": "bad_timestamp", "2026-11-28": "bad_timestamp", "2026-11-28T09:30Z": "bad_timestamp",
			"2026-11-28T24:00:00Z": "bad_timestamp", "2026-11-28T09:60:00Z": "bad_timestamp", "2026-11-28T09:30:60Z": "bad_timestamp",
			"2026-02-30T09:30:00Z": "bad_timestamp", "2026-11-28T09:30:00.Z": "bad_timestamp", "2026-11-28T09:30:00,5Z": "bad_timestamp",
			"2026-11-28T09:30:00.1234567Z": "too_precise", "2026-11-28T09:30:00+24:00": "bad_timestamp", "2026-11-28T9:30:00Z": "bad_timestamp",
			"2026-11-28T09:30:00+0100": "bad_timestamp", "2026-11-28T09:30:00ZZ": "bad_timestamp", "0001-01-01T00:00:00+00:01": "out_of_range",
			"9999-12-31T23:59:59-00:01": "out_of_range", "0000-06-01T00:00:00Z": "out_of_range", "2026-11-28T09:30:00é": "bad_timestamp"},
		refusedJSON: map[string]string{"1764322200": "bad_timestamp"},
		written:     `"2026-11-28T09:30:00Z"`,
	},
	products.List: {
		canonical: []string{`["\\"]`, `["a"]`, `["a","b"]`, `["a","b","a"]`, `["a","c"]`, `["a\u0001"]`, `["a\"b"]`, `["a,b"]`, `["b"]`, `["é"]`},
		read: map[string]string{` [ "a" , "b" ] `: `["a","b"]`, `[]`: "", `["\u00e9"]`: `["é"]`, `["\/"]`: `["/"]`, `["a\u000a"]`: `["a\n"]`,
			`["<&>\u2028"]`: "[\"<&>\u2028\"]", `["\u007f a"]`: "[\"\x7f a\"]"},
		json: map[string]string{`["a", "b"]`: `["a","b"]`, `[]`: "", "null": ""},
		refused: map[string]string{"a,b": "bad_list", `["a"`: "bad_list", `["a",null]`: "bad_list", `["a",""]`: "bad_list", `["a"," "]`: "bad_list",
			`[1]`: "bad_list", `[["a"]]`: "bad_list", "[\"\xff\"]": "invalid_utf8", `["\u0000a"]`: "bad_character", `["a"]x`: "bad_list",
			`{"a":"b"}`: "bad_list", `["` + strings.Repeat("a", 65_535) + `"]`: "too_long"},
		refusedJSON: map[string]string{`"a"`: "bad_list", `[1]`: "bad_list", `{}`: "bad_list"},
		written:     `["a"]`,
	},
}

// TestTypes goes through every type there is. A new one needs an entry in samples, and no other change here.
func TestTypes(t *testing.T) {
	types := 0
	for typ := products.Type(1); !strings.HasPrefix(typ.String(), "Type("); typ++ {
		types++
		sample, found := samples[typ]
		require.True(t, found, "samples of %v", typ)
		f := sample.field
		f.Name, f.Type = "field", typ
		t.Run(typ.String(), func(t *testing.T) {
			for i, text := range sample.canonical {
				got, err := f.Parse(text)
				if typ != products.Text {
					require.Nil(t, err, "%q", text)
					require.Equal(t, text, got)
				}
				require.Nil(t, f.Check(text))
				written := f.Value(text).AppendJSON(nil)
				require.True(t, json.Valid(written), "%s", written)
				got, err = f.ParseJSON(written)
				require.Nil(t, err, "%s", written)
				require.Equal(t, text, got)
				for j, other := range sample.canonical {
					require.Equal(t, sign(i-j), sign(f.Compare(text, other)), "%q and %q", text, other)
				}
				require.Equal(t, []int{1, -1, 0}, []int{f.Compare("", text), f.Compare(text, ""), f.Compare("", "")})
			}
			require.Equal(t, sample.written, string(f.Value(sample.canonical[1]).AppendJSON(nil)))
			for text, want := range sample.read {
				got, err := f.Parse(text)
				require.Nil(t, err, "%q", text)
				require.Equal(t, want, got, "%q", text)
			}
			for raw, want := range sample.json {
				got, err := f.ParseJSON(json.RawMessage(raw))
				require.Nil(t, err, "%s", raw)
				require.Equal(t, want, got, "%s", raw)
			}
			for text, code := range sample.refused {
				_, err := f.Parse(text)
				requireBroken(t, err, code, text)
			}
			for raw, code := range sample.refusedJSON {
				_, err := f.ParseJSON(json.RawMessage(raw))
				requireBroken(t, err, code, raw)
			}
		})
	}
	require.Len(t, samples, types)
}

func sign(n int) int { return max(-1, min(1, n)) }

// requireBroken requires an error with that code and a sentence that can be shown.
func requireBroken(t *testing.T, err *products.FieldError, code, value string) {
	t.Helper()
	require.NotNil(t, err, "%q", value)
	require.Equal(t, code, err.Code, "%q: %v", value, err)
	require.Equal(t, "field", err.Field)
	require.Regexp(t, `^field must .+\S$`, err.Message)
	require.Less(t, len(err.Message), 250, "%v", err)
	require.True(t, json.Valid([]byte(mustJSON(t, err))))
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

func TestReadingSentences(t *testing.T) {
	price := products.Field{Name: "price", Type: products.Decimal, Scale: 2}
	stock := products.Field{Name: "stock", Type: products.Integer}
	seen := products.Field{Name: "seen_at", Type: products.Timestamp}
	message := func(_ string, err *products.FieldError) string { return err.Message }
	require.Equal(t, `price must be a number, such as 12.5, not "abc"`, message(price.Parse("abc")))
	require.Equal(t, `price must have no more than 2 digits behind the point: "1.505"`, message(price.Parse("1.505")))
	require.Equal(t, `price must have no more than 36 digits before the point: 1e40`, message(price.ParseJSON([]byte("1e40"))))
	require.Equal(t, `stock must be a whole number, such as 12, not "5"`, message(stock.ParseJSON([]byte(`"5"`))))
	require.Equal(t, `stock must be a whole number, such as 12, not 5.5`, message(stock.ParseJSON([]byte(`5.5`))))
	require.Equal(t, `seen_at must be a time with a zone, such as 2006-01-02T15:04:05Z, not "2026-11-28"`,
		message(seen.Parse("2026-11-28")))
	require.Equal(t, `price must be a number, such as 12.5, not "`+strings.Repeat("x", 40)+`..."`,
		message(price.Parse(strings.Repeat("x", 100_000))))
}

func TestEmptyTextIsNoNullWhereTheFieldSaysSo(t *testing.T) {
	description := products.Standard().Find("description")
	require.Equal(t, []int{-1, 1}, []int{description.Compare("", "a"), description.Compare("a", "")})
	require.Nil(t, description.Check(""))
}

func TestParsingCanonicalTextsDoesNotAllocate(t *testing.T) {
	for typ, sample := range samples {
		if typ == products.List {
			continue // its texts are read one by one
		}
		f := sample.field
		f.Name, f.Type = "field", typ
		require.Zero(t, testing.AllocsPerRun(10, func() {
			for _, text := range sample.canonical {
				_, _ = f.Parse(text)
			}
		}), typ)
	}
}

func FuzzFieldParse(f *testing.F) {
	for typ, sample := range samples {
		for _, texts := range []map[string]string{sample.read, sample.json, sample.refused, sample.refusedJSON} {
			for text := range texts {
				f.Add(uint8(typ), uint8(sample.field.Scale), text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, typ, scale uint8, text string) {
		field := products.Field{Name: "field", Type: products.Type(1 + typ%uint8(len(samples)))}
		if field.Type == products.Decimal {
			field.Scale = int(scale % 19)
		}
		check := func(canonical string, err *products.FieldError) {
			if err != nil {
				require.Empty(t, canonical)
				require.NotEmpty(t, err.Code)
				return
			}
			again, err := field.Parse(canonical)
			if canonical != "" || field.Type != products.Text {
				require.Nil(t, err)
			}
			require.Equal(t, canonical, again)
			if e := field.Check(canonical); e != nil {
				require.Equal(t, products.CodeTooLong, e.Code)
			}
			written := field.Value(canonical).AppendJSON(nil)
			again, err = field.ParseJSON(written)
			require.Nil(t, err, "%s", written)
			require.Equal(t, canonical, again)
			var v products.Value
			require.NoError(t, json.Unmarshal(written, &v))
			fitted, err := field.Canonical(v)
			require.Nil(t, err, "%s", written)
			require.Equal(t, canonical, fitted)
			require.Zero(t, field.Compare(canonical, again))
		}
		check(field.Parse(text))
		check(field.ParseJSON(json.RawMessage(text)))
	})
}
