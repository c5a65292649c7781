package spelling_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
)

func TestBooleans(t *testing.T) {
	fragile := &products.Field{Name: "fragile", Type: products.Boolean}
	for want, cells := range map[string]string{
		"true":  "true TRUE 1,0 T SI SÌ ano ÁNO igen DA да ИСТИНА evet DOĞRU ✓ enabled ACTIVE available instock 1 1.0 yes Yes on T y Y ja JA wahr WAHR oui vrai VRAI si sí SÍ sì verdadero vero waar sim verdadeiro tak prawda",
		"false": "false FALSE 0,0 F ne NEM нет ЛОЖЬ HAYIR nej ✗ disabled Inactive unavailable OUT_OF_STOCK sold-out 0 0.0 no NO off F n N nein falsch FALSCH non faux falso FALSO nee onwaar não NÃO nao nie fałsz FAŁSZ",
	} {
		for _, cell := range strings.Fields(cells) {
			require.Equal(t, want, readings(t, fragile, "", spelling.Settings{}, " "+cell+"\u00a0"), cell)
		}
	}
	for _, cell := range []string{"x", "2", "-1", "_1", "1-", "visible", "s", "J", "o", "maybe", "draft", "o", "yesno", strings.Repeat("y", 100)} {
		require.Equal(t, "!bad_boolean", readings(t, fragile, "", spelling.Settings{}, cell), cell)
	}
	require.Empty(t, readings(t, fragile, "", spelling.Settings{}, " "))

	column := spelling.Settings{Words: map[string]bool{"2": false, "yes": false}}
	require.Equal(t, "false | false | true", readings(t, fragile, "", column, "2", "Yes", "ja"))

	own := &products.Field{Name: "sale", Type: products.Boolean, Words: map[string]bool{"sale": true, "offer": true, "none": false, "1": false}}
	require.Equal(t, "true | false | false | true", readings(t, own, "", spelling.Settings{}, "SALE", "none", "1", "yes"))
	status := products.Standard().Find("status")
	require.Equal(t, "true | false", readings(t, status, "", spelling.Settings{}, "Published", "-1"))
	for field, want := range map[*products.Field]string{
		fragile: `Is must be a yes or a no (true/false, 1/0, yes/no, on/off), not " maybe"`,
		own:     `Is must be a yes or a no (true/false, 1/0, yes/no, on/off; yes: offer, sale; no: 1, none), not " maybe"`,
		status: `Is must be a yes or a no (true/false, 1/0, yes/no, on/off, active/inactive, published/unpublished, ` +
			`enabled/disabled, draft, archived), not " maybe"`,
	} {
		format, _ := surveyed(field, "Is", spelling.Settings{}).Decide()
		_, fault := format.Text(" maybe")
		require.Equal(t, want, fault.Message)
	}
}

// Words of several words are known however they are separated.
func TestStatusWords(t *testing.T) {
	status := products.Standard().Find("status")
	for want, cells := range map[string]string{
		"true": "active|Published|PUBLISH|visible|enabled|live|Online|listed|Aktiv|sichtbar|Actif|publié|PUBLIE|activo|" +
			"attivo|ingeschakeld|ativo|Aktywny|en  ligne|t|Y|1.0|SÍ|tak",
		"false": "inactive|Draft|ARCHIVED|private|Pending|pending-review|auto_draft|hidden|Not visible|not_visible|" +
			"NOT\u00a0VISIBLE| not   visible |Not Visible Individually|unlisted|Incomplete|unpublished|disabled|discontinued|" +
			"Inaktiv|Entwurf|brouillon|borrador|bozza|rascunho|szkic|nieaktywny|gelöscht|geloescht|-1|F|N|0.0|nie",
	} {
		for cell := range strings.SplitSeq(cells, "|") {
			require.Equal(t, want, readings(t, status, "", spelling.Settings{}, cell), cell)
		}
	}
	for _, cell := range []string{"in stock", "Out of stock", "available", "sold out", "notvisible", "-", "--1", "new",
		strings.Repeat("not ", 50) + "visible"} {
		require.Equal(t, "!bad_boolean", readings(t, status, "", spelling.Settings{}, cell), cell)
	}
	for _, name := range []string{"is_inactive", "sold_out", "disabled"} {
		denied := &products.Field{Name: name, Type: products.Boolean}
		require.Equal(t, "!bad_boolean | !bad_boolean | true",
			readings(t, denied, "", spelling.Settings{}, "active", "in stock", "yes"), name)
	}
}

