package spelling_test

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
)

// cellsOf are cells of all kinds, from which columns are drawn.
var cellsOf = map[products.Type][]string{
	products.Decimal: {"", " ", "5", "12", "1,234", "1.234", "12,50", "12.50", "1.234,50", "1,234.50", "1 234,5", "1'234", "0.500", "0,500",
		"1.234.567", "€5", "5 $", "5 USD", "5 CAD", "5 kg", "-1,5", "(1.5)", "12.-", "12,-", "abc", "12,34.5", "1,23,456", "1E5", "12 34", "1,2345"},
	products.Date: {"", "2026-11-28", "1.2.2026", "3.4.26", "28.11.2026", "11.28.2026", "1/2/2026", "28/11/2026", "11/28/2026", "99/11/28", "5/5/2026", "28-11-26", "05-05-05", "31-02-28", "01-02-03",
		"28 Nov 2026", "30/02/2026", "45989", "abc", "2026-11-28 14:30", "1/2/2026 14:30", "2026-11-28T14:30:00Z"},
}

// column draws a column's cells, of few kinds, so that many columns have no evidence of some kind.
func column(r *rand.Rand, kind products.Type) []string {
	switch kind {
	case products.Integer:
		kind = products.Decimal
	case products.Timestamp:
		kind = products.Date
	}
	kinds := make([]string, 1+r.IntN(4))
	for i := range kinds {
		kinds[i] = cellsOf[kind][r.IntN(len(cellsOf[kind]))]
	}
	cells := make([]string, 1+r.IntN(8))
	for i := range cells {
		cells[i] = kinds[r.IntN(len(kinds))]
	}
	return cells
}

// A column that is surveyed in parts, merged in any order, is spelled as the whole.
func TestMergeInAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		f := []*products.Field{price, exact, stock, weight, from, seen}[r.IntN(6)]
		heading := []string{"", "A", "A (€)", "A (g)"}[r.IntN(4)]
		cells := column(r, f.Type)
		parts := make([]*spelling.Survey, 1+r.IntN(4))
		for i := range parts {
			parts[i] = spelling.NewSurvey(f, heading, spelling.Settings{})
		}
		for i, cell := range cells {
			parts[i*len(parts)/len(cells)].Add(cell, int64(i+2))
		}
		r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		for _, part := range parts[1:] {
			parts[0].Merge(part)
		}
		want, wantQuestion := surveyed(f, heading, spelling.Settings{}, cells...).Decide()
		got, question := parts[0].Decide()
		require.Equal(t, wantQuestion, question, cells)
		require.Equal(t, want, got, cells)
	}
}

// What a format reads when it has seen a part of a column is what it reads when it has seen all, unless it says that it
// is undecided; and when it has seen all, it never does.
func TestPartialSurveys(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	undecided := 0
	for range 20000 {
		f := []*products.Field{price, exact, stock, weight, from, seen}[r.IntN(6)]
		cells := column(r, f.Type)
		partial, question := surveyed(f, "", spelling.Settings{}, cells[:r.IntN(len(cells))]...).Decide()
		if question != nil {
			if question.Final {
				_, still := surveyed(f, "", spelling.Settings{}, cells...).Decide()
				require.NotNil(t, still, "a final question remains: %q", cells)
				require.Equal(t, question.Kind, still.Kind)
			}
			continue
		}
		var texts, faults []string
		ends := slices.ContainsFunc(cells, func(cell string) bool {
			text, fault := partial.Text(cell)
			texts = append(texts, text)
			if fault != nil {
				faults = append(faults, cell+": "+fault.Code)
			}
			return fault != nil && fault.Undecided
		})
		if ends {
			undecided++
			continue
		}
		whole, question := surveyed(f, "", spelling.Settings{}, cells...).Decide()
		require.Nil(t, question, "nothing is undecided: %q", cells)
		for i, cell := range cells {
			text, fault := whole.Text(cell)
			require.Equal(t, texts[i], text, "%q of %q", cell, cells)
			if fault != nil {
				require.False(t, fault.Undecided)
				require.Equal(t, faults[0], cell+": "+fault.Code)
				faults = faults[1:]
			}
		}
		require.Empty(t, faults)
	}
	require.Positive(t, undecided, "columns with late evidence are among them")
}

