package spelling_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
)

var (
	price  = &products.Field{Name: "price", Type: products.Decimal, Scale: 2}
	exact  = &products.Field{Name: "exact", Type: products.Decimal, Scale: 3}
	stock  = &products.Field{Name: "stock", Type: products.Integer}
	weight = &products.Field{Name: "weight", Type: products.Decimal, Scale: 1, Unit: "g"}
	share  = &products.Field{Name: "share", Type: products.Decimal, Scale: 1, Unit: "%"}
	amount = &products.Field{Name: "amount", Type: products.Decimal, Scale: 2, Unit: "EUR"}
)

// surveyed surveys the cells as those of the lines from 2 on.
func surveyed(f *products.Field, heading string, settings spelling.Settings, cells ...string) *spelling.Survey {
	s := spelling.NewSurvey(f, heading, settings)
	for i, cell := range cells {
		s.Add(cell, int64(i+2))
	}
	return s
}

// readings reads the cells with the format that they decide: the canonical texts, codes of faults, or the kind of the
// question with its answers.
func readings(t *testing.T, f *products.Field, heading string, settings spelling.Settings, cells ...string) string {
	t.Helper()
	format, question := surveyed(f, heading, settings, cells...).Decide()
	if question != nil {
		require.Nil(t, format)
		return "? " + question.Kind + " " + strings.Join(question.Answers, " ")
	}
	var texts []string
	for _, cell := range cells {
		text, fault := format.Text(cell)
		if fault != nil {
			require.Empty(t, text)
			require.False(t, fault.Undecided, "a survey of all cells leaves nothing undecided: %q: %v", cell, fault)
			require.True(t, strings.HasPrefix(fault.Message, f.Name) || heading != "" && strings.HasPrefix(fault.Message, heading), fault)
			text = "!" + fault.Code
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " | ")
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		field *products.Field
		cells string // separated by |
		want  string
	}{
		// What decides.
		{price, "12,50", "12.50"},
		{price, "12.50", "12.50"},
		{price, "1,234|12,50", "!too_precise | 12.50"},
		{exact, "1,234|12,50", "1.234 | 12.500"},
		{exact, "1,234|12.50", "1234.000 | 12.500"},
		{exact, "1,234|10.0000", "1234.000 | 10.000"},
		{exact, "1,234|0.500", "1234.000 | 0.500"},
		{exact, "1.234|0,500", "1234.000 | 0.500"},
		{exact, "1,234|-0.500", "1234.000 | -0.500"},
		{exact, "1.234|1.234.567", "1234.000 | 1234567.000"},
		{exact, "1.234|1.234,567", "1234.000 | 1234.567"},
		{exact, "1.234|1,234.567", "1.234 | 1234.567"},
		{exact, "1.234|1,23,456.78", "1.234 | 123456.780"},
		{exact, "1.234|1,23,456", "1.234 | 123456.000"},
		{exact, "1.234|1234.567", "1.234 | 1234.567"},
		{exact, "1,234|1234.567", "1234.000 | 1234.567"},
		{exact, "1,234|.500", "1234.000 | 0.500"},
		{exact, "1,234|1 234.567", "1234.000 | 1234.567"},
		{exact, "1,234|12.", "1234.000 | 12.000"},
		{exact, "1,234|12.-", "1234.000 | 12.000"},
		{exact, "1,234|012.345", "1234.000 | 12.345"},
		{exact, "1,234|12.50|13,50", "1234.000 | 12.500 | !bad_decimal"},
		{exact, "12,50|13.50|1.234", "12.500 | !bad_decimal | 1234.000"},
		// What asks.
		{price, "1,234", "? number price=, price=."},
		{price, "5|1.234|1,234| ", "? number price=, price=."},
		{exact, "-1.234", "? number exact=, exact=."},
		{stock, "1,000", "? number stock=, stock=."},
		{stock, "1.000", "? number stock=, stock=."},
		{price, "€1,234", "? number price=, price=."},
		// What needs no sign.
		{price, "5||  |\u00a0|\u200b|0005|-5|+5|−5", "5.00 |  |  |  |  | 5.00 | -5.00 | 5.00 | -5.00"},
		{price, "1 234|1\u00a0234|1\u202f234|1\u2009234|1'234|1’234", "1234.00 | 1234.00 | 1234.00 | 1234.00 | 1234.00 | 1234.00"},
		{price, "1 234 567|1'234'567", "1234567.00 | 1234567.00"},
		// Groups.
		{price, "1 234,50|1'234,50|1’234,50|1.234,50|1\u202f234\u00a0567,5", "1234.50 | 1234.50 | 1234.50 | 1234.50 | 1234567.50"},
		{price, "1.50|12,34.5|1,2345|1,23|,5|1,,234|1,234,56|12,345,67.8", "1.50 | !bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal"},
		{price, "12,34.5", "!bad_decimal"},
		{price, "1,50|1.23.456,7|12.34,5", "1.50 | !bad_decimal | !bad_decimal"},
		{price, "1.50|12,34,56,789.10|1,23,456", "1.50 | 123456789.10 | 123456.00"},
		{price, "1 23|12 34|1  234|1 2345|0 123|1 234'567", "!bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal"},
		{price, "1.50|1.5 0|1.234 567|1.2.3", "1.50 | !bad_decimal | !bad_decimal | !bad_decimal"},
		// Negative ones.
		{price, "12,50-|(12,50)|−12,50|-12,50|- 12,50|(1.234,50)|-0,00|(0)", "-12.50 | -12.50 | -12.50 | -12.50 | -12.50 | -1234.50 | 0.00 | 0.00"},
		{price, "-12,50-|(-12,50)|--12,50|(12,50|12,50)|((12,50))|+-12,50|12,50+", "!bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal"},
		{price, "12,-|12,--|12,–|12.—|-12,-|12,50", "12.00 | 12.00 | 12.00 | !bad_decimal | -12.00 | 12.50"},
		// Currencies.
		{price, "12,50 €|€12,50|€ 12,50|12,50 EUR|EUR12,50|12,50\u00a0€|13,50|Euro 5|-12,50 €|€-12,50|€ -12,50|-€ 12,50|(€12,50)|(12,50 €)|12,50- €|12,50 €-",
			"12.50 | 12.50 | 12.50 | 12.50 | 12.50 | 12.50 | 13.50 | 5.00 | -12.50 | -12.50 | -12.50 | -12.50 | -12.50 | -12.50 | -12.50 | -12.50"},
		{price, "R$ 1.234,50|R$12,50", "1234.50 | 12.50"},
		{price, "12,50 zł", "12.50"},
		{price, "12,50 Kč|1 CZK", "12.50 | 1.00"},
		{price, "Fr. 12.50|12.50 CHF|Fr.12.50|Fr. 12.-", "12.50 | 12.50 | 12.50 | 12.00"},
		{price, "kr 12,50|12,50 kr.|kr.500|12 SEK", "12.50 | 12.50 | 500.00 | 12.00"},
		{price, "Rs.500|₹1,23,456.78", "500.00 | 123456.78"},
		{price, "$12.50|$12.50 USD|12 USD|US$ 1", "12.50 | 12.50 | 12.00 | 1.00"},
		{price, "$12.50|12.50 CAD", "12.50 | 12.50"},
		{price, "$12.50|12.50 CAD|3 USD", "? currency "},
		{price, "12,50 €|12,50 $", "? currency "},
		{price, "12,50 €|12,50 GBP|1,234", "? currency "},
		{price, "12,50 € EUR|12,50 Ft|12 ft", "!bad_decimal | 12.50 | !bad_decimal"},
		{price, "12 TOP|12 top", "12.00 | !bad_decimal"},
		{stock, "$ 12|12", "12 | 12"},
		// Units.
		{price, "8,1 %|8,1", "!bad_decimal | 8.10"},
		{price, "850 g|8,1 kg", "!bad_decimal | !bad_decimal"},
		{weight, "850 g|850G|850|1.5 kg|850 €|2.5g", "850.0 | 850.0 | 850.0 | !bad_decimal | !bad_decimal | 2.5"},
		{share, "8,1 %|8,1%|-8,1 %", "8.1 | 8.1 | -8.1"},
		{amount, "12,50 €|12,50 EUR|EUR 1", "12.50 | 12.50 | 1.00"},
		{amount, "12,50 $", "? currency "},
		// Integers.
		{stock, "10.0|10.5|7|-0|00|007|10.|9223372036854775807|9223372036854775808|-9223372036854775808|-9223372036854775809",
			"10 | !bad_integer | 7 | 0 | 0 | 7 | 10 | 9223372036854775807 | !out_of_range | -9223372036854775808 | !out_of_range"},
		{stock, "1.234,0|1.234|99999999999999999999", "1234 | 1234 | !out_of_range"},
		// Precision and range.
		{price, "1.2|1.20|1.200|1.2000000000|1.201|1.2000000001", "1.20 | 1.20 | 1.20 | 1.20 | !too_precise | !too_precise"},
		{price, strings.Repeat("9", 36) + "|" + strings.Repeat("9", 37) + "|" + strings.Repeat("0", 50) + "1", strings.Repeat("9", 36) + ".00 | !out_of_range | 1.00"},
		// What is none.
		{price, "abc|-|.|€|12 abc|1.2E+12|1E5|12 e|n/a|1/2|12:30|0x12|NaN|∞|1_000",
			"!bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal | !bad_decimal"},
		{price, strings.Repeat("1 ", 100), "!bad_decimal"},
	} {
		t.Run(c.cells[:min(len(c.cells), 40)], func(t *testing.T) {
			require.Equal(t, c.want, readings(t, c.field, "", spelling.Settings{}, strings.Split(c.cells, "|")...))
		})
	}
}

