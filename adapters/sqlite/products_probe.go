package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// probe finds out which products of a chunk exist, and which differ from their records. Of those that are as the
// records want them nothing is returned: SQLite itself compares, which is cheaper than reading them.
type probe struct {
	w        *batchWriter
	q        querier
	prepared *prepared
	args     []any
	at       int64 // of the row that is read
	reader   *rowReader
	rows     []any    // what a row is scanned into where only missing ones are asked for
	found    []probed // of the chunk, in its order
}

// probed is what is known of one record. One that is neither exists just so.
type probed struct {
	missing, different bool
	product            products.Product // where it is different
}

func newProbe(w *batchWriter, q querier) *probe {
	p := &probe{w: w, q: q}
	p.prepared = newPrepared(q, p.statement)
	p.reader = w.products.layout.newReader(&p.at)
	p.rows = []any{&p.at}
	return p
}

// compares reports whether products that exist are compared with their records.
func (p *probe) compares() bool { return p.w.batch.Mode != products.Ignore }

// statement returns the query for n records. Its rows have the number of the record and, where they are compared, the
// product as layout.columns lists it, which is null for one that is missing.
func (p *probe) statement(n int) string {
	c := p.w.columns
	row, columns := "?", 2 // column1 is the number
	next := func() string {
		row += ", ?"
		columns++
		return fmt.Sprintf("v.column%d", columns)
	}
	list, differs := "", ""
	if p.compares() {
		differ := []string{"p.sku <> " + next()}
		for _, f := range c.Fields {
			value := next()
			different := "p." + columnOf(f) + " IS NOT " + value
			if f.Empty == products.EmptyKeeps {
				different = "(" + value + " IS NOT NULL AND " + different + ")"
			}
			differ = append(differ, different)
		}
		if len(c.Attributes) > 0 {
			differ = append(differ, "p.attributes <> "+next())
		}
		differs = " OR " + strings.Join(differ, " OR ")
		list = ", p." + strings.ReplaceAll(p.w.products.layout.columns, ", ", ", p.")
	}
	var b strings.Builder
	b.WriteString(`SELECT v.column1` + list + ` FROM (VALUES `)
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "(%d, %s)", i, row)
	}
	b.WriteString(`) AS v LEFT JOIN products AS p ON p.sku_key = v.column2 WHERE p.id IS NULL` + differs)
	return b.String()
}

// run fills found.
func (p *probe) run(ctx context.Context, chunk []int32) error {
	p.args = p.args[:0]
	for _, at := range chunk {
		if err := p.add(p.w.record(at)); err != nil {
			return err
		}
	}
	p.found = append(p.found[:0], make([]probed, len(chunk))...)
	statement, err := p.prepared.of(ctx, len(chunk)) //nolint:sqlclosecheck // it ends with its transaction
	if err != nil {
		return err
	}
	rows, err := statement.QueryContext(context.WithoutCancel(ctx), p.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := p.read(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// add adds a record's parameters.
func (p *probe) add(r *products.Record) error {
	p.args = append(p.args, r.Key)
	if !p.compares() {
		return nil
	}
	p.args = append(p.args, r.SKU)
	for i, f := range p.w.columns.Fields {
		var value any
		if p.w.columns.Sets(r, i) {
			var err error
			if value, err = stored(f, r.Values[i]); err != nil {
				return err
			}
		}
		p.args = append(p.args, value)
	}
	if len(p.w.columns.Attributes) == 0 {
		return nil
	}
	attributes, err := attributesText(p.w.attributes(r))
	p.args = append(p.args, attributes)
	return err
}

// read reads a row.
func (p *probe) read(rows *sql.Rows) error {
	if !p.compares() {
		if err := rows.Scan(p.rows...); err != nil {
			return err
		}
		p.found[p.at].missing = true
		return nil
	}
	if err := rows.Scan(p.reader.into...); err != nil {
		return err
	}
	if p.reader.isNull() {
		p.found[p.at].missing = true
		return nil
	}
	product, err := p.reader.product()
	p.found[p.at] = probed{different: true, product: product}
	return err
}
