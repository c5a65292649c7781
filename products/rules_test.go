package products_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// field returns a field of a schema.
func field(t testing.TB, f products.Field) *products.Field {
	t.Helper()
	f.Name = "field"
	s, err := products.NewSchema(f)
	require.NoError(t, err)
	return s.Find("field")
}

func TestRules(t *testing.T) {
	long := strings.Repeat("é", products.MaxDescription)
	const text, integer, decimal, date, timestamp, list = products.Text, products.Integer, products.Decimal,
		products.Date, products.Timestamp, products.List
	for _, test := range []struct {
		typ     products.Type
		rules   string
		valid   []string
		invalid map[string]string // text: code, and sentence behind a colon
	}{
		{text, "", []string{"", " ", "\u200b", long}, map[string]string{
			long + "é": "too_long: field must not be longer than 65535 characters, but has 65536: " + fmt.Sprintf("%q", long[:80]+"..."),
			"a\xff":    `invalid_utf8: field must be valid UTF-8: "a\xff"`, "a\x00": `bad_character: field must not contain the character NUL: "a\x00"`}},
		{text, "required,max=3", []string{"a", "ééé", "\u200baa", " a"}, map[string]string{
			"": "empty: field must not be empty", " ": "empty: field must not be empty",
			"\u200b": `empty: field must not be empty, and nobody sees its characters: "\u200b"`,
			"éééé":   `too_long: field must not be longer than 3 characters, but has 4: "éééé"`}},
		{text, "max=3,max=2", []string{"ab"}, map[string]string{"abc": "too_long: field must not be longer than 2 characters, but has 3: \"abc\""}},
		{text, "min=2,lt=4", []string{"", "aa", "ééé"}, map[string]string{
			"é": `too_short: field must have at least 2 characters, but has 1: "é"`, "éééé": "too_long"}},
		{text, "gt=2", []string{"aaa", "𝒳𝒳𝒳"}, map[string]string{"aa": "too_short", "𝒳𝒳": "too_short"}},
		{text, "len=2", []string{"éé"}, map[string]string{"a": "too_short", "aaa": "too_long"}},
		{text, "oneof=EUR USD 'no price' a0x2Cb", []string{"EUR", "no price", "a,b", ""}, map[string]string{
			"eur": `not_allowed: field must be one of EUR, USD, no price, a,b, not "eur"`, "a very long text": "not_allowed"}},
		{text, "oneof=" + strings.Repeat("a", 41) + " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20", []string{"20"}, map[string]string{
			"b": "not_allowed: field must be one of " + strings.Repeat("a", 40) + `..., 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, ..., not "b"`}},
		{text, "eq=a", []string{"a"}, map[string]string{"b": `not_allowed: field must be a, not "b"`}},
		{text, "ne=a", []string{"b", "aa"}, map[string]string{"a": "not_allowed: field must not be a"}},
		{text, "email", []string{"", "a@example.com"}, map[string]string{
			"a": `bad_format: field must be an e-mail address: "a"`, " ": "bad_format"}},
		{text, "url", []string{"https://example.com/a"}, map[string]string{"example": "bad_format"}},
		{text, "len=8|len=13", []string{"12345678", "1234567890123"}, map[string]string{
			"1": `bad_format: field must keep the rule len=8|len=13: "1"`}},
		{text, "startswith=A-,max=5", []string{"A-1"}, map[string]string{"B-1": "bad_format", "A-1234": "too_long"}},
		{text, "omitempty,iscolor", []string{"", "#ff8800"}, map[string]string{"red": "bad_format"}},
		{text, "isbn", []string{"9780306406157"}, map[string]string{"9780306406158": "bad_format"}},
		{integer, "required,gte=0,lt=10", []string{"0", "9"}, map[string]string{"": "empty", "-1": "below_minimum: field must not be less than 0, but is -1",
			"10": "above_maximum: field must be less than 10, but is 10"}},
		{integer, "gt=0.5,lte=9223372036854775808", []string{"1", "9223372036854775807"}, map[string]string{"0": "below_minimum"}},
		{integer, "oneof=1 +2 03", []string{"1", "2", "3"}, map[string]string{"4": `not_allowed: field must be one of 1, 2, 3, not "4"`}},
		{integer, "len=5", []string{"5"}, map[string]string{"4": "not_allowed"}},
		{integer, "ne=0", []string{"5", "-5"}, map[string]string{"0": "not_allowed"}},
		{decimal, "gte=0.10,lte=99999999999999999999.995", []string{"0.10", "99999999999999999999.99"}, map[string]string{
			"0.09": "below_minimum: field must not be less than 0.10, but is 0.09", "-5.00": "below_minimum",
			"100000000000000000000.00": "above_maximum"}},
		{decimal, "gt=0.005", []string{"0.01"}, map[string]string{"0.00": "below_minimum: field must be greater than 0.005, but is 0.00"}},
		{decimal, "gt=-1.5,ne=0", []string{"-1.49", "1.00"}, map[string]string{"-1.50": "below_minimum", "0.00": "not_allowed", "-15.00": "below_minimum"}},
		{decimal, "oneof=1.5 2", []string{"1.50", "2.00"}, map[string]string{"1.00": "not_allowed"}},
		{products.Boolean, "required,eq=true", []string{"true"}, map[string]string{"": "empty", "false": "not_allowed"}},
		{products.Boolean, "required", []string{"true", "false"}, map[string]string{"": "empty"}},
		{date, "gte=2000-01-01,lt=2030-01-01", []string{"2000-01-01", "2029-12-31"}, map[string]string{
			"1999-12-31": "below_minimum: field must not be before 2000-01-01, but is 1999-12-31",
			"2030-01-01": "above_maximum: field must be before 2030-01-01, but is 2030-01-01"}},
		{timestamp, "gt=2000-01-01T00:00:00+01:00", []string{"1999-12-31T23:00:00.5Z"}, map[string]string{"1999-12-31T23:00:00Z": "below_minimum"}},
		{list, "required,min=2,max=3", []string{`["a","b"]`, `["a\"","b\\","c"]`}, map[string]string{
			"": "empty", `["a"]`: "too_few: field must have at least 2 entries, but has 1",
			`["a","b","c","d"]`: "too_many: field must not have more than 3 entries, but has 4"}},
		{list, "eq=1", []string{`["a"]`}, map[string]string{`["a","b"]`: "too_many"}},
		{list, "ne=1,unique", []string{`["a","b"]`}, map[string]string{`["a"]`: "not_allowed", `["a","b","a"]`: `repeated: field must not have an entry twice: "a"`}},
		{list, "max=3,dive,max=2,oneof=a bb", []string{"", `["a"]`, `["bb","a"]`}, map[string]string{
			`["bbb"]`: `too_long: an entry of field must not be longer than 2 characters, but has 3: "bbb"`,
			`["c"]`:   "not_allowed", `["a","a","a","a"]`: "too_many"}},
		{list, "dive,required,email", []string{`["a@example.com"]`}, map[string]string{`["a@example.com","b"]`: "bad_format: an entry of field must be an e-mail address: \"b\""}},
	} {
		t.Run(test.typ.String()+" "+test.rules, func(t *testing.T) {
			scale := 0
			if test.typ == decimal {
				scale = 2
			}
			f := field(t, products.Field{Type: test.typ, Scale: scale, Rules: test.rules})
			for _, text := range test.valid {
				require.Nil(t, f.Check(text), "%q", text)
			}
			for text, want := range test.invalid {
				err := f.Check(text)
				require.NotNil(t, err, "%q", text)
				require.Equal(t, "field", err.Field)
				if code, sentence, full := strings.Cut(want, ": "); full {
					require.Equal(t, code, err.Code)
					require.Equal(t, sentence, err.Message)
				} else {
					require.Equal(t, want, err.Code, err.Message)
				}
				require.False(t, storable(text) && f.SurelyValid(text), "%q", text)
			}
		})
	}
}

