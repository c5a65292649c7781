package sqlite

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// layout is how products of a schema stand in the table, with the statements that depend on the schema alone.
type layout struct {
	schema *products.Schema
	fields []*products.Field
	// columns lists what a rowReader reads.
	columns string
	// byID reads a product, create inserts one unless its key is taken, replace overwrites one by its ID. restore
	// does that too, but for its key, which would be taken out of the index and put in again, and the time of its
	// creation. bringBack inserts one with its ID: both have what is kept of restored versions before the ID.
	byID, create, replace, restore, bringBack string
}

// fixedColumns are those that every product has, without its ID: what layout.values begins with.
const fixedColumns = "version, created_at, updated_at, sku_key, sku, attributes"

func newLayout(schema *products.Schema) *layout {
	l := &layout{schema: schema}
	written := strings.Split(fixedColumns, ", ")
	l.columns = "id, version, created_at, updated_at, sku, attributes"
	for _, f := range schema.All() {
		l.fields = append(l.fields, f)
		written = append(written, columnOf(f))
		l.columns += ", " + columnOf(f)
	}
	l.byID = `SELECT ` + l.columns + ` FROM products WHERE id = ?`
	l.create = `INSERT INTO products (` + strings.Join(written, ", ") + `) VALUES (` + parameters(len(written)) +
		`) ON CONFLICT (sku_key) DO NOTHING RETURNING id`
	l.bringBack = `INSERT INTO products (` + strings.Join(written, ", ") + `, restored_versions, id) VALUES (` +
		parameters(len(written)+2) + `)`
	set := func(columns []string) string {
		return `UPDATE products SET ` + strings.Join(columns, " = ?, ") + ` = ?`
	}
	l.replace = set(written) + ` WHERE id = ?`
	restored := slices.DeleteFunc(slices.Clone(written), func(column string) bool {
		return column == "created_at" || column == "sku_key"
	})
	l.restore = set(restored) + `, restored_versions = ? WHERE id = ?`
	return l
}

// parameters is a list of so many parameters.
func parameters(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// values returns what is stored for a product, in the order of fixedColumns and then of the fields.
func (l *layout) values(p *products.Product, key string) ([]any, error) {
	attributes, err := attributesText(p.Attributes)
	if err != nil {
		return nil, err
	}
	args := make([]any, 0, 8+len(l.fields))
	args = append(args, p.Version, p.CreatedAt.UnixMicro(), p.UpdatedAt.UnixMicro(), key, p.SKU, attributes)
	for _, f := range l.fields {
		value, err := stored(f, p.Text(f))
		if err != nil {
			return nil, err
		}
		args = append(args, value)
	}
	return args, nil
}

// noAttributes is how none are stored.
const noAttributes = "{}"

// attributesText returns attributes as they are stored: JSON in the order of the names, so that the same attributes are
// the same text.
func attributesText(attributes map[string]string) (string, error) {
	if len(attributes) == 0 {
		return noAttributes, nil
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(attributes)
	return strings.TrimSuffix(b.String(), "\n"), err
}

func readAttributes(text string) (map[string]string, error) {
	attributes := map[string]string{}
	if text == noAttributes {
		return attributes, nil
	}
	err := json.Unmarshal([]byte(text), &attributes)
	return attributes, err
}

// rowReader reads what layout.columns lists, row after row.
type rowReader struct {
	layout *layout
	values []any
	into   []any
}

// The columns that layout.columns lists before the fields.
const (
	idColumn = iota
	versionColumn
	createdColumn
	updatedColumn
	skuColumn
	attributesColumn
	firstField
)

// newReader returns one for layout.columns, with more columns before them.
func (l *layout) newReader(before ...any) *rowReader {
	r := &rowReader{layout: l, values: make([]any, firstField+len(l.fields)), into: before}
	for i := range r.values {
		r.into = append(r.into, &r.values[i])
	}
	return r
}

// scanner is a row.
type scanner interface{ Scan(into ...any) error }

// read returns the product of a row, whose maps aren't nil.
func (r *rowReader) read(row scanner) (p products.Product, err error) {
	if err := row.Scan(r.into...); err != nil {
		return p, err
	}
	return r.product()
}

// isNull reports whether the row that was scanned last has no product.
func (r *rowReader) isNull() bool { return r.values[idColumn] == nil }

// product returns what was scanned.
func (r *rowReader) product() (p products.Product, err error) {
	text := func(column int) (text string) {
		if err == nil {
			text, err = textOf(r.values[column])
		}
		return text
	}
	integer := func(column int) (n int64) {
		if err == nil {
			n, err = integerOf(r.values[column])
		}
		return n
	}
	p.ID, p.Version = integer(idColumn), integer(versionColumn)
	p.CreatedAt, p.UpdatedAt = timeOf(integer(createdColumn)), timeOf(integer(updatedColumn))
	p.SKU = text(skuColumn)
	attributes := text(attributesColumn)
	if err == nil {
		p.Attributes, err = readAttributes(attributes)
	}
	if err != nil {
		return p, fmt.Errorf("sqlite: the product %d: %w", p.ID, err)
	}
	p.Fields = map[string]products.Value{}
	for i, f := range r.layout.fields {
		value := r.values[firstField+i]
		if value == nil {
			continue
		}
		text, err := typeOf(f).text(value)
		if err != nil {
			return p, fmt.Errorf("sqlite: the field %q of the product %d: %w", f.Name, p.ID, err)
		}
		p.Set(f, text)
	}
	return p, nil
}
