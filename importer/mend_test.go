package importer_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/progress"
)

// damages are ways in which a record gets damaged, and how somebody mends the fields that come back: those of the file
// first, then those of the rejects, then surplus ones. Each leaves "sku-N,name N,some text,yes".
var damages = []struct {
	code   importer.Code
	damage func(n int) string
	mend   func(n int, fields []string)
}{
	{importer.CodeBadQuote, func(n int) string { return fmt.Sprintf("sku-%d,name %d,\"some text,yes\n", n, n) },
		mendQuotes},
	{importer.CodeBadQuote, func(n int) string { return fmt.Sprintf("sku-%d,na\"me %d,some text,yes\n", n, n) },
		mendQuotes},
	{importer.CodeBadQuote, func(n int) string { return fmt.Sprintf("sku-%d,name %d,\"some\" text,yes\n", n, n) },
		mendQuotes},
	{importer.CodeFieldCount, func(n int) string { return fmt.Sprintf("sku-%d,name %d,some, text,yes\n", n, n) },
		func(n int, fields []string) {
			fields[2] += strings.TrimPrefix(fields[3], ",")
			fields[3], fields[8] = fields[8], ""
		}},
	{importer.CodeMissingColumn, func(n int) string { return fmt.Sprintf("sku-%d,name %d\n", n, n) },
		func(n int, fields []string) { fields[2], fields[3] = "some text", "yes" }},
	{importer.CodeInvalidUTF8, func(n int) string { return fmt.Sprintf("sku-%d,na\xffme %d,some text,yes\n", n, n) },
		func(n int, fields []string) { fields[1] = strings.ReplaceAll(fields[1], "\xff", "") }},
	{importer.CodeBadCharacter, func(n int) string { return fmt.Sprintf("sku-%d,na\x00me %d,some text,yes\n", n, n) },
		func(n int, fields []string) { fields[1] = strings.ReplaceAll(fields[1], "\x00", "") }},
	{importer.CodeEmpty, func(n int) string { return fmt.Sprintf(",name %d,some text,yes\n", n) },
		func(n int, fields []string) { fields[0] = fmt.Sprintf("sku-%d", n) }},
	{importer.CodeBadBoolean, func(n int) string { return fmt.Sprintf("sku-%d,name %d,some text,perhaps\n", n, n) },
		func(n int, fields []string) { fields[3] = "yes" }},
	{importer.CodeTooLong, func(n int) string {
		return fmt.Sprintf("sku-%d,%sname %d,some text,yes\n", n, strings.Repeat("x", 501), n)
	},
		func(n int, fields []string) { fields[1] = strings.TrimLeft(fields[1], "x") }},
}

// mendQuotes removes the quotes of a line, be it one field or as many as it should be.
func mendQuotes(_ int, fields []string) {
	line := strings.ReplaceAll(strings.Join(fields[:4], ","), `"`, "")
	copy(fields, strings.Split(line, ",")[:4])
}

// TestMendedRejects imports a file of 100,000 records of which 100 are damaged, and then the 100 from its rejects.
func TestMendedRejects(t *testing.T) {
	const records, every = 100_000, 1_000
	var file bytes.Buffer
	file.WriteString("sku,name,description,status\n")
	wantRejects := map[importer.Code]int64{}
	for n := range records {
		if n%every == every/2 {
			d := damages[n/every%len(damages)]
			file.WriteString(d.damage(n))
			wantRejects[d.code]++
			continue
		}
		fmt.Fprintf(&file, "sku-%d,name %d,\"some text\",yes\n", n, n)
	}
	store := memory.New(memory.Options{}).Products()
	var rejects bytes.Buffer
	w := importer.NewRejectWriter(&rejects)
	result, err := importer.Run(t.Context(), importer.Bytes(file.Bytes()), store, importer.Options{OnHeader: w.Header,
		OnReject: w.Write})
	require.NoError(t, err)
	require.NoError(t, w.Flush())
	require.Equal(t, progress.Counts{Read: records, Created: records - 100, Rejected: 100}, result.Counts)
	require.Equal(t, wantRejects, result.Rejects)

	reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(rejects.String(), "\ufeff")))
	reader.FieldsPerRecord = -1
	rows, err := reader.ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"sku", "name", "description", "status", "_line", "_column", "_code", "_reason"}, rows[0])
	require.Len(t, rows, 101)
	var mended bytes.Buffer
	out := csv.NewWriter(&mended)
	require.NoError(t, out.Write(rows[0]))
	for i, fields := range rows[1:] {
		n := i*every + every/2
		require.Equal(t, fmt.Sprint(n+2), fields[4], "the line")
		damages[i%len(damages)].mend(n, fields)
		require.NoError(t, out.Write(fields))
	}
	out.Flush()
	result, err = importer.Run(t.Context(), importer.Bytes(mended.Bytes()), store, importer.Options{})
	require.NoError(t, err)
	require.Equal(t, progress.Counts{Read: 100, Created: 100}, result.Counts)

	lines := catalogue(t, store)
	require.Len(t, lines, records)
	for i, line := range lines[records-100:] {
		n := i*every + every/2
		require.Equal(t, fmt.Sprintf("sku-%d|name %d|some text|true", n, n), line)
	}
}
