package spelling

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/products-importer/products-importer/products"
)

// AppendCell appends a canonical text as a file has it that is to be read back without a question, whatever else its
// column holds: 1.234 as 1.2340, a list with its separator or, where a text in it would be taken apart, as JSON. What
// spreadsheets run as a formula is for the caller to escape.
func AppendCell(dst []byte, f *products.Field, text string) []byte {
	switch f.Type {
	case products.Decimal:
		dst = append(dst, text...)
		if whole, decimals, _ := strings.Cut(strings.TrimPrefix(text, "-"), "."); len(decimals) == 3 &&
			len(whole) <= 3 && whole[0] != '0' {
			dst = append(dst, '0')
		}
		return dst
	case products.Date, products.Timestamp:
		return appendWhen(dst, f, text)
	case products.List:
		return appendList(dst, f, text)
	}
	return append(dst, text...)
}

// appendWhen appends a date in its canonical form, unless the field's layout would take that for another.
func appendWhen(dst []byte, f *products.Field, text string) []byte {
	form := time.RFC3339Nano
	if f.Type == products.Date {
		form = time.DateOnly
	}
	if f.Layout == "" || f.Layout == form {
		return append(dst, text...)
	}
	misread, err := time.Parse(f.Layout, text)
	if err != nil {
		return append(dst, text...)
	}
	if t, err := time.Parse(form, text); err == nil && !t.Equal(misread) {
		return t.AppendFormat(dst, f.Layout)
	}
	return append(dst, text...)
}

// appendList appends a list with its separator if it is read back as it is.
func appendList(dst []byte, f *products.Field, text string) []byte {
	var items []string
	if json.Unmarshal([]byte(text), &items) != nil || len(items) == 0 {
		return append(dst, text...)
	}
	separator := f.Separator
	if separator == "" {
		separator = ","
	}
	if strings.HasPrefix(items[0], "[") || slices.ContainsFunc(items, func(item string) bool {
		return strings.Contains(item, separator) || trim(item) != item
	}) {
		return append(dst, text...)
	}
	for i, item := range items {
		if i > 0 {
			dst = append(dst, separator...)
		}
		dst = append(dst, item...)
	}
	return dst
}
