package postgres

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/products"
)

// row is a row of the table. Its columns are those of the schema's fields, and the ones that every product has.
type row struct {
	Key string
	products.Product
}

// attributes is a jsonb object of strings, never nil.
type attributes map[string]string

// Scan reads what the driver gives for jsonb.
func (a *attributes) Scan(value any) error {
	*a = attributes{}
	if value == nil { // left out
		return nil
	}
	text, ok := value.([]byte)
	if !ok {
		return fmt.Errorf("postgres: attributes are %T, not JSON", value)
	}
	if string(text) == "{}" {
		return nil
	}
	return json.Unmarshal(text, a)
}

// layout is what the statements know of the table's columns. It never changes. The table may have others, which other
// processes or other programs keep there: no statement that names its columns touches them.
type layout struct {
	schema *products.Schema
	fields []*products.Field // all
	// columns lists what a rowReader of all fields reads.
	columns string
	// size is an upper bound of the size of a stored product p, but for its SKU. PostgreSQL knows the length of text
	// without reading it. Compressed JSON has to be unpacked, but only that of products that are going to be read.
	size string
	// inserted lists the columns of a new row, and values the parameters for them; set is for overwriting a row.
	inserted, values, set string
}

func newLayout(schema *products.Schema) *layout {
	l := &layout{schema: schema}
	size := []string{`CASE WHEN pg_column_compression(p.attributes) IS NULL THEN pg_column_size(p.attributes)
		ELSE octet_length(p.attributes::text) END`}
	short := 0
	var names, values, set []string
	for i := range schema.Len() {
		f := schema.At(i)
		l.fields = append(l.fields, f)
		t, column := typeOf(f), columnOf(f)
		switch {
		case t.bytes != nil && f.Builtin():
			size = append(size, t.bytes("p."+column))
		case t.bytes != nil:
			size = append(size, "coalesce("+t.bytes("p."+column)+", 0)")
		default:
			short += t.most
		}
		names = append(names, column)
		values = append(values, "$"+strconv.Itoa(len(insertParameters)+i+1)+"::"+t.column(f))
		set = append(set, column+" = $"+strconv.Itoa(len(overwriteParameters)+i+1)+"::"+t.column(f))
	}
	l.columns = l.list(l.fields, nil, true)
	l.size = "(" + strconv.Itoa(short) + " + " + strings.Join(size, " + ") + ")"
	l.inserted = strings.Join(append(slices.Clone(insertColumns), names...), ", ")
	l.values = strings.Join(append(slices.Clone(insertParameters), values...), ", ")
	l.set = strings.Join(append(slices.Clone(overwriteParameters[:overwriteSet]), set...), ", ")
	return l
}

// What a row has beside its fields.
var (
	insertColumns    = []string{"id", "version", "created_at", "sku_key", "sku", "attributes"}
	insertParameters = []string{"$1::bigint", "$2::bigint", "coalesce($3::timestamptz, now())", "$4::text", "$5::text",
		"$6::text::jsonb"}
	// overwriteParameters are what is set, and then three conditions.
	overwriteParameters = []string{"version = $1::bigint", "sku = $2::text", "attributes = $3::text::jsonb",
		"sku_key = $4::text", "id = $5::bigint", "version = $6::bigint"}
)

const overwriteSet = 3

// appendValues appends the parameters for the product's fields.
func (l *layout) appendValues(args []any, p *products.Product) []any {
	for _, f := range l.fields {
		args = append(args, typeOf(f).single(f, p.Text(f)))
	}
	return args
}

// list lists the columns that a rowReader of the fields reads, with or without attributes. Expressions, if not nil,
// says what stands for the column of a field.
func (l *layout) list(fields []*products.Field, expression func(f *products.Field) string, attributes bool) string {
	var b strings.Builder
	b.WriteString("id, version, created_at, updated_at, sku_key, sku")
	for _, f := range fields {
		b.WriteString(", ")
		if expression != nil {
			b.WriteString(expression(f))
		} else {
			b.WriteString(columnOf(f))
		}
	}
	if attributes {
		b.WriteString(", attributes")
	}
	return b.String()
}

// rowReader reads rows one after the other.
type rowReader struct {
	fields     []*products.Field
	row        row
	values     []fieldValue
	attributes attributes
	into       []any
}

// newRowReader returns one for what layout.list lists, and for more columns behind those.
func newRowReader(fields []*products.Field, withAttributes bool, more ...any) *rowReader {
	r := &rowReader{fields: fields, values: make([]fieldValue, len(fields)), into: make([]any, 0, len(fields)+8)}
	p := &r.row
	r.into = append(r.into, &p.ID, &p.Version, &p.CreatedAt, &p.UpdatedAt, &p.Key, &p.SKU)
	for i, f := range fields {
		r.values[i].of = typeOf(f)
		r.into = append(r.into, &r.values[i])
	}
	if withAttributes {
		r.into = append(r.into, &r.attributes)
	}
	r.into = append(r.into, more...)
	return r
}

// read returns the row, whose maps aren't nil.
func (r *rowReader) read(rows *sqlx.Rows) (row, error) {
	if err := rows.Scan(r.into...); err != nil {
		return row{}, err
	}
	p := r.row
	p.CreatedAt, p.UpdatedAt = p.CreatedAt.UTC(), p.UpdatedAt.UTC()
	if p.Attributes, r.attributes = r.attributes, nil; p.Attributes == nil {
		p.Attributes = map[string]string{}
	}
	p.Fields = map[string]products.Value{}
	for i, f := range r.fields {
		p.Set(f, r.values[i].text)
	}
	return p, nil
}

// readAll appends all rows.
func (r *rowReader) readAll(to []row, rows *sqlx.Rows) ([]row, error) {
	defer rows.Close()
	for rows.Next() {
		one, err := r.read(rows)
		if err != nil {
			return nil, err
		}
		to = append(to, one)
	}
	return to, rows.Err()
}
