package importer_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// TestRejectsOfFieldsCalledLikeTheirColumns: fields called code, line, column and reason are in the columns of the file,
// and not in those that RejectWriter puts behind them, whose names differ in punctuation alone.
func TestRejectsOfFieldsCalledLikeTheirColumns(t *testing.T) {
	field := func(name string, aliases ...string) products.Field {
		return products.Field{Name: name, Type: products.Text, Aliases: aliases}
	}
	for _, c := range []struct {
		name, text, rejects, mended string
		fields                      []products.Field
		options                     importer.Options
		want                        map[string]string
	}{
		{
			name:    "by their names",
			text:    "sku,name,code,line,column,reason,stock\nA,a,c1,l1,k1,r1,x\nB,b,c2,l2,k2,r2,2\n",
			rejects: "A,a,c1,l1,k1,r1,x,2,stock,", mended: "A,a,c1,l1,k1,r1,1,2,stock,",
			fields: []products.Field{field("code"), field("line"), field("column"), field("reason")},
			want:   map[string]string{"A": "code=c1 line=l1 column=k1 reason=r1 stock=1"},
		},
		{
			name:    "by their aliases, some of which the file has not",
			text:    "sku,name,code,stock\nA,a,c1,x\n",
			rejects: "A,a,c1,x,2,stock,", mended: "A,a,c1,1,2,stock,",
			fields: []products.Field{field("ean", "Code"), field("row", "line"), field("why", "reason")},
			want:   map[string]string{"A": "ean=c1 stock=1"},
		},
		{
			name:    "mapped in another spelling",
			text:    "sku,name,Code,stock\nA,a,c1,x\n",
			rejects: "A,a,c1,x,2,stock,", mended: "A,a,c1,1,2,stock,",
			fields:  []products.Field{field("ean")},
			options: importer.Options{Map: map[string]string{"ean": "CODE"}},
			want:    map[string]string{"A": "ean=c1 stock=1"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			schema, err := products.NewSchema(append(c.fields, products.Field{Name: "stock", Type: products.Integer})...)
			require.NoError(t, err)
			store := memory.New(memory.Options{Fields: schema}).Products()
			var rejects bytes.Buffer
			w := importer.NewRejectWriter(&rejects)
			o := c.options
			o.OnHeader, o.OnReject = w.Header, w.Write
			dry := o
			dry.DryRun = true
			_, err = importer.Run(t.Context(), importer.Bytes(c.text), store, dry)
			require.NoError(t, err)
			require.NoError(t, w.Flush())
			require.Contains(t, rejects.String(), c.rejects)

			mended := bytes.ReplaceAll(rejects.Bytes(), []byte(c.rejects), []byte(c.mended))
			begun, err := importer.Begin(t.Context(), bytes.NewReader(mended),
				importer.CheckOptions{Options: c.options, Schema: schema})
			require.NoError(t, err)
			require.NoError(t, begun.Refusal)
			result, err := importer.Run(t.Context(), importer.Bytes(string(mended)), store, c.options)
			require.NoError(t, err)
			require.EqualValues(t, 1, result.Created)
			require.Equal(t, c.want, fieldsOf(t, store))
			for _, column := range result.Dialect.Columns {
				if column.Name[0] == '_' {
					require.Empty(t, column.Field, column.Name)
				}
			}
		})
	}
}

// TestRejectsOfAKeyCalledCode: of a table too, whose key is not taken from _code.
func TestRejectsOfAKeyCalledCode(t *testing.T) {
	schema, err := products.TableSchema(false, products.Field{Name: "code", Type: products.Text},
		products.Field{Name: "reason", Type: products.Text})
	require.NoError(t, err)
	const head = "_line,_column,_code,_reason\n"
	options := importer.CheckOptions{Schema: schema}
	for text, key := range map[string]int{
		"code,reason," + head + "c1,r1,2,,refused,why\nc2,r2,3,,refused,why\n": 1,
		"qty,Code," + head + "x,c1,2,,refused,why\nx,c2,3,,refused,why\n":      2,
		"qty,code name," + head + "x,c1,2,,refused,why\nx,c2,3,,refused,why\n": 0,
	} {
		begun, err := importer.Begin(t.Context(), strings.NewReader(text), options)
		require.NoError(t, err)
		preview, err := importer.Preview(t.Context(), strings.NewReader(text),
			importer.PreviewOptions{Schema: schema})
		require.NoError(t, err)
		result, err := importer.Check(t.Context(), importer.Bytes(text), options)
		if key == 0 {
			var header *importer.HeaderError
			require.ErrorAs(t, begun.Refusal, &header)
			require.ErrorAs(t, err, &header)
			require.Equal(t, []string{"code"}, header.Missing)
			continue
		}
		require.NoError(t, begun.Refusal)
		require.NoError(t, err)
		require.Equal(t, "code", result.Dialect.Columns[key-1].Field)
		for i, column := range preview.Columns {
			require.Equal(t, i == key-1, column.Field != nil && *column.Field == "code", column.Name)
			require.Equal(t, column.Name[0] == '_', column.Use == importer.UseReject, column.Name)
		}
	}
}
