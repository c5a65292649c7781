package postgres

import (
	"encoding/json"
	"fmt"

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

// rowReader reads rows one after the other.
type rowReader struct {
	columns    []column
	row        row
	values     []fieldValue
	attributes attributes
	into       []any
}

// newRowReader returns one for what layout.list lists, and for more columns behind those.
func newRowReader(columns []column, withAttributes bool, more ...any) *rowReader {
	r := &rowReader{columns: columns, values: make([]fieldValue, len(columns)), into: make([]any, 0, len(columns)+8)}
	p := &r.row
	r.into = append(r.into, &p.ID, &p.Version, &p.CreatedAt, &p.UpdatedAt, &p.Key, &p.SKU)
	for i := range columns {
		r.values[i].of = columns[i].fieldType
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
	for i := range r.columns {
		p.Set(r.columns[i].field, r.values[i].text)
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