func TestNumbersWithSettings(t *testing.T) {
	comma := spelling.Settings{Sign: ','}
	require.Equal(t, "1.234 | 1234.000 | !bad_decimal", readings(t, exact, "", comma, "1,234", "1.234", "12.50"))
	require.Equal(t, "1234.000 | 1.234", readings(t, exact, "", spelling.Settings{Sign: '.'}, "1,234", "1.234"))
	require.Equal(t, "? currency ", readings(t, exact, "", comma, "1,2 €", "1,3 $"))
}

func TestNumbersByHeading(t *testing.T) {
	for _, c := range []struct {
		field   *products.Field
		heading string
		cells   string
		want    string
	}{
		{price, "Preço (R$)", "12,50|R$ 1|BRL 3", "12.50 | 1.00 | 3.00"},
		{price, "Preço (R$)", "12,50|€ 1", "? currency "},
		{price, "Prix HT (€)", "12,50|1", "12.50 | 1.00"},
		{price, "Price (USD)", "$12.50|1", "12.50 | 1.00"},
		{price, "Price (incl. VAT, EUR)", "$12.50", "? currency "},
		{price, "Price (net)", "12.50", "12.50"},
		{price, "Price (kg)", "12.50", "? unit "},
		{weight, "Peso (g)", "12.5|1 g", "12.5 | 1.0"},
		{weight, "Weight [g]", "12.5|1 g", "12.5 | 1.0"},
		{weight, "Gewicht (gr)", "12.5|1 gr.|2 Grams|3 kg", "12.5 | 1.0 | 2.0 | !bad_decimal"},
		{weight, "Peso (kg)", "12.5", "? unit "},
		{weight, "Weight (lbs)", "12.5", "? unit "},
		{&products.Field{Name: "weight", Type: products.Integer, Unit: "lb"}, "Weight (lbs)", "1|2 lb|3 LBS.", "1 | 2 | 3"},
		{weight, "Peso (€)", "12.5", "? unit "},
		{amount, "Preis (€)", "12,50 €", "12.50"},
		{amount, "Preis ($)", "12,50", "? currency "},
		{&products.Field{Name: "length", Type: products.Integer, Unit: "ft"}, "Length (ft)", "12 ft", "12"},
		{&products.Field{Name: "note", Type: products.Text}, "Note (kg)", "12", "12"},
	} {
		t.Run(c.heading, func(t *testing.T) {
			require.Equal(t, c.want, readings(t, c.field, c.heading, spelling.Settings{}, strings.Split(c.cells, "|")...))
		})
	}
}

