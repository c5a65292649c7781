package postgres

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

func TestEveryType(t *testing.T) {
	all := 0
	for typ := products.Type(1); !strings.HasPrefix(typ.String(), "Type("); typ++ {
		require.Less(t, int(typ), len(fieldTypes), "%v is among fieldTypes", typ)
		of, f := fieldTypes[typ], &products.Field{Name: "f", Type: typ}
		require.NotNil(t, of.column, typ)
		require.NotEmpty(t, of.column(f), typ)
		require.NotEmpty(t, of.element, typ)
		require.NotNil(t, of.add, typ)
		require.NotNil(t, of.text, typ)
		require.NotNil(t, of.index, typ)
		require.NotEqual(t, of.bytes != nil, of.most > 0, "%v has a bound of its length, in one way", typ)
		all++
	}
	require.Len(t, fieldTypes, all+1, "there is no entry for what is no type")
}

func TestArrayTexts(t *testing.T) {
	for text, want := range map[string][]string{
		`{}`:                  nil,
		`{a,"b c"}`:           {"a", "b c"},
		`{NULL,"NULL",null}`:  {"", "NULL", "null"},
		`{"a,b","{}","\\\""}`: {"a,b", "{}", `\"`},
		`{""," "}`:            {"", " "},
		`{{a,b},{c,d}}`:       {"a", "b", "c", "d"},
		`[0:1]={a,b}`:         {"a", "b"},
		`{"[1]={x"}`:          {"[1]={x"},
	} {
		require.Equal(t, want, arrayTexts(text), text)
	}
}