func storable(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// The rules of the fields that products always had are those that Validate applies.
func TestStandardRulesAreThoseOfValidate(t *testing.T) {
	s := products.Standard()
	for _, text := range []string{"", "a", " ", "\u200b", "\u200ba", "a\x00", "a\xff", strings.Repeat("é", 255), strings.Repeat("é", 256),
		strings.Repeat("é", 500), strings.Repeat("é", 501), strings.Repeat("a", 65_535), strings.Repeat("a", 65_536), "\xff\x00"} {
		for name, p := range map[string]products.Product{
			"sku": {SKU: text, Name: "a"}, "name": {SKU: "a", Name: text}, "description": {SKU: "a", Name: "a", Description: text},
		} {
			f := s.Key()
			if name != "sku" {
				f = s.Find(name)
			}
			err := s.Validate(&p)
			if broken := f.Check(text); broken == nil {
				require.NoError(t, err, "%s %q", name, text)
			} else {
				require.Equal(t, &products.ValidationError{Fields: []products.FieldError{*broken}}, err, "%s %q", name, text)
				require.False(t, storable(text) && f.SurelyValid(text))
			}
		}
	}
}

func TestBadRules(t *testing.T) {
	for _, test := range []struct {
		typ   products.Type
		rules string
		want  string
	}{
		{products.Text, "nonsense", `the rule "nonsense": there is no such rule`},
		{products.Text, "max", `the rule "max": it needs a value`},
		{products.Text, "max=", `the rule "max=": it needs a value`},
		{products.Text, "max=a", `the rule "max=a": its value must be a whole number`},
		{products.Text, "max=1.5", `must be a whole number`},
		{products.Text, "max=-1", `not negative`},
		{products.Text, "max=0", `no value keeps it`},
		{products.Text, "lt=1", `no value keeps it`},
		{products.Text, "max=65536", `at most 65535 characters`},
		{products.Text, "min=65536", `at most 65535 characters`},
		{products.Text, "required,,max=3", `commas stand between rules`},
		{products.Text, "required=1", `not for the values of a field`},
		{products.Text, "eqfield=Other", `compares with other fields`},
		{products.Text, "nefield=Other|email", `compares with other fields`},
		{products.Text, "eqcsfield=A.B", `compares with other fields`},
		{products.Text, "required_if=A b", `looks at other fields`},
		{products.Text, "excluded_without=A", `looks at other fields`},
		{products.Text, "postcode_iso3166_alpha2_field=A", `compares with other fields`},
		{products.Text, "structonly", `not for the values of a field`},
		{products.Text, "file", `looks at this machine`},
		{products.Text, "tcp_addr", `looks at this machine`},
		{products.Text, "dive,max=3", `the rule "dive" is for lists, not for text`},
		{products.Text, "unique", `doesn't fit the type text`},
		{products.Text, "oneof=", `it needs a value`},
		{products.Text, "oneof= ", `it needs a value`},
		{products.Text, "email|nonsense", `there is no such rule`},
		{products.Text, "omitempty|email", `not for the values of a field`},
		{products.Integer, "email", `the rule "email": it doesn't fit the type integer`},
		{products.Integer, "gte=a", `"a" is no number`},
		{products.Integer, "gte=5,lte=1", `the rule "lte=1": no value keeps it beside the other bound, 5`},
		{products.Decimal, "lt=1.50,required,gte=1.5", `the rule "gte=1.5": no value keeps it beside the other bound, 1.5`},
		{products.Date, "gte=2026-01-02,max=2026-01-01", `no value keeps it`},
		{products.Integer, "gte=1e3", `"1e3" is no number`},
		{products.Integer, "oneof=1 2.5", `"2.5" is not a whole number`},
		{products.Decimal, "oneof=1.505", `"1.505" is not a number`},
		{products.Decimal, "gte=0|lte=5", `"0|lte=5" is no number`},
		{products.Decimal, "required|gte=0", `doesn't fit the type decimal`},
		{products.Decimal, "gte=" + strings.Repeat("9", 39), `is no number`},
		{products.Boolean, "gte=1", `doesn't fit the type boolean`},
		{products.Boolean, "oneof=yes", `"yes" is not true or false`},
		{products.Date, "gte=1.1.2000", `"1.1.2000" is not a day`},
		{products.Date, "gte", `needs a value`},
		{products.Date, "datetime=2006", `doesn't fit the type date`},
		{products.List, "email", `write "dive" before it`},
		{products.List, "oneof=a b", `write "dive" before it`},
		{products.List, "unique=a", `takes no value`},
		{products.List, "dive,dive,max=3", `is for lists`},
		{products.List, "dive,nonsense", `the rule "nonsense"`},
		{products.List, "max=a", `must be a whole number`},
		{products.Text, "oneof=a\x00", `its rules are no text`},
		{products.Text, strings.Repeat("x", 100_000), `the rule "xxx`},
	} {
		_, err := products.NewSchema(products.Field{Name: "first", Type: products.Text},
			products.Field{Name: "field", Type: test.typ, Rules: test.rules})
		require.ErrorContains(t, err, `field 2, "field": `, test.rules)
		require.ErrorContains(t, err, test.want, test.rules)
		require.Less(t, len(err.Error()), 300, "%v", err)
	}
}

func TestCheckDoesNotAllocate(t *testing.T) {
	for _, test := range checked {
		f := field(t, test.field)
		require.Zero(t, testing.AllocsPerRun(10, func() {
			if err := f.Check(test.text); err != nil {
				panic(err)
			}
		}), test.name)
	}
}

// checked are usual rules with a value that keeps them.
var checked = []struct {
	name  string
	field products.Field
	text  string
}{
	{"text", products.Field{Type: products.Text, Rules: "required,max=100"}, "Coffee mug, blue"},
	{"text of other characters", products.Field{Type: products.Text, Rules: "required,min=2,max=10"}, "日本日本日本"},
	{"text one of", products.Field{Type: products.Text, Rules: "oneof=EUR USD GBP"}, "GBP"},
	{"integer", products.Field{Type: products.Integer, Rules: "gte=0,lte=1000000"}, "1234"},
	{"decimal", products.Field{Type: products.Decimal, Scale: 2, Rules: "required,gte=0,lt=1000000"}, "1234.50"},
	{"date", products.Field{Type: products.Date, Rules: "gte=2000-01-01"}, "2026-11-28"},
	{"timestamp", products.Field{Type: products.Timestamp, Rules: "gte=2000-01-01T00:00:00Z"}, "2026-11-28T09:30:00.5Z"},
	{"list", products.Field{Type: products.List, Rules: "required,max=3"}, `["a","b"]`},
}

func BenchmarkCheck(b *testing.B) {
	for _, test := range checked {
		f := field(b, test.field)
		b.Run(test.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if f.Check(test.text) != nil {
					b.Fatal(test.text)
				}
			}
		})
	}
}
