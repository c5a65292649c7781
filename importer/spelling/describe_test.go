package spelling_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
)

func TestDescriptions(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for _, c := range []struct {
		field    *products.Field
		settings spelling.Settings
		cells    string
		want     string
	}{
		{price, spelling.Settings{}, "5|12", `{}`},
		{price, spelling.Settings{}, "1.234,50 €", `{"number":"1.234,50","decimal_sign":",","currency":"EUR","evidence":"line 2: \"1.234,50 €\" has the comma behind the point"}`},
		{price, spelling.Settings{}, "1 234|12,5", `{"number":"1 234,50","decimal_sign":",","evidence":"line 3: \"12,5\" has one digit behind the comma"}`},
		{price, spelling.Settings{}, "1'234", `{"number":"1'234"}`},
		{price, spelling.Settings{}, "1.234.567", `{"number":"1.234,50","decimal_sign":",","evidence":"line 2: \"1.234.567\" has the point more than once, or between groups"}`},
		{price, spelling.Settings{}, "0.500", `{"number":"1234.50","decimal_sign":".","evidence":"line 2: \"0.500\" has a zero before the point"}`},
		{price, spelling.Settings{}, ".500", `{"number":"1234.50","decimal_sign":".","evidence":"line 2: \".500\" begins with the point"}`},
		{price, spelling.Settings{}, "12.", `{"number":"1234.50","decimal_sign":".","evidence":"line 2: \"12.\" ends with the point"}`},
		{price, spelling.Settings{}, "1 234.500", `{"number":"1 234.50","decimal_sign":".","evidence":"line 2: \"1 234.500\" has groups before the point"}`},
		{price, spelling.Settings{}, "1234.500", `{"number":"1234.50","decimal_sign":".","evidence":"line 2: \"1234.500\" has 4 digits before the point"}`},
		{price, spelling.Settings{Sign: ','}, "1.234|$5", `{"number":"1234,50","decimal_sign":",","currency":"$","evidence":"given"}`},
		{weight, spelling.Settings{}, "5", `{"unit":"g"}`},
		{from, spelling.Settings{}, "", `{}`},
		{from, spelling.Settings{}, "2026-11-28", `{"date":"ymd","assumed":true}`},
		{from, spelling.Settings{}, "1/2/2026|11/28/2026", `{"date":"mdy","evidence":"line 3: \"11/28/2026\" has a day that is no month, in the middle"}`},
		{from, spelling.Settings{}, "1.2.2026", `{"date":"dmy","assumed":true,"evidence":"line 2: \"1.2.2026\" has points, so the day is taken to come first"}`},
		{from, spelling.Settings{Order: spelling.MDY}, "1.2.2026", `{"date":"mdy","evidence":"given"}`},
		{seen, spelling.Settings{}, "2026-11-28T14:30:00Z", `{"date":"ymd","assumed":true,"zone":"UTC"}`},
		{seen, spelling.Settings{}, "2026-11-28T14:30:00Z|28.11.2026 14:30", `{"date":"dmy","zone":"UTC","evidence":"line 3: \"28.11.2026 14:30\" has a day that is no month, in front; line 3: \"28.11.2026 14:30\" has no zone and is taken as UTC"}`},
		{seen, spelling.Settings{Zone: spelling.ZoneOf(berlin)}, "2026-11-28", `{"date":"ymd","assumed":true,"zone":"Europe/Berlin","evidence":"line 2: \"2026-11-28\" has no zone and is taken as Europe/Berlin"}`},
		{&products.Field{Name: "d", Type: products.Date, Layout: "2006"}, spelling.Settings{}, "2026", `{"layout":"2006"}`},
		{&products.Field{Name: "n", Type: products.Text}, spelling.Settings{}, "1,5", `{}`},
		{&products.Field{Name: "n", Type: products.Boolean}, spelling.Settings{}, "1", `{}`},
		{&products.Field{Name: "n", Type: products.Boolean}, spelling.Settings{}, "N|S", `{"yes":"S","no":"N","evidence":"line 3: \"S\" and line 2: \"N\" stand for yes and no, as nothing else does"}`},
	} {
		t.Run(c.cells, func(t *testing.T) {
			format, question := surveyed(c.field, "", c.settings, strings.Split(c.cells, "|")...).Decide()
			require.Nil(t, question)
			d := format.Describe()
			text, err := json.Marshal(d)
			require.NoError(t, err)
			require.JSONEq(t, c.want, string(text))

			// The description is enough to make the format again.
			var kept spelling.Description
			require.NoError(t, json.Unmarshal(text, &kept))
			again, err := spelling.Known(c.field, "", spelling.Settings{Words: c.settings.Words}, kept)
			require.NoError(t, err)
			require.Equal(t, d, again.Describe())
			for _, cell := range append(strings.Split(c.cells, "|"), "1.234", "1,234", "$5", "5 €", "1.2.2026", "1/2/2026", "2026-11-28 02:30", "28.11.2026", "5/5/2026", "abc") {
				want, fault := format.Text(cell)
				got, again := again.Text(cell)
				require.Equal(t, want, got, cell)
				require.Equal(t, fault == nil, again == nil, cell)
				if fault != nil {
					require.Equal(t, fault.Code, again.Code, cell)
					require.Equal(t, fault.Undecided, again.Undecided, cell)
				}
			}
		})
	}
}