// readNumber reads a number in the plainest way: digits, groups of three, one sign before the decimals.
func readNumber(cell string, sign string) (*big.Rat, bool) {
	other := map[string]string{".": ",", ",": "."}[sign]
	whole, decimals, _ := strings.Cut(cell, sign)
	if groups := strings.Split(whole, other); len(groups) > 1 {
		for i, g := range groups {
			if i > 0 && len(g) != 3 || i == 0 && (g == "" || len(g) > 3 || g[0] == '0') {
				return nil, false
			}
		}
		whole = strings.Join(groups, "")
	}
	if whole+decimals == "" || strings.Trim(whole+decimals, "0123456789") != "" {
		return nil, false
	}
	return new(big.Rat).SetString("0" + whole + "." + decimals + "0")
}

// Of all short strings of digits and signs, each is read as the plain reading has it: alone it decides if there is one
// such reading, asks if there are two, and is a fault if there is none.
func TestNumbersExhaustively(t *testing.T) {
	field := &products.Field{Name: "n", Type: products.Decimal, Scale: 8}
	alphabet := "01,."
	for length := 1; length <= 8; length++ {
		for n := range pow(len(alphabet), length) {
			cell := make([]byte, length)
			for i := range cell {
				cell[i] = alphabet[n%len(alphabet)]
				n /= len(alphabet)
			}
			s := string(cell)
			if strings.Trim(s, ",.") == "" {
				continue
			}
			point, isPoint := readNumber(s, ".")
			comma, isComma := readNumber(s, ",")
			format, question := surveyed(field, "", spelling.Settings{}, s).Decide()
			if isPoint && isComma && point.Cmp(comma) != 0 {
				require.NotNil(t, question, s)
				continue
			}
			require.Nil(t, question, s)
			text, fault := format.Text(s)
			if fault != nil {
				require.False(t, isPoint || isComma, "%s: %v", s, fault)
				continue
			}
			got, ok := new(big.Rat).SetString(text)
			require.True(t, ok, s)
			if !isPoint && !isComma { // India's groups
				require.Regexp(t, `^[1-9]\d?,(\d\d,)*\d{3}(\.\d*)?$`, s)
				continue
			}
			want := point
			if !isPoint {
				want = comma
			}
			require.Zero(t, want.Cmp(got), "%s is read as %s", s, text)
		}
	}
}

func pow(base, exponent int) int {
	n := 1
	for range exponent {
		n *= base
	}
	return n
}

// What AppendCell writes is read back as it was, and without a question, whatever column it is in.
func TestCellsAreReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for range 3000 {
		f := &products.Field{Name: "f", Type: products.Type(1 + r.IntN(int(products.List))), Scale: r.IntN(5)}
		f.Separator = []string{"", "|", ";", " ", "[", `"`, "é"}[r.IntN(7)]
		if f.Type == products.Date {
			f.Layout = []string{"", "2006-02-01", "02.01.2006", "2006-01-02"}[r.IntN(4)]
		}
		if f.Type == products.Timestamp {
			f.Layout = []string{"", "02.01.2006 15:04", time.RFC3339}[r.IntN(3)]
		}
		texts := make([]string, 1+r.IntN(5))
		for i := range texts {
			texts[i] = canonical(r, f)
		}
		settings := spelling.Settings{}
		if r.IntN(2) == 0 {
			settings.Zone = spelling.ZoneOf(berlin)
		}
		survey := spelling.NewSurvey(f, "", settings)
		var cells []string
		for i, text := range texts {
			cells = append(cells, string(spelling.AppendCell(nil, f, text)))
			survey.Add(cells[i], int64(i+2))
		}
		format, question := survey.Decide()
		require.Nil(t, question, cells)
		for i, text := range texts {
			got, fault := format.Text(cells[i])
			require.Nil(t, fault, cells)
			require.Equal(t, text, got, "%q of %+v", cells[i], f)
		}
	}
}

