package postgres

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"github.com/products-importer/products-importer/products"
)

// copyChunk is about how much text goes into one call of the driver, which sends it at once.
const copyChunk = 60 << 10

// copyNew inserts the records by COPY, in the order of places. ids has the ID of each record of the batch.
func (w *batchWriter) copyNew(ctx context.Context, t *transaction, distribution Distribution, places []int32,
	ids []int64) error {
	into := []string{"id", w.layout.key, "sku"}
	for i := range w.into {
		into = append(into, w.into[i].raw)
	}
	if len(w.columns.Attributes) > 0 {
		into = append(into, "attributes")
	}
	if distribution.kind == byHash {
		return w.copyWithKeys(ctx, t, into, places, ids)
	}
	return w.copyOver(ctx, t, w.layout.table.copyIn(into...), len(places), w.newRows(places, ids))
}

// copyWithKeys copies the rows, and then their keys.
func (w *batchWriter) copyWithKeys(ctx context.Context, t *transaction, into []string, places []int32,
	ids []int64) error {
	if _, err := t.ExecContext(ctx, `SET LOCAL `+keysCopied+` = on`); err != nil {
		return err
	}
	if err := w.copyOver(ctx, t, w.layout.table.copyIn(into...), len(places), w.newRows(places, ids)); err != nil {
		return err
	}
	if _, err := t.ExecContext(ctx, `SET LOCAL `+keysCopied+` = off`); err != nil {
		return err
	}
	inOrder := slices.Clone(places)
	slices.SortFunc(inOrder, func(a, b int32) int { return cmp.Compare(ids[a], ids[b]) })
	keys := tableName{w.layout.table.schema, "product_keys"}
	return w.copyOver(ctx, t, keys.copyIn("id", "sku_key"), len(inOrder), func(buf []byte, n int) []byte {
		buf = strconv.AppendInt(buf, ids[inOrder[n]], 10)
		return appendCopy(append(buf, '\t'), w.batch.Records[inOrder[n]].Key)
	})
}

// copyOver runs copyRows over the transaction's connection.
func (w *batchWriter) copyOver(ctx context.Context, t *transaction, statement string, n int,
	appendRow func(buf []byte, n int) []byte) error {
	var failure error
	err := t.conn.Raw(func(raw any) error {
		_, failure = w.copyRows(ctx, raw, statement, n, appendRow)
		// Raw must not see the error of a lost connection: it would close the connection, and wait forever for the end
		// of the transaction on it.
		return nil
	})
	if err != nil {
		return err
	}
	return failure
}

// copyRows runs the COPY of n rows over a connection of the driver, and returns how many the table took. appendRow
// appends one in COPY's text format, without a line feed.
func (w *batchWriter) copyRows(ctx context.Context, raw any, statement string, n int,
	appendRow func(buf []byte, n int) []byte) (taken int64, err error) {
	conn, ok := raw.(driver.ConnPrepareContext)
	if !ok {
		return 0, errors.New("postgres: the driver can't prepare statements")
	}
	stmt, err := conn.PrepareContext(ctx, statement)
	if err != nil {
		return 0, err
	}
	if err := w.sendRows(ctx, stmt, n, appendRow); err != nil {
		_ = stmt.Close() // it says the same again
		return 0, err
	}
	//nolint:staticcheck // the driver's COPY has no other way to say how many rows it was
	done, err := stmt.Exec(nil) // closes it, unless the server has refused a row by now
	if err != nil {
		_ = stmt.Close() // waits for the end of the COPY, beside which the connection can't be used
		return 0, err
	}
	return done.RowsAffected()
}

// sendRows writes the rows in COPY's text format: TAB between the fields, and a line feed behind each row but the last
// of a call, since the driver adds that.
func (w *batchWriter) sendRows(ctx context.Context, stmt driver.Stmt, count int,
	appendRow func(buf []byte, n int) []byte) error {
	copier, ok := stmt.(interface {
		CopyData(ctx context.Context, lines string) (driver.Result, error)
	})
	if !ok {
		return errors.New("postgres: the driver can't copy")
	}
	buf := w.scratch.text[:0]
	for n := range count {
		buf = appendRow(buf, n)
		if len(buf) < copyChunk && n < count-1 {
			buf = append(buf, '\n')
			continue
		}
		// The driver copies the text before it returns, so the buffer can be used again.
		if _, err := copier.CopyData(ctx, textIn(buf)); err != nil {
			return err
		}
		buf = buf[:0]
	}
	w.scratch.text = buf
	return nil
}

// newRows returns what appends the row of the nth place.
func (w *batchWriter) newRows(places []int32, ids []int64) func(buf []byte, n int) []byte {
	return func(buf []byte, n int) []byte {
		at := places[n]
		r := &w.batch.Records[at]
		buf = strconv.AppendInt(buf, ids[at], 10)
		buf = append(buf, '\t')
		start := len(buf)
		buf = appendCopy(buf, r.Key)
		end := len(buf)
		buf = append(buf, '\t')
		if r.SKU == r.Key {
			buf = append(buf, buf[start:end]...)
		} else {
			buf = appendCopy(buf, r.SKU)
		}
		for i := range w.into {
			buf = w.appendCopyField(append(buf, '\t'), &w.into[i], w.fresh(r, i))
		}
		if len(w.columns.Attributes) > 0 {
			w.scratch.json = w.appendAttributes(w.scratch.json[:0], r)
			buf = appendCopy(append(buf, '\t'), textIn(w.scratch.json))
		}
		return buf
	}
}

// textIn is the text in a buffer, until that is used again.
func textIn(buf []byte) string { return unsafe.String(unsafe.SliceData(buf), len(buf)) }

// fresh is the canonical text of Columns.Fields[i] in the product that is made of a record.
func (w *batchWriter) fresh(r *products.Record, i int) string {
	if !w.columns.Sets(r, i) {
		return w.into[i].fresh
	}
	return r.Values[i]
}

// appendCopyField appends a column's value in COPY's text format.
func (w *batchWriter) appendCopyField(to []byte, c *column, text string) []byte {
	if c.isNull(text) {
		return append(to, `\N`...)
	}
	switch {
	case c.appendText != nil:
		w.scratch.json = c.appendText(w.scratch.json[:0], text)
		return appendCopy(to, textIn(w.scratch.json))
	case !c.textual:
		return append(to, text...)
	}
	return appendCopy(to, text)
}

// appendCopy appends a value in COPY's text format. https://www.postgresql.org/docs/current/sql-copy.html
func appendCopy(to []byte, s string) []byte {
	if strings.IndexByte(s, '\n') < 0 && strings.IndexByte(s, '\\') < 0 && strings.IndexByte(s, '\t') < 0 &&
		strings.IndexByte(s, '\r') < 0 {
		return append(to, s...)
	}
	start := 0
	for i := range len(s) {
		var c byte
		switch s[i] {
		case '\n':
			c = 'n'
		case '\r':
			c = 'r'
		case '\t':
			c = 't'
		case '\\':
			c = '\\'
		default:
			continue
		}
		to = append(to, s[start:i]...)
		to = append(to, '\\', c)
		start = i + 1
	}
	return append(to, s[start:]...)
}

// appendAttributes appends the record's attributes, as JSON, for a product that is new.
func (w *batchWriter) appendAttributes(to []byte, r *products.Record) []byte {
	to = append(to, '{')
	first := true
	for i, name := range w.columns.Attributes {
		value := w.columns.Attribute(r, i)
		if value == "" {
			continue
		}
		if !first {
			to = append(to, ',')
		}
		first = false
		to = appendJSONMember(to, name, value)
	}
	return append(to, '}')
}
