package importer_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
)

// TestNotCSV: what is no CSV file is named, in one short sentence.
func TestNotCSV(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.UintN(256))
		}
		return string(b)
	}
	visible := []byte(random(50_000))
	for i := range visible {
		visible[i] = max(visible[i], ' ')
	}
	page := "<html xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><table><tr><td>sku"
	for name, c := range map[string]struct{ file, want string }{
		"JSON":                                {`[{"sku":"A-1","name":"Lamp"},` + "\n" + `{"sku":"A-2","name":"Desk"}]`, "it is JSON"},
		"JSON, indented":                      {"\ufeff{\n  \"products\": [\n    {\"sku\": \"A-1\"}\n  ]\n}\n", "it is JSON"},
		"JSON, lines":                         {"{\"sku\":\"A-1\"}\n{\"sku\":\"A-2\"}\n", "it is JSON"},
		"JSON, lists":                         {"[[\"sku\",\"name\"],[\"A-1\",\"Lamp\"]]", "it is JSON"},
		"JSON, lines of lists":                {"[\"sku\",\"name\"]\n[\"A-1\",\"Lamp\"]\n", "it is JSON"},
		"JSON in UTF-16":                      {"\xff\xfe{\x00\"\x00a\x00\"\x00:\x001\x00}\x00", "it is JSON"},
		"XML":                                 {"<?xml version=\"1.0\"?><catalog/>", "it is an XML document"},
		"XML without declaration":             {"\n<catalog>\n<product sku=\"A, B\"/>", "it is an XML document"},
		"XML, a comment":                      {"<!-- export -->\n<rss version=\"2.0\">", "it is an XML document"},
		"XML, a spreadsheet":                  {"<?xml version=\"1.0\"?>\n<?mso-application progid=\"Excel.Sheet\"?>", "spreadsheet"},
		"web page":                            {" <!doctype html><html>", "it is a web page"},
		"web page, its head":                  {"<head><title>", "it is a web page"},
		"web page from Excel":                 {page, "which some programs call xls"},
		"HTML":                                {"<table border=1><tr><td>sku</td><td>name</td></tr>", "it is HTML"},
		"PDF":                                 {"%PDF-1.7\n", "PDF"},
		"PNG":                                 {"\x89PNG\r\n\x1a\n" + random(100), "picture"},
		"WebP":                                {"RIFF\x10\x20\x00\x00WEBPVP8 " + random(100), "picture"},
		"xls":                                 {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + random(100), "save the sheet as CSV"},
		"xlsx":                                {zipped(t, "x", "[Content_Types].xml", "xl/workbook.xml"), "save the sheet as CSV"},
		"ods":                                 {zipped(t, "x", "mimetype"), "save the sheet as CSV"},
		"random bytes":                        {random(50_000), "it is binary, not text"},
		"random bytes but control characters": {string(visible), "it is binary, not text"},
		"a few random bytes":                  {random(200), "it is binary, not text"},
		"a quote that is never closed": {"sku,\"name\n" + strings.Repeat("A-1,Lamp\n", 9),
			"a quote in line 1, its first record, is out of place or never closed"},
		"a line without end": {strings.Repeat("x", 1<<20+1), "line 1, its first record, has more than 1048576 bytes"},
		"long names": {strings.Repeat(strings.Repeat("\x7f\u200b", 100)+",", 99) + "\n1\n",
			"a name that can't be read"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := doImport(t, memory.New(memory.Options{}).Products(), c.file, importer.Options{})
			require.ErrorIs(t, err, importer.ErrInput)
			require.ErrorContains(t, err, c.want)
			require.Less(t, len(err.Error()), 500)
			require.NotContains(t, err.Error(), "bytes, or a quote")
		})
	}
}

// TestLooksLikeMarkup: a CSV file may begin with what other files begin with.
func TestLooksLikeMarkup(t *testing.T) {
	for text, o := range map[string]importer.Options{
		"<SKU>,<NAME>,<PRICE>\nA-1,Lamp,1\n":         {},
		"<b>Lamp</b>,A-1\n<b>Desk</b>,A-2\n":         {Header: importer.HeaderNo},
		"<Lamp\tA-1\n<Desk\tA-2\n":                   {Header: importer.HeaderNo},
		"{sku},{name}\nA-1,Lamp\n":                   {},
		"[sku],[name]\n[A-1],[Lamp]\n":               {},
		"\"{\"\"sku\"\"}\",name\nA-1,Lamp\n":         {Map: map[string]string{"sku": "1"}},
		"sku,name\x1f\x1e\nA-1,Lamp\x1f\nA-2,\x1e\n": {Map: map[string]string{"name": "2"}},
		"PAR1,Paris\n":                               {Header: importer.HeaderNo},
	} {
		_, result, err := doImport(t, memory.New(memory.Options{}).Products(), text, o)
		require.NoError(t, err, text)
		require.NotZero(t, result.Created, text)
	}
}