func TestKnownWithBadDescriptions(t *testing.T) {
	_, err := spelling.Known(price, "", spelling.Settings{}, spelling.Description{Currency: "EUR nope"})
	require.EqualError(t, err, `unknown currency "nope"`)
	_, err = spelling.Known(seen, "", spelling.Settings{}, spelling.Description{Zone: "Nowhere/Land"})
	require.ErrorContains(t, err, `unknown time zone "Nowhere/Land"`)
}

func TestQuestions(t *testing.T) {
	for _, c := range []struct {
		field   *products.Field
		heading string
		cells   string
		want    spelling.Question
	}{
		{price, "Preis", "5|1,234|-2.345|3,456|4,567", spelling.Question{Field: "price", Column: "Preis", Kind: spelling.KindNumber,
			Text:    `the numbers of the column Preis can be read in two ways (line 3: "1,234" is 1.234 or 1234; line 4: "-2.345" is -2345 or -2.345; line 5: "3,456" is 3.456 or 3456): say whether "," or "." stands before the decimals`,
			Answers: []string{"price=,", "price=."}, Values: []spelling.Value{{3, "1,234"}, {4, "-2.345"}, {5, "3,456"}},
			Readings: []spelling.Reading{{",", "1.234"}, {".", "1234"}}}},
		{price, "", "1 €|2 $", spelling.Question{Field: "price", Kind: spelling.KindCurrency, Final: true,
			Text:   `the column price has several currencies: line 2 has €, line 3 has $; a column can only have one`,
			Values: []spelling.Value{{2, "€"}, {3, "$"}}}},
		{price, "Preis (€)", "2 $", spelling.Question{Field: "price", Column: "Preis (€)", Kind: spelling.KindCurrency, Final: true,
			Text:   `the column Preis (€) has several currencies: the header has €, line 2 has $; a column can only have one`,
			Values: []spelling.Value{{0, "€"}, {2, "$"}}}},
		{amount, "", "2 $", spelling.Question{Field: "amount", Kind: spelling.KindCurrency, Final: true,
			Text:   `the column amount has several currencies: the field's unit is EUR, line 2 has $; a column can only have one`,
			Values: []spelling.Value{{0, "EUR"}, {2, "$"}}}},
		{weight, "Peso (kg)", "2", spelling.Question{Field: "weight", Column: "Peso (kg)", Kind: spelling.KindUnit, Final: true,
			Text:   `the column Peso (kg) is in kg, but the field weight is in g: convert the column, or declare the unit`,
			Values: []spelling.Value{{0, "Peso (kg)"}}}},
		{price, "Peso (kg)", "2", spelling.Question{Field: "price", Column: "Peso (kg)", Kind: spelling.KindUnit, Final: true,
			Text:   `the column Peso (kg) is in kg, but the field price declares no unit: declare it, or change the column`,
			Values: []spelling.Value{{0, "Peso (kg)"}}}},
		{from, "Ab", "2026-11-28|1/2/2026", spelling.Question{Field: "from", Column: "Ab", Kind: spelling.KindDate,
			Text:    `the dates of the column Ab can be read in several ways (line 3: "1/2/2026" is 2026-02-01 or 2026-01-02): say whether the day (dmy) or the month (mdy) comes first`,
			Answers: []string{"from=dmy", "from=mdy"}, Values: []spelling.Value{{3, "1/2/2026"}},
			Readings: []spelling.Reading{{"dmy", "2026-02-01"}, {"mdy", "2026-01-02"}}}},
		{from, "", "01/02/2026|26-11-28", spelling.Question{Field: "from", Kind: spelling.KindDate,
			Text:    `the dates of the column from can be read in several ways (line 2: "01/02/2026" is 2026-02-01 or 2026-01-02; line 3: "26-11-28" is 2028-11-26 or 2026-11-28): say whether the day (dmy), the month (mdy) or the year (ymd) comes first`,
			Answers: []string{"from=dmy", "from=mdy", "from=ymd"}, Values: []spelling.Value{{2, "01/02/2026"}, {3, "26-11-28"}},
			Readings: []spelling.Reading{{"dmy", "2026-02-01"}, {"mdy", "2026-01-02"}, {"ymd", ""}}}},
	} {
		t.Run(c.cells, func(t *testing.T) {
			_, question := surveyed(c.field, c.heading, spelling.Settings{}, strings.Split(c.cells, "|")...).Decide()
			require.Equal(t, &c.want, question)
			require.EqualError(t, question, c.want.Text)
		})
	}
}