func TestHeading(t *testing.T) {
	for name, want := range map[string][2]string{
		"Preço (R$)":    {"Preço", "R$"},
		" Weight [kg] ": {"Weight", "kg"},
		"Price":         {"Price", ""},
		"(Price)":       {"(Price)", ""},
		"Price ( € )":   {"Price", "€"},
		"a (b) (c)":     {"a (b)", "c"},
		"価格（円）":         {"価格", "円"},
		"":              {"", ""},
	} {
		bare, unit := spelling.Heading(name)
		require.Equal(t, want, [2]string{bare, unit}, name)
	}
}

// A format that was made without a kind of evidence says so when it comes.
func TestUndecided(t *testing.T) {
	read := func(f *products.Field, cell string, before ...string) *spelling.Fault {
		format, question := surveyed(f, "", spelling.Settings{}, before...).Decide()
		require.Nil(t, question)
		_, fault := format.Text(cell)
		return fault
	}
	for _, cell := range []string{"1,234", "12.50", "12,50", "$5", "1.234.567"} {
		fault := read(price, cell, "5", "", "7")
		require.NotNil(t, fault, cell)
		require.True(t, fault.Undecided, cell)
		require.Equal(t, products.CodeBadDecimal, fault.Code)
	}
	require.True(t, read(price, "$5", "5 €").Undecided)
	require.True(t, read(price, "5 CAD", "$5").Undecided, "it narrows the currency")
	require.Nil(t, read(price, "$5", "5 USD"))
	require.Nil(t, read(price, "1 234", "5"))
	for _, cell := range []string{"abc", "1,2,3", "12,34.5", "5 kg", "5 € kg"} {
		require.False(t, read(price, cell, "5").Undecided, cell)
	}
	require.False(t, read(price, "1.2.3", "12,50").Undecided)
}

