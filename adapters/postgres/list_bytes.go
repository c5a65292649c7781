package postgres

import (
	"context"
	"database/sql"
	"strconv"

	"github.com/jmoiron/sqlx"
)

// lookRows is how many products that lack text are looked at together.
const lookRows = 16

// listed are the rows of a page that is bounded in bytes. Text that is long is left out at first, so that one statement finds
// the page's rows and all that most of them have; then it is read of those for which there is room.
type listed struct {
	rows    []row
	partial map[int]bool // those that lack text
	before  map[int]row  // what was read again, as it stood in the order
}

// edge is the row as it stood in the order.
func (l *listed) edge(i int) *row {
	if r, again := l.before[i]; again {
		return &r
	}
	return &l.rows[i]
}

func (l *listed) isPartial(i int) bool { return l.partial[i] }

// scan reads the rows of a statement without its SELECT, of which each column of text is left out that is longer than so
// many bytes.
func (l *listed) scan(ctx context.Context, q sqlx.QueryerContext, from string, s *selection, long int) error {
	most := strconv.Itoa(long)
	rows, err := q.QueryxContext(ctx, `SELECT id, version, created_at, updated_at, status, sku_key, sku, name,
		CASE WHEN octet_length(description) <= `+most+` THEN description END,
		CASE WHEN pg_column_size(attributes) <= `+most+` AND (pg_column_compression(attributes) IS NULL OR octet_length(attributes::text) <= `+most+`)
			THEN attributes END`+from, s.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var r row
		var description sql.NullString
		var json sql.RawBytes
		if err := rows.Scan(&r.ID, &r.Version, &r.CreatedAt, &r.UpdatedAt, &r.Status, &r.Key, &r.SKU, &r.Name, &description, &json); err != nil {
			return err
		}
		r.Description = description.String
		if json == nil || !description.Valid {
			if l.partial == nil {
				l.partial = map[int]bool{}
			}
			l.partial[len(l.rows)] = true
		} else if err := r.Attributes.Scan([]byte(json)); err != nil {
			return err
		}
		l.rows = append(l.rows, r)
	}
	return rows.Err()
}

// complete reads what the first n rows lack. It returns how many of them there is room for; of these those still lack text
// that have gone meanwhile.
func (l *listed) complete(ctx context.Context, q sqlx.QueryerContext, n, room int) (int, error) {
	var sizes map[int]int // of those that lack text, as far as they were looked at
	for i := range n {
		size := len(l.rows[i].SKU) + len(l.rows[i].Name)
		if !l.partial[i] {
			p := l.rows[i].product()
			size = p.Bytes()
		} else {
			if _, known := sizes[i]; !known {
				var err error
				if sizes, err = l.look(ctx, q, i, n); err != nil {
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
		if l.partial[i] {
			at = append(at, i)
		}
	}
	return n, l.fill(ctx, q, at)
}

// look returns the sizes of the text of the next rows that lack it, from row i on.
func (l *listed) look(ctx context.Context, q sqlx.QueryerContext, i, n int) (map[int]int, error) {
	sizes := make(map[int]int, lookRows)
	at := make(map[string]int, lookRows)
	keys := newArrays(oidText)
	for ; i < n && len(at) < lookRows; i++ {
		if l.partial[i] {
			sizes[i], at[l.rows[i].Key] = 0, i
			keys[0].add(l.rows[i].Key)
		}
	}
	rows, err := q.QueryxContext(ctx, `SELECT p.sku_key, `+storedSize+` FROM products AS p WHERE p.sku_key = ANY ($1::text[])`, keys.args()...)
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

// fill reads rows that lack text anew. What has gone still lacks it.
func (l *listed) fill(ctx context.Context, q sqlx.QueryerContext, at []int) error {
	if len(at) == 0 {
		return nil
	}
	keys := newArrays(oidText)
	places := make(map[string]int, len(at))
	for _, i := range at {
		keys[0].add(l.rows[i].Key)
		places[l.rows[i].Key] = i
	}
	rows := make([]row, 0, len(at))
	if err := sqlx.SelectContext(ctx, q, &rows, `SELECT `+columns+` FROM products WHERE sku_key = ANY ($1::text[])`, keys.args()...); err != nil {
		return err
	}
	l.before = make(map[int]row, len(rows))
	for i := range rows {
		at := places[rows[i].Key]
		l.before[at], l.rows[at] = l.rows[at], rows[i]
		delete(l.partial, at)
	}
	return nil
}
