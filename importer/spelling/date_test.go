package spelling_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
)

var (
	from = &products.Field{Name: "from", Type: products.Date}
	seen = &products.Field{Name: "seen", Type: products.Timestamp}
)

func TestDates(t *testing.T) {
	for _, c := range []struct{ cells, want string }{
		{"2026-11-28|2026/11/28|2026.11.28|20261128|2026-1-5|2026. 11. 28.", "2026-11-28 | 2026-11-28 | 2026-11-28 | 2026-11-28 | 2026-01-05 | 2026-11-28"},
		{"28.11.2026|1.2.2026|02.03.26|28. 11. 2026|28.11.2026.", "2026-11-28 | 2026-02-01 | 2026-03-02 | 2026-11-28 | 2026-11-28"},
		{"28/11/2026|1/2/2026|1-2-2026", "2026-11-28 | 2026-02-01 | 2026-02-01"},
		{"1/2/2026|11/28/2026", "2026-01-02 | 2026-11-28"},
		{"1/2/2026|28/11/2026|11/28/2026|1.2.2026", "2026-02-01 | 2026-11-28 | !bad_date | 2026-02-01"},
		{"1.2.2026|11.28.2026", "2026-01-02 | 2026-11-28"},
		{"1.2.2026|3.4.26| |", "2026-02-01 | 2026-04-03 |  | "},
		{"1/2/2026|1.2.2026", "? date from=dmy from=mdy"},
		{"1.2.2026|1/2/2026|2026-11-28", "? date from=dmy from=mdy"},
		{"1-2-2026", "? date from=dmy from=mdy"},
		{"28-11-26", "? date from=dmy from=ymd"},
		{"01-02-03", "? date from=dmy from=mdy from=ymd"},
		{"05-05-05", "2005-05-05"},
		{"31-02-28", "!bad_date"},
		{"28-11-26|28-11-2026|26-11-28", "2026-11-28 | 2026-11-28 | 2028-11-26"},
		{"26-11-28|32-11-28|26/11/28", "2026-11-28 | 2032-11-28 | 2026-11-28"},
		{"28-11-26|28-11-33", "2026-11-28 | 2033-11-28"},
		{"Sat, 28 Nov 2026|Saturday, November 28, 2026|Samstag, 28. November 2026|samedi 28 novembre 2026|sábado, 28 de noviembre de 2026|sobota, 28 listopada 2026|segunda-feira, 28 de novembro de 2026|Foo, 28 Nov 2026",
			strings.Repeat("2026-11-28 | ", 7) + "!bad_date"},
		{"5/5/2026|2026-11-28", "2026-05-05 | 2026-11-28"},
		{"1/2/26|99/11/28|02/03/04", "!bad_date | 1999-11-28 | 2002-03-04"},
		{"28/11/26|28/11/69|28/11/68|28/11/99|28/11/00", "2026-11-28 | 1969-11-28 | 2068-11-28 | 1999-11-28 | 2000-11-28"},
		{"28-Nov-26|28-Nov-2026|28 Nov 2026|28. November 2026|Nov 28, 2026|November 28, 2026|Nov. 28 2026|November 28th, 2026|28th November 2026|2026-Nov-28|28/nov/2026|28-NOV-26",
			strings.Repeat("2026-11-28 | ", 11) + "2026-11-28"},
		{"28. März 2026|28 mars 2026|28 de marzo de 2026|28 marzo 2026|28 maart 2026|28 de março de 2026|28 marca 2026|28-Mrz-26|28 MÄRZ 2026|28 mrt. 2026",
			strings.Repeat("2026-03-28 | ", 9) + "2026-03-28"},
		{"28 août 2026|28 Dezember 2026|28 février 2026|1er janvier 2026|5 września 2026|28 gennaio 2026|28-dic-26|28 de outubro del 2026",
			"2026-08-28 | 2026-12-28 | 2026-02-28 | 2026-01-01 | 2026-09-05 | 2026-01-28 | 2026-12-28 | 2026-10-28"},
		{"2026-11-28 00:00:00|28.11.2026 00:00|2026-11-28T00:00:00Z|2026-11-28T00:00:00.000+01:00|11/28/2026 12:00:00 AM|2026-11-28 00:00:01",
			"2026-11-28 | 2026-11-28 | 2026-11-28 | 2026-11-28 | !bad_date | !bad_date"},
		{"30/02/2026|31/04/2026|29/02/2028|29/02/2026|2026-02-30|0/1/2026|2026-00-10|0000-01-01|2026-13-01|31 Apr 2026",
			"!bad_date | !bad_date | 2028-02-29 | !bad_date | !bad_date | !bad_date | !bad_date | !bad_date | !bad_date | !bad_date"},
		{"45989|45989.5|45989,75|2026|11/2026|28112026|123|abc|28 Foo 2026|28/11/2026x|28/11.2026|28/11/026|2026-11-28T|2026-11-28 25:00|28 11 2026|128/11/2026",
			strings.Repeat("!bad_date | ", 15) + "!bad_date"},
		{"\u200e28.11.2026\u200e|\ufeff2026-11-28", "2026-11-28 | 2026-11-28"},
		{strings.Repeat("1", 100), "!bad_date"},
	} {
		t.Run(c.cells[:min(len(c.cells), 40)], func(t *testing.T) {
			require.Equal(t, c.want, readings(t, from, "", spelling.Settings{}, strings.Split(c.cells, "|")...))
		})
	}
}

