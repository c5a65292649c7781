package sqlite

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// TestFieldTypes: every value comes back as it was, and SQLite orders what is stored as the field orders the values.
func TestFieldTypes(t *testing.T) {
	digits := strings.Repeat("9", products.MaxDigits-2)
	for _, c := range []struct {
		field  products.Field
		values []string // in order
	}{
		{products.Field{Name: "f", Type: products.Decimal, Scale: 2}, []string{
			"-" + digits + ".99", "-" + digits + ".98", "-1000.00", "-999.99", "-12.50", "-12.49", "-9.00",
			"-1.00", "-0.99", "-0.01", "0.00", "0.01", "0.99",
			"1.00", "9.00", "9.99", "10.00", "12.49", "12.50", "100.00", digits + ".98", digits + ".99"}},
		{products.Field{Name: "f", Type: products.Decimal}, []string{
			"-" + digits + "99", "-10", "-9", "-1", "0", "1", "2", "10", digits + "99"}},
		{products.Field{Name: "f", Type: products.Integer}, []string{
			"-9223372036854775808", "-10", "-9", "0", "9", "10", "9223372036854775807"}},
		{products.Field{Name: "f", Type: products.Text}, []string{" a", "A", "Z", "a", "a b", "ä", "😀"}},
		{products.Field{Name: "f", Type: products.Boolean}, []string{"false", "true"}},
		{products.Field{Name: "f", Type: products.Date}, []string{
			"0001-01-01", "1999-12-31", "2000-01-01", "9999-12-31"}},
		{products.Field{Name: "f", Type: products.Timestamp}, []string{
			"0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z",
			"2026-11-28T12:00:00Z", "2026-11-28T12:00:00.000001Z", "2026-11-28T12:00:00.5Z",
			"9999-12-31T23:59:59.999999Z"}},
		// Nobody orders lists.
		{products.Field{Name: "f", Type: products.List}, []string{`["a","b"]`, `["a"]`, `["b"]`}},
	} {
		t.Run(fmt.Sprint(c.field.Type, c.field.Scale), func(t *testing.T) {
			db := openNew(t)
			f := &c.field
			_, err := db.writer.Exec(`CREATE TABLE sorted (f ` + typeOf(f).column + `) STRICT`)
			require.NoError(t, err)
			shuffled := slices.Clone(c.values)
			rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			for _, text := range append(shuffled, "") {
				value, err := stored(f, text)
				require.NoError(t, err)
				_, err = db.writer.Exec(`INSERT INTO sorted VALUES (?)`, value)
				require.NoError(t, err)
			}
			rows, err := db.writer.Query(`SELECT f FROM sorted WHERE f IS NOT NULL ORDER BY f`)
			require.NoError(t, err)
			defer rows.Close()
			var have []string
			for rows.Next() {
				var value any
				require.NoError(t, rows.Scan(&value))
				text, err := typeOf(f).text(value)
				require.NoError(t, err)
				have = append(have, text)
			}
			require.NoError(t, rows.Err())
			require.Equal(t, c.values, have)
			require.True(t, slices.IsSortedFunc(c.values, f.Compare) || f.Type == products.List,
				"as the field orders them")
		})
	}
}

// TestForeignValues: what this package doesn't write is an error, and no panic.
func TestForeignValues(t *testing.T) {
	for _, kind := range []products.Type{products.Text, products.Integer, products.Decimal, products.Boolean,
		products.Date, products.Timestamp, products.List} {
		_, err := fieldTypes[kind].text([]byte{1})
		require.ErrorContains(t, err, "none of its type", kind)
	}
	_, err := decimalText("")
	require.Error(t, err)
	for _, text := range []string{"", ".5", strings.Repeat("1", products.MaxDigits+1)} {
		_, err := decimalValue(text)
		require.Error(t, err)
	}
}