// canonical draws a canonical text of the field.
func canonical(r *rand.Rand, f *products.Field) string {
	if r.IntN(8) == 0 {
		return ""
	}
	digits := func(most int) string {
		s := string(rune('1' + r.IntN(9)))
		for range r.IntN(most) {
			s += string(rune('0' + r.IntN(10)))
		}
		return s
	}
	sign := []string{"", "-"}[r.IntN(2)]
	when := time.Unix(r.Int64N(4e9), 1000*r.Int64N(1e6)).UTC()
	switch f.Type {
	case products.Integer:
		return sign + digits(18)
	case products.Decimal:
		s := sign + digits(20)
		if r.IntN(4) == 0 {
			s = "0"
		}
		if f.Scale > 0 {
			s += "."
			for range f.Scale {
				s += string(rune('0' + r.IntN(10)))
			}
		}
		return s
	case products.Boolean:
		return []string{"true", "false"}[r.IntN(2)]
	case products.Date:
		return when.Format(time.DateOnly)
	case products.Timestamp:
		return when.Format(time.RFC3339Nano)
	case products.List:
		items := make([]string, 1+r.IntN(3))
		for i := range items {
			items[i] = []string{"a", "b c", "d,e", " f", "g|", `"h"`, "[i]", `["j"]`, `k\`, "<l>", "m\u2028n", "é", "\u200bo", "]"}[r.IntN(14)]
		}
		return products.ListText(items)
	}
	return []string{"a", " b ", "1,234", "[]"}[r.IntN(4)]
}

func FuzzRead(f *testing.F) {
	for kind := range byte(products.List) {
		for _, cells := range cellsOf {
			for i, cell := range cells {
				f.Add(cell, cells[(i+1)%len(cells)], kind, byte(2))
			}
		}
		f.Add(`["a", "b"]`, "a,b", kind, byte(0))
	}
	f.Fuzz(func(t *testing.T, cell, other string, kind, scale byte) {
		field := &products.Field{Name: "f", Type: products.Type(1 + int(kind)%int(products.List)), Scale: int(scale) % 19}
		field.Unit = []string{"", "g", "EUR"}[int(kind/7)%3]
		settings := spelling.Settings{Sign: []spelling.Sign{0, ',', '.'}[int(scale/19)%3], Order: spelling.Order(scale / 57 % 4)}
		survey := spelling.NewSurvey(field, other, settings)
		survey.Add(other, 2)
		early, _ := survey.Decide()
		survey.Add(cell, 3)
		format, question := survey.Decide()
		if question != nil {
			require.NotEmpty(t, question.Text)
			if len(question.Answers) == 0 {
				require.True(t, question.Final)
			}
			return
		}
		prefix := []byte("before")
		text, out, fault := format.Read(prefix, cell)
		require.True(t, strings.HasPrefix(string(out), "before"))
		if fault != nil {
			require.False(t, fault.Undecided, "a survey of all cells leaves nothing undecided")
			require.Equal(t, "before", string(out))
			require.Empty(t, text)
			require.NotEmpty(t, fault.Message)
			return
		}
		if len(out) > len(prefix) {
			require.Empty(t, text)
			text = string(out[len(prefix):])
		}
		if early != nil {
			if first, fault := early.Text(cell); fault == nil {
				require.Equal(t, text, first, "an early format doesn't guess")
			}
		}
		if !utf8.ValidString(text) {
			require.Equal(t, products.Text, field.Type)
			return
		}
		if field.Type != products.Text || strings.IndexByte(text, 0) < 0 {
			canonical, unread := field.Parse(text)
			require.Nil(t, unread)
			require.Equal(t, canonical, text)
		}
		if field.Type == products.Text {
			return
		}
		// The canonical text is read as itself, and so is what an export writes.
		canonical, question := surveyed(field, "", spelling.Settings{}, string(spelling.AppendCell(nil, field, text))).Decide()
		require.Nil(t, question)
		again, fault := canonical.Text(string(spelling.AppendCell(nil, field, text)))
		require.Nil(t, fault)
		require.Equal(t, text, again)
	})
}