func TestDatesWithSettings(t *testing.T) {
	set := func(o spelling.Order) spelling.Settings { return spelling.Settings{Order: o} }
	require.Equal(t, "2026-02-01 | 2026-01-03", readings(t, from, "", set(spelling.DMY), "1/2/2026", "2026-01-03"))
	require.Equal(t, "2026-01-02 | !bad_date", readings(t, from, "", set(spelling.MDY), "1/2/2026", "13/1/2026"))
	require.Equal(t, "2026-11-28 | !bad_date", readings(t, from, "", set(spelling.YMD), "26/11/28", "28/11/2026"))
	byLayout := func(f products.Type, layout string) *products.Field {
		return &products.Field{Name: "day", Type: f, Layout: layout}
	}
	require.Equal(t, "2026-02-01 | !bad_date | 2026-11-28", readings(t, byLayout(products.Date, "02_01_2006"), "",
		spelling.Settings{}, "01_02_2026", "01.02.2026", "2026-11-28"))
	require.Equal(t, "2026-02-01 | 2026-03-28", readings(t, byLayout(products.Date, "2006-02-01"), "",
		spelling.Settings{}, "2026-01-02", "2026-28-03"))

	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	in := spelling.Settings{Zone: spelling.ZoneOf(berlin)}
	require.Equal(t, "2026-07-01T12:30:00Z | !bad_timestamp | !bad_timestamp", readings(t, byLayout(products.Timestamp, "02_01_2006 15:04"), "",
		in, "01_07_2026 14:30", "29_03_2026 02:30", "25_10_2026 02:30"))
	require.Equal(t, "2026-07-01T14:30:00Z | !too_precise", readings(t, byLayout(products.Timestamp, "2006-01-02 15:04:05Z"), "",
		in, "2026-07-01 14:30:00Z", "2026-07-01 14:30:00.1234567Z"))
	require.Equal(t, "2026-07-01T12:30:00Z | 2026-07-01T14:30:00Z | !bad_timestamp", readings(t, byLayout(products.Timestamp, "2006-01-02 15:04 MST"), "",
		in, "2026-07-01 14:30 CEST", "2026-07-01 14:30 UTC", "2026-07-01 14:30 PDT"))
}

func TestTimestamps(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for _, c := range []struct {
		zone        *time.Location
		cells, want string
	}{
		{nil, "2026-11-28T14:30:05Z|2026-11-28T14:30:05.5Z|2026-11-28T14:30:05.500Z|2026-11-28T14:30:05.123456Z",
			"2026-11-28T14:30:05Z | 2026-11-28T14:30:05.5Z | 2026-11-28T14:30:05.5Z | 2026-11-28T14:30:05.123456Z"},
		{nil, "2026-11-28 14:30|28.11.2026 14:30:05.123|Sat, 28 Nov 2026 14:30:00 GMT|28/11/2026 2:30 PM|28 Nov 2026, 2:30:05 p.m.|2026-11-28|2026-11-28 12:00 AM|2026-11-28 12 pm|2026-11-28 2:30\u202fPM",
			"2026-11-28T14:30:00Z | 2026-11-28T14:30:05.123Z | 2026-11-28T14:30:00Z | 2026-11-28T14:30:00Z | 2026-11-28T14:30:05Z | 2026-11-28T00:00:00Z | 2026-11-28T00:00:00Z | 2026-11-28T12:00:00Z | 2026-11-28T14:30:00Z"},
		{nil, "2026-11-28T14:30:00+01:00|2026-11-28 14:30:00 +0100|2026-11-28T14:30:00-05:30|2026-11-28 14:30 UTC|2026-11-28 14:30 GMT|2026-11-28 14:30+01|2026-11-28 14:30 GMT+2|2026-11-28T14:30:00−01:00",
			"2026-11-28T13:30:00Z | 2026-11-28T13:30:00Z | 2026-11-28T20:00:00Z | 2026-11-28T14:30:00Z | 2026-11-28T14:30:00Z | 2026-11-28T13:30:00Z | 2026-11-28T12:30:00Z | 2026-11-28T15:30:00Z"},
		{nil, "2026-11-28T14:30:05.1234560000Z|2026-11-28T14:30:05.1234567Z|2026-11-28T14:30:05.1234560001Z|2026-11-28T14:30:05,5Z",
			"2026-11-28T14:30:05.123456Z | !too_precise | !too_precise | 2026-11-28T14:30:05.5Z"},
		{nil, "2026-11-28 24:00|2026-11-28 14:60|2026-11-28 14:30:60|2026-11-28 13:00 PM|2026-11-28 0:30 AM|2026-11-28 14|2026-11-28 14:3|2026-11-28 14:30 CET|2026-11-28 14:30 +1:5|2026-11-28T14:30:00+25:00|2026-02-30T14:30:00Z|2026-11-28T14:30:05.Z|45989.5",
			strings.Repeat("!bad_timestamp | ", 12) + "!bad_timestamp"},
		{nil, "0001-01-01T00:00:00+01:00|9999-12-31T23:59:59-01:00|0001-01-01T00:00:00Z", "!out_of_range | !out_of_range | 0001-01-01T00:00:00Z"},
		{nil, "1/2/2026 14:30", "? date seen=dmy seen=mdy"},
		{berlin, "2026-07-01 14:30|2026-12-01 14:30|2026-07-01 14:30Z|2026-07-01|2026-03-29 01:59|2026-03-29 02:00|2026-03-29 02:59|2026-03-29 03:00|2026-10-25 01:59|2026-10-25 02:00|2026-10-25 02:59|2026-10-25 03:00|2026-10-25 02:30+01:00",
			"2026-07-01T12:30:00Z | 2026-12-01T13:30:00Z | 2026-07-01T14:30:00Z | 2026-06-30T22:00:00Z | 2026-03-29T00:59:00Z | !bad_timestamp | !bad_timestamp | 2026-03-29T01:00:00Z | 2026-10-24T23:59:00Z | !bad_timestamp | !bad_timestamp | 2026-10-25T02:00:00Z | 2026-10-25T01:30:00Z"},
	} {
		t.Run(c.cells[:min(len(c.cells), 40)], func(t *testing.T) {
			require.Equal(t, c.want, readings(t, seen, "", spelling.Settings{Zone: spelling.ZoneOf(c.zone)}, strings.Split(c.cells, "|")...))
		})
	}
}