func TestNumberMessages(t *testing.T) {
	read := func(f *products.Field, cell string, before ...string) string {
		format, question := surveyed(f, "Preis", spelling.Settings{}, before...).Decide()
		require.Nil(t, question)
		_, fault := format.Text(cell)
		require.NotNil(t, fault)
		require.Equal(t, fault.Message, fault.Error())
		return fault.Message
	}
	for _, c := range []struct {
		field        *products.Field
		before, cell string
		want         string
	}{
		{price, "12,50", "13.50", `Preis must be a number with the decimals behind a comma (line 2: "12,50" has 2 digits behind the comma), not "13.50"`},
		{price, "12,50", "1,234", `Preis must have at most 2 digits behind the comma, not "1,234"`},
		{price, "1", "1.2E+12", `Preis must be a number, but is "1.2E+12", which is how a spreadsheet shows a long one: its last digits are lost; give the column a number format there and export it again`},
		{price, "1", "850 g", `Preis must be a number without a unit, not "850 g"; "g" is left out if the field declares it`},
		{weight, "1", "8 kg", `Preis must be a number in g, not "8 kg"`},
		{price, "1", "2026-11-28", `Preis must be a number, not "2026-11-28"`},
		{price, "1", "abc", `Preis must be a number, not "abc"`},
		{price, "1", "12,34.5", `Preis must be a number, not "12,34.5", whose digits are grouped as in none`},
		{price, "1", "1,234", `Preis must be a number, and of "1,234" it isn't known whether "," or "." stands before the decimals`},
		{price, "1", "$1", `Preis must be a number without a currency, as those before it, not "$1"`},
		{price, "1 €", "$1", `Preis must be an amount in EUR, as those before it, not "$1"`},
		{stock, "10.0", "10.5", `Preis must be a whole number, not "10.5"`},
		{stock, "1", "9999999999999999999", `Preis must be a whole number between -9223372036854775808 and 9223372036854775807, not "9999999999999999999"`},
		{price, "1", strings.Repeat("1", 50), `Preis must have at most 36 digits before the decimals, not "1111111111111111111111111111111111111111..."`},
	} {
		t.Run(c.cell, func(t *testing.T) { require.Equal(t, c.want, read(c.field, c.cell, c.before)) })
	}
}

func TestLooksLikeSpreadsheetNumber(t *testing.T) {
	for _, s := range []string{"1.2E+12", "1,2E+12", "4E+12", "4.00638E+12", "-1.5E-10", " 1.2E+12 ", "1.23456789012346E+015", "1.2e+12"} {
		require.True(t, spelling.LooksLikeSpreadsheetNumber(s), s)
	}
	for _, s := range []string{"", "1E5", "12E+12", "0.1E+12", "1.E+12", "E+12", "1.2E+1", "1.2E+1x", "1.2", "1.2E12", "X1.2E+12", "123456"} {
		require.False(t, spelling.LooksLikeSpreadsheetNumber(s), s)
	}
}
