package postgres

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lib/pq"

	"github.com/products-importer/products-importer/products"
)

// tableName names a table.
type tableName struct {
	schema string // "" leaves it to the search_path
	name   string
}

// String returns the name as statements have it: quoted and, if there is a schema, qualified.
func (n tableName) String() string {
	if n.schema == "" {
		return pq.QuoteIdentifier(n.name)
	}
	return pq.QuoteIdentifier(n.schema) + "." + pq.QuoteIdentifier(n.name)
}

// copyIn is the COPY of rows into these columns, which aren't quoted.
func (n tableName) copyIn(columns ...string) string {
	if n.schema == "" {
		//nolint:staticcheck // deprecated is the builder, not COPY; the project wants it by name
		return pq.CopyIn(n.name, columns...)
	}
	//nolint:staticcheck // likewise
	return pq.CopyInSchema(n.schema, n.name, columns...)
}

// column is what statements know of a field's column.
type column struct {
	*fieldType
	field *products.Field
	name  string // quoted
	raw   string // not quoted
	// before and cast stand around an element of an array with the field's values to make it a value of the column.
	before, cast string
	// left makes of the column, with %s for its name, what is compared with elements as they are; "" where it is the
	// column itself that is compared, with a value of it.
	left string
	// notNull: the column is never null.
	notNull bool
	// fixed: it is set in new rows alone.
	fixed bool
	// blank: a new row gets the empty text where no record sets it.
	blank bool
	// defaults: a new row gets the column's default where the record doesn't set it, which is none that is known here.
	defaults bool
	// nulls: an empty text is null.
	nulls bool
	// fresh is the canonical text in a new row of a record that doesn't set the field.
	fresh string
}

func newColumn(f *products.Field) column {
	t := typeOf(f)
	return column{fieldType: t, field: f, name: columnOf(f), raw: f.Name, cast: t.castOf(f, t.element),
		notNull: f.Builtin(), nulls: !f.Builtin(), fresh: emptyProduct.Text(f)}
}

var emptyProduct products.Product

// value makes a value of the column of an expression for an element of an array.
func (c *column) value(element string) string { return c.before + element + c.cast }

// same is the condition that the column of a row p has the value, or the value is null and the field keeps what it has.
func (c *column) same(element string) string {
	column, value := "p."+c.name, c.value(element)
	if c.left != "" {
		column, value = fmt.Sprintf(c.left, column), element
	}
	switch {
	case c.field.Empty == products.EmptyKeeps:
		return fmt.Sprintf("(%s IS NULL OR %s = %s)", element, column, value)
	case c.notNull:
		return column + " = " + value
	}
	return column + " IS NOT DISTINCT FROM " + value
}

// set is what the column becomes in a row p.
func (c *column) set(element string) string {
	if c.field.Empty == products.EmptyKeeps {
		return c.name + " = coalesce(" + c.value(element) + ", p." + c.name + ")"
	}
	return c.name + " = " + c.value(element)
}

// isNull reports whether the canonical text is null in the column.
func (c *column) isNull(text string) bool { return text == "" && c.nulls }

// layout is what the statements know of a table and its columns. It never changes. The table may have others, which
// other processes or other programs keep there: no statement that names its columns touches them.
type layout struct {
	table  tableName
	schema *products.Schema
	fields []*products.Field // all
	// columns are those of the fields, in their order.
	columns []column
	// key is the column by which rows are told apart, quoted. It has the records' keys.
	key string
	// selected lists what a rowReader of all fields reads.
	selected string
	// size is an upper bound of the size of a stored product p, but for its SKU. PostgreSQL knows the length of text
	// without reading it. Compressed JSON has to be unpacked, but only that of products that are going to be read.
	size string
	// inserted lists the columns of a new row, and values the parameters for them; set is for overwriting a row.
	inserted, values, set string
	// own is what else there is to know of a table of somebody else's, nil for ours.
	own *ownTable
}

// newLayout returns that of our own table.
func newLayout(table tableName, schema *products.Schema) *layout {
	l := &layout{table: table, schema: schema, key: "sku_key"}
	for _, f := range schema.All() {
		l.fields = append(l.fields, f)
		l.columns = append(l.columns, newColumn(f))
	}
	l.selected = l.list(l.columns, nil, true)
	l.size = l.sizeOf()
	l.setSingle()
	return l
}

// sizeOf makes layout.size.
func (l *layout) sizeOf() string {
	size := []string{`CASE WHEN pg_column_compression(p.attributes) IS NULL THEN pg_column_size(p.attributes)
		ELSE octet_length(p.attributes::text) END`}
	short := 0
	for i := range l.columns {
		switch c := &l.columns[i]; {
		case c.bytes == nil:
			short += c.most
		case c.nulls:
			size = append(size, "coalesce("+c.bytes("p."+c.name)+", 0)")
		default:
			size = append(size, c.bytes("p."+c.name))
		}
	}
	return "(" + strconv.Itoa(short) + " + " + strings.Join(size, " + ") + ")"
}

// setSingle makes what statements for one row have.
func (l *layout) setSingle() {
	var names, values, set []string
	for i := range l.columns {
		c := &l.columns[i]
		names = append(names, c.name)
		values = append(values, "$"+strconv.Itoa(len(insertParameters)+i+1)+"::"+c.column(c.field))
		set = append(set, c.name+" = $"+strconv.Itoa(len(overwriteParameters)+i+1)+"::"+c.column(c.field))
	}
	l.inserted = strings.Join(append(slices.Clone(insertColumns), names...), ", ")
	l.values = strings.Join(append(slices.Clone(insertParameters), values...), ", ")
	l.set = strings.Join(append(slices.Clone(overwriteParameters[:overwriteSet]), set...), ", ")
}

// columnsOf returns the columns of fields of the schema.
func (l *layout) columnsOf(fields []*products.Field) []column {
	columns := make([]column, len(fields))
	for i, f := range fields {
		columns[i] = l.columns[l.schema.Index(f.Name)]
	}
	return columns
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
	for i := range l.columns {
		c := &l.columns[i]
		args = append(args, c.single(p.Text(c.field)))
	}
	return args
}

// single is the parameter for one value.
func (c *column) single(text string) any {
	switch {
	case c.isNull(text):
		return nil
	case c.appendText != nil:
		return string(c.appendText(nil, text))
	}
	return text
}

// list lists what a rowReader of the columns reads, with or without attributes. Expression, if not nil, says what
// stands for a column.
func (l *layout) list(columns []column, expression func(c *column) string, attributes bool) string {
	var b strings.Builder
	b.WriteString("id, version, created_at, updated_at, sku_key, sku")
	for i := range columns {
		b.WriteString(", ")
		if expression != nil {
			b.WriteString(expression(&columns[i]))
		} else {
			b.WriteString(columns[i].name)
		}
	}
	if attributes {
		b.WriteString(", attributes")
	}
	return b.String()
}
