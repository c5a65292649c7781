package spelling_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
)

// BenchmarkRead reads a cell. The yardsticks are what the standard library takes for the simplest spelling.
func BenchmarkRead(b *testing.B) {
	for _, c := range []struct {
		name  string
		field *products.Field
		cell  string
	}{
		{"decimal/canonical", price, "1234.50"},
		{"decimal/comma", price, "1234,5"},
		{"decimal/whole", price, "1234"},
		{"decimal/euro", price, "1.234,50 €"},
		{"decimal/dollar", price, "$1,234.50"},
		{"integer/canonical", stock, "1234"},
		{"integer/point", stock, "1234.0"},
		{"boolean/canonical", &products.Field{Type: products.Boolean}, "true"},
		{"boolean/word", &products.Field{Type: products.Boolean}, "WAHR"},
		{"date/canonical", from, "2026-11-28"},
		{"date/points", from, "28.11.2026"},
		{"date/month", from, "28-Nov-26"},
		{"timestamp/canonical", seen, "2026-11-28T14:30:05Z"},
		{"timestamp/points", seen, "28.11.2026 14:30"},
		{"list", &products.Field{Type: products.List}, "a, b, c"},
		{"text", &products.Field{Type: products.Text}, "Lamp"},
		{"empty", price, ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			format, question := surveyed(c.field, "", spelling.Settings{}, c.cell).Decide()
			require.Nil(b, question)
			_, fault := format.Text(c.cell)
			require.Nil(b, fault)
			buf := make([]byte, 0, 100)
			b.ReportAllocs()
			for b.Loop() {
				_, buf, _ = format.Read(buf[:0], c.cell)
			}
		})
	}
	b.Run("ParseFloat", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = strconv.ParseFloat("1234.50", 64)
		}
	})
	b.Run("ParseInt", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = strconv.ParseInt("1234", 10, 64)
		}
	})
	b.Run("time.Parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = time.Parse("02.01.2006", "28.11.2026")
		}
	})
}

// BenchmarkSurvey looks at a cell when much has been seen.
func BenchmarkSurvey(b *testing.B) {
	for _, c := range []struct {
		name  string
		field *products.Field
		cell  string
	}{
		{"decimal/whole", price, "1234"},
		{"decimal/point", price, "1234.50"},
		{"decimal/euro", price, "1.234,50 €"},
		{"date/canonical", from, "2026-11-28"},
		{"date/points", from, "28.11.2026"},
		{"text", &products.Field{Type: products.Text}, "Lamp"},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := surveyed(c.field, "", spelling.Settings{}, c.cell)
			b.ReportAllocs()
			for b.Loop() {
				s.Add(c.cell, 3)
			}
		})
	}
}

// Cells on the usual ways cost no allocation.
func TestReadAllocatesNothing(t *testing.T) {
	for _, c := range []struct {
		field *products.Field
		cell  string
	}{
		{price, "1234.50"}, {price, "1.234,50 €"}, {price, "-12,5"}, {price, " 5 "}, {price, "€ 5"}, {price, "R$ 1.234,50"},
		{stock, "1234"}, {stock, "10.0"}, {weight, "850 G"},
		{&products.Field{Type: products.Boolean}, "WAHR"}, {&products.Field{Type: products.Boolean}, "yes"},
		{from, "2026-11-28"}, {from, "28.11.2026"}, {from, "28-Nov-26"}, {from, "28. MÄRZ 2026"},
		{seen, "2026-11-28T14:30:05Z"}, {seen, "28.11.2026 14:30"}, {seen, "2026-11-28T14:30:05+01:00"},
		{&products.Field{Type: products.List}, "a, b, c"}, {&products.Field{Type: products.List}, `["a","b"]`},
		{&products.Field{Type: products.Text}, "Lamp"}, {&products.Field{Type: products.Text}, " "},
	} {
		format, question := surveyed(c.field, "", spelling.Settings{}, c.cell).Decide()
		require.Nil(t, question, c.cell)
		buf := make([]byte, 0, 100)
		require.Zero(t, testing.AllocsPerRun(100, func() {
			var fault *spelling.Fault
			if _, buf, fault = format.Read(buf[:0], c.cell); fault != nil {
				t.Error(fault)
			}
		}), c.cell)
	}
}
