package postgres

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/products"
)

// lookRows is for how many rows that lack text the sizes are read at once.
const lookRows = 16

// pageRows are the rows of a page. Where the page is bounded in bytes, the first statement leaves long text out; then
// the text is read of those rows for which there is room.
type pageRows struct {
	layout  *layout
	whole   *products.Field // one that no row lacks, or nil: it decides on the order
	rows    []row
	partial map[int]bool // those that lack text
	before  map[int]row  // what was read again, as it stood in the order
	ofKeys  string       // products with the keys $1, "" for the table as it is
}

// edge returns the row as the first statement read it, which decides its place in the order.
func (p *pageRows) edge(i int) *row {
	if r, again := p.before[i]; again {
		return &r
	}
	return &p.rows[i]
}

func (p *pageRows) isPartial(i int) bool { return p.partial[i] }

// haveDoubledIDs reports whether two neighbours have the same ID.
func (p *pageRows) haveDoubledIDs() bool {
	for i := 1; i < len(p.rows); i++ {
		if p.rows[i].ID == p.rows[i-1].ID {
			return true
		}
	}
	return false
}

// drop removes the first n rows.
func (p *pageRows) drop(n int) {
	n = min(n, len(p.rows))
	if n == 0 {
		return
	}
	p.rows = p.rows[n:]
	partial := make(map[int]bool, len(p.partial))
	for i := range p.partial {
		partial[i-n] = true // a negative one is of no row
	}
	p.partial = partial
}

// isLong reports whether a value of the field may take much room.
func isLong(f *products.Field) bool {
	return typeOf(f).bytes != nil && (f.Type != products.Text || f.MaxLength() > products.MaxName)
}

// scan reads rows, where from is the statement without its SELECT list. It leaves out a row's long values, and its
// attributes, where they are longer than long bytes.
func (p *pageRows) scan(ctx context.Context, q sqlx.QueryerContext, from string, s *selection, long int) error {
	most := strconv.Itoa(long)
	leftOut := []string{`(pg_column_size(attributes) > ` + most +
		` OR pg_column_compression(attributes) IS NOT NULL AND octet_length(attributes::text) > ` + most + `)`}
	list := p.layout.list(p.layout.columns, func(c *column) string {
		if c.field == p.whole || !isLong(c.field) {
			return c.name
		}
		bytes := c.bytes(c.name)
		leftOut = append(leftOut, bytes+` > `+most)
		return `CASE WHEN ` + bytes + ` <= ` + most + ` THEN ` + c.name + ` END`
	}, false)
	rows, err := q.QueryxContext(ctx, `SELECT `+list+`, CASE WHEN NOT `+leftOut[0]+` THEN attributes END, (`+
		strings.Join(leftOut[1:], ` OR `)+`) IS TRUE`+from, s.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var json sql.RawBytes
	var partial bool
	reader := newRowReader(p.layout.columns, false, &json, &partial)
	for rows.Next() {
		r, err := reader.read(rows)
		if err != nil {
			return err
		}
		if json == nil || partial {
			if p.partial == nil {
				p.partial = map[int]bool{}
			}
			p.partial[len(p.rows)] = true
		} else {
			var a attributes
			if err := a.Scan([]byte(json)); err != nil {
				return err
			}
			r.Attributes = a
		}
		p.rows = append(p.rows, r)
	}
	return rows.Err()
}

// complete reads the text that the first n rows lack. It returns for how many of them there is room. Those of them that
// were deleted meanwhile still lack their text.
func (p *pageRows) complete(ctx context.Context, q sqlx.QueryerContext, n, room int) (int, error) {
	var sizes map[int]int // of those that lack text, as far as they were looked at
	for i := range n {
		size := len(p.rows[i].SKU)
		if !p.partial[i] {
			size = p.rows[i].Bytes()
		} else {
			if _, known := sizes[i]; !known {
				var err error
				if sizes, err = p.look(ctx, q, i, n); err != nil {
					return 0, err
				}
			}
			size += sizes[i]
		}
		if room -= size; room < 0 && i > 0 {
			n = i
			break
		}
	}
	var at []int
	for i := range n {
		if p.partial[i] {
			at = append(at, i)
		}
	}
	return n, p.fill(ctx, q, at)
}

// look returns the sizes of the text of the next rows that lack it, from row i on.
func (p *pageRows) look(ctx context.Context, q sqlx.QueryerContext, i, n int) (map[int]int, error) {
	sizes := make(map[int]int, lookRows)
	at := make(map[string]int, lookRows)
	keys := newArrays(oidText)
	for ; i < n && len(at) < lookRows; i++ {
		if p.partial[i] {
			sizes[i], at[p.rows[i].Key] = 0, i
			keys[0].add(p.rows[i].Key)
		}
	}
	rows, err := q.QueryxContext(ctx, `SELECT p.sku_key, `+p.layout.size+p.fromKeys(), keys.args()...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		var size int
		if err := rows.Scan(&key, &size); err != nil {
			return nil, err
		}
		sizes[at[key]] = size
	}
	return sizes, rows.Err()
}

// fromKeys is FROM what, for the rows p of the keys $1.
func (p *pageRows) fromKeys() string {
	if p.ofKeys != "" {
		return ` FROM ` + p.ofKeys + ` AS p`
	}
	return ` FROM products AS p WHERE p.sku_key = ANY ($1::text[])`
}

// fill reads rows that lack text again, with it. Those that were deleted meanwhile still lack it.
func (p *pageRows) fill(ctx context.Context, q sqlx.QueryerContext, at []int) error {
	if len(at) == 0 {
		return nil
	}
	keys := newArrays(oidText)
	places := make(map[string]int, len(at))
	for _, i := range at {
		keys[0].add(p.rows[i].Key)
		places[p.rows[i].Key] = i
	}
	result, err := q.QueryxContext(ctx, `SELECT `+p.layout.selected+p.fromKeys(), keys.args()...)
	if err != nil {
		return err
	}
	rows, err := newRowReader(p.layout.columns, true).readAll(make([]row, 0, len(at)), result)
	if err != nil {
		return err
	}
	p.before = make(map[int]row, len(rows))
	for i := range rows {
		at := places[rows[i].Key]
		p.before[at], p.rows[at] = p.rows[at], rows[i]
		delete(p.partial, at)
	}
	return nil
}