// A letter is a word for yes where N stands beside it, and nothing else does.
func TestLettersForYes(t *testing.T) {
	sold := &products.Field{Name: "sold", Type: products.Boolean}
	for cells, want := range map[string]string{
		"S|N|s|n":   "true | false | true | false",
		"N|J":       "false | true",
		"O| |n":     "true |  | false",
		"N":         "false",
		"S":         "!bad_boolean",
		"S|M|L":     "!bad_boolean | !bad_boolean | !bad_boolean",
		"S|J|N":     "!bad_boolean | !bad_boolean | false",
		"S|N|true":  "!bad_boolean | false | true",
		"S|N|x":     "true | false | !bad_boolean",
		"S|no":      "!bad_boolean | false",
		"SN|N|Sí|S": "!bad_boolean | false | true | !bad_boolean",
	} {
		require.Equal(t, want, readings(t, sold, "", spelling.Settings{}, strings.Split(cells, "|")...), cells)
	}
	own := &products.Field{Name: "sold", Type: products.Boolean, Words: map[string]bool{"s": false}}
	require.Equal(t, "false | false | true", readings(t, own, "", spelling.Settings{}, "S", "N", "yes"))

	// What a format was decided without is evidence.
	for cells, next := range map[string]string{"": "S", "N": "S", "S": "N", "S|N": "true", "S|N|x": "J"} {
		format, _ := surveyed(sold, "", spelling.Settings{}, strings.Split(cells, "|")...).Decide()
		_, fault := format.Text(next)
		require.NotNil(t, fault, cells)
		require.True(t, fault.Undecided, cells)
	}
	for cells, next := range map[string]string{"": "N", "true": "S", "S|J": "N", "S|N": "x"} {
		format, _ := surveyed(sold, "", spelling.Settings{}, strings.Split(cells, "|")...).Decide()
		_, fault := format.Text(next)
		require.False(t, fault != nil && fault.Undecided, cells)
	}
}

func TestMeaninglessWords(t *testing.T) {
	status := products.Standard().Find("status")
	for cells, want := range map[string]int64{"In stock|Out of stock": 2, "neu||": 0, "neu|": 1, "neu|active": 0, "S|s": 2,
		"S|N": 0, " ": 0, "": 0, "x|y|0|z": 0} {
		a, b := surveyed(status, "", spelling.Settings{}), surveyed(status, "", spelling.Settings{})
		for i, cell := range strings.Split(cells, "|") {
			b.Add(cell, int64(i+2))
			a, b = b, a
		}
		a.Merge(b)
		first, words, yes := a.Meaningless()
		require.Equal(t, want > 0, yes, cells)
		if yes {
			require.Equal(t, want, words, cells)
			require.Equal(t, spelling.Value{Line: 2, Text: strings.Split(cells, "|")[0]}, first)
		}
	}
	_, _, yes := surveyed(price, "", spelling.Settings{}, "x").Meaningless()
	require.False(t, yes)
}

// No word costs memory.
func TestWordsDoNotAllocate(t *testing.T) {
	format, _ := surveyed(products.Standard().Find("status"), "", spelling.Settings{}).Decide()
	for _, cell := range []string{"true", "WAHR", " Not  Visible ", "pending-review"} {
		require.Zero(t, testing.AllocsPerRun(10, func() { _, _, _ = format.Read(nil, cell) }), cell)
	}
}

func TestTexts(t *testing.T) {
	note := &products.Field{Name: "note", Type: products.Text}
	require.Equal(t, " a  |  | 1,234", readings(t, note, "", spelling.Settings{}, " a ", " \u200b", "1,234"))
	require.Equal(t, "  | x", readings(t, products.Standard().Find("description"), "", spelling.Settings{}, " ", "x"))
}

func TestLists(t *testing.T) {
	tags := &products.Field{Name: "tags", Type: products.List}
	bars := &products.Field{Name: "tags", Type: products.List, Separator: "|"}
	read := func(f *products.Field, cell string) string { return readings(t, f, "", spelling.Settings{}, cell) }
	for _, c := range []struct {
		field      *products.Field
		cell, want string
	}{
		{tags, "a, b ,,\u00a0c\u200b,", `["a","b","c"]`},
		{tags, "a", `["a"]`},
		{tags, " , ,", ""},
		{tags, " ", ""},
		{tags, "a;b", `["a;b"]`},
		{bars, "a,b|c", `["a,b","c"]`},
		{tags, `["a","b,c"]`, `["a","b,c"]`},
		{tags, ` [ "a" , " b " , "" , " "] `, `["a"," b "]`},
		{tags, `[]`, ""},
		{tags, `[""]`, ""},
		{tags, `["\u00e4\/<\u2028"]`, "[\"ä/<\u2028\"]"},
		{tags, `[a]`, `["[a]"]`},
		{tags, `[1,2]`, `["[1","2]"]`},
		{tags, `["a",]`, `["[\"a\"","]"]`},
		{tags, "say \"a\"\\,x\ny\t\x01z", `["say \"a\"\\","x\ny\t\u0001z"]`},
		{tags, "\u2028a\u2029b<&>", "[\"a\u2029b<&>\"]"},
		{tags, "a,\xff", "!bad_list"},
		{tags, `["a\u0000"]`, "!bad_character"},
		{tags, "a\x00b", "!bad_character"},
		{tags, strings.Repeat("ä", products.MaxDescription-4), `["` + strings.Repeat("ä", products.MaxDescription-4) + `"]`},
		{tags, strings.Repeat("ä", products.MaxDescription-3), "!too_long"},
		{tags, `["` + strings.Repeat("ä", products.MaxDescription-3) + `"]`, "!too_long"},
	} {
		require.Equal(t, c.want, read(c.field, c.cell), c.cell)
	}
}