func TestDatesUndecided(t *testing.T) {
	read := func(cell string, before ...string) *spelling.Fault {
		format, question := surveyed(from, "", spelling.Settings{}, before...).Decide()
		require.Nil(t, question)
		_, fault := format.Text(cell)
		return fault
	}
	for _, c := range [][]string{{"1/2/2026", ""}, {"28/11/2026", "2026-11-28"}, {"1.2.2026", "2026-11-28"}, {"28-11-26", "1.2.2026"}, {"28-11-26", ""},
		{"1/2/2026", "1.2.2026"}, {"11.28.2026", "1.2.2026"}, {"11/28/2026", "1.2.2026"}, {"99/11/28", "1.2.2026"}} {
		fault := read(c[0], c[1:]...)
		require.NotNil(t, fault, c)
		require.True(t, fault.Undecided, c)
	}
	require.Nil(t, read("28.11.2026", "1.2.2026"))
	require.Nil(t, read("5/5/2026", ""))
	require.Nil(t, read("28 Nov 2026", ""))
	require.False(t, read("30/02/2026", "").Undecided)
}

func TestDateMessages(t *testing.T) {
	for _, c := range []struct {
		field        *products.Field
		before, cell string
		want         string
	}{
		{from, "", "45989.5", `Ab must be a date, but is "45989.5", which a spreadsheet counts from the year 1900 and shows as 2025-11-28; give the column a date format there and export it again`},
		{from, "", "abc", `Ab must be a date such as 2026-11-28, not "abc"`},
		{seen, "", "abc", `Ab must be a date with a time such as 2026-11-28 14:30, not "abc"`},
		{from, "", "30.02.2026", `Ab must be a day that exists, not "30.02.2026"`},
		{from, "28.11.2026", "11.28.2026", `Ab must be a date with the day first (line 2: "28.11.2026" has a day that is no month, in front), not "11.28.2026"`},
		{from, "11/28/2026", "28/11/2026", `Ab must be a date with the month first (line 2: "11/28/2026" has a day that is no month, in the middle), not "28/11/2026"`},
		{from, "99/11/28", "28/11/2026", `Ab must be a date with the year first (line 2: "99/11/28" begins with a number that is no day), not "28/11/2026"`},
		{from, "", "1/2/2026", `Ab must be a date, and of "1/2/2026" it isn't known what comes first, day, month or year`},
		{from, "", "2026-11-28 14:30", `Ab must be a date without a time, not "2026-11-28 14:30"`},
		{seen, "", "2026-11-28 14:30:00.1234567", `Ab must have at most 6 digits behind the seconds, not "2026-11-28 14:30:00.1234567"`},
		{&products.Field{Type: products.Date, Layout: "02_01_2006"}, "", "x", `Ab must be a date as 28_11_2026, not "x"`},
	} {
		t.Run(c.cell, func(t *testing.T) {
			format, question := surveyed(c.field, "Ab", spelling.Settings{}, c.before).Decide()
			require.Nil(t, question)
			_, fault := format.Text(c.cell)
			require.NotNil(t, fault)
			require.Equal(t, c.want, fault.Message)
		})
	}
}
