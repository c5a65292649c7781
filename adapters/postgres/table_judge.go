package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/lib/pq"

	"github.com/products-importer/products-importer/products"
)

// literalDefault are defaults that are the same for every row.
var literalDefault = regexp.MustCompile(`^\(?(?:'[^']*'|-?\d+(?:\.\d+)?|true|false)\)?(?:::[a-z ]+(?:\([\d,]+\))?(?:\[\])?)?$`)

// judge is a constraint that a SELECT can find broken by a row that is yet to be written.
type judge struct {
	name    string
	columns []string
	// broken is the condition that a row of the table's columns, q, breaks it.
	broken  string
	foreign bool
}

// makeJudges makes those of CHECKs and foreign keys.
func (m *layoutMaker) makeJudges() {
	for i := range m.constraints {
		k := &m.constraints[i]
		j := judge{name: k.Name, columns: k.Columns, foreign: k.Foreign}
		switch {
		case slices.ContainsFunc(k.Columns, m.isGenerated):
			continue
		case !k.Foreign:
			j.broken = "(" + k.Expression + ") IS FALSE"
		case k.Plain:
			var set, same []string
			for n, name := range k.Columns {
				column := "q." + pq.QuoteIdentifier(name)
				set = append(set, column+" IS NOT NULL")
				same = append(same, "r."+pq.QuoteIdentifier(k.Referenced[n])+" = "+column)
			}
			j.broken = strings.Join(set, " AND ") + " AND NOT EXISTS (SELECT 1 FROM " + k.References.String + " r WHERE " +
				strings.Join(same, " AND ") + ")"
		default:
			continue
		}
		m.layout.own.judges = append(m.layout.own.judges, j)
	}
	m.layout.own.kinds = map[string]rowColumn{}
	for i := range m.tableCatalog.columns {
		c := &m.tableCatalog.columns[i]
		kind := rowColumn{cast: "::" + c.BareType, absent: "NULL"}
		if c.Default.Valid || c.Numbered {
			if kind.absent = ""; literalDefault.MatchString(c.Default.String) {
				kind.absent = c.Default.String
			}
		}
		m.layout.own.kinds[c.Name] = kind
	}
}

// isGenerated reports whether the table makes the column's values itself.
func (m *layoutMaker) isGenerated(name string) bool {
	c := m.column(name)
	return c == nil || c.Generated
}

// rowColumn is what a judge sees of a column.
type rowColumn struct {
	cast string
	// absent is what a new row gets that doesn't set the column, "" where that isn't known before.
	absent string
}

// tryJudges leaves out the judges that don't work: functions of the whole row don't, nor what the user may not read.
func (t *Table) tryJudges(ctx context.Context) error {
	own := t.layout.own
	var work []judge
	for _, j := range own.judges {
		var columns []string
		for _, name := range j.columns {
			columns = append(columns, "NULL"+own.kinds[name].cast+" AS "+pq.QuoteIdentifier(name))
		}
		err := t.db.transact(ctx, func(ctx context.Context, tx *transaction) error {
			_, err := tx.raw.ExecContext(ctx, `SELECT `+j.broken+` FROM (SELECT `+strings.Join(columns, ", ")+`) AS q LIMIT 0`)
			return err
		})
		switch {
		case err == nil:
			work = append(work, j)
		case pq.As(err) == nil || passing(err):
			return err
		}
	}
	own.judges = work
	return nil
}

// judged is what a record was found to break.
type judged struct {
	rank  int // its index among those that were asked about
	judge *judge
}

// judgeRecords finds which of the records break constraints, as new rows or as changes of rows that exist. It writes
// nothing. places are those of the records in the batch.
func (w *batchWriter) judgeRecords(ctx context.Context, t *transaction, places []int32, fresh bool) (broken []judged,
	err error) {
	judges := w.judgesFor(fresh)
	if len(judges) == 0 {
		return nil, nil
	}
	seen := w.seenBy(judges)
	for from := 0; from < len(places); {
		to, err := w.fillOwn(places, from, seen, fresh)
		if err != nil {
			return nil, err
		}
		statement, args := w.judgeStatement(judges, seen, fresh)
		rows, err := t.raw.QueryContext(ctx, statement, args...)
		if err != nil {
			return nil, err
		}
		if broken, err = readJudged(broken, rows, from, judges); err != nil {
			return nil, err
		}
		from = to
	}
	return broken, nil
}

// readJudged appends what a statement found, whose first place is that of the record with the index from.
func readJudged(to []judged, rows *sql.Rows, from int, judges []*judge) ([]judged, error) {
	defer rows.Close()
	for rows.Next() {
		var place, judge int
		if err := rows.Scan(&place, &judge); err != nil {
			return nil, err
		}
		to = append(to, judged{from + place - 1, judges[judge]})
	}
	return to, rows.Err()
}

// seenBy returns which of w.into the judges look at.
func (w *batchWriter) seenBy(judges []*judge) (seen []int) {
	for i := range w.into {
		name := w.into[i].raw
		if slices.ContainsFunc(judges, func(j *judge) bool { return slices.Contains(j.columns, name) }) {
			seen = append(seen, i)
		}
	}
	return seen
}

// fillOwn makes the parameters of judges out of the records at places[from] and behind, and returns where they end.
func (w *batchWriter) fillOwn(places []int32, from int, seen []int, fresh bool) (to int, err error) {
	s := w.scratch
	w.reset()
	bytes := 0
	for to = from; to < len(places) && to-from < chunkRecords && bytes < chunkBytes; to++ {
		r := &w.batch.Records[places[to]]
		bytes += w.columns.Bytes(r)
		if err := w.addKey(r); err != nil {
			return 0, err
		}
		for _, i := range seen {
			text := r.Values[i]
			if fresh {
				text = w.fresh(r, i)
			} else if !w.columns.Sets(r, i) {
				s.fields[i].addNull()
				continue
			}
			if err := s.addField(i, &w.into[i], text); err != nil {
				return 0, err
			}
		}
	}
	return to, nil
}

// isDoubtful reports whether a trigger may change the rows before constraints see them.
func (w *batchWriter) isDoubtful(fresh bool) bool {
	own := w.layout.own
	return slices.ContainsFunc(own.triggers, func(g tableTrigger) bool {
		return g.Early && g.fires(fresh, func(name string) bool { return own.sets(name, w.into) })
	})
}

// judgesFor returns the judges whose columns are all known before the rows are written. What triggers may change isn't
// known, and a write leaves it to the table. A dry run takes it that they fill in what records don't set, and leave
// alone what these do.
func (w *batchWriter) judgesFor(fresh bool) (judges []*judge) {
	own := w.layout.own
	doubtful := w.isDoubtful(fresh)
	if doubtful && !w.batch.DryRun {
		return nil
	}
	for i := range own.judges {
		j := &own.judges[i]
		touches, known := false, true
		for _, name := range j.columns {
			at := slices.IndexFunc(w.into, func(c column) bool { return c.raw == name })
			touches = touches || at >= 0 && !w.into[at].fixed
			known = known && (at >= 0 || name == own.key.raw || !doubtful && (!fresh || own.kinds[name].absent != "") ||
				slices.ContainsFunc(own.constants, func(c constant) bool { return c.raw == name }))
			known = known && !(fresh && at >= 0 && w.into[at].defaults)
			known = known && !slices.ContainsFunc(own.touch, func(c column) bool { return c.raw == name })
		}
		if known && (fresh || touches) {
			judges = append(judges, j)
		}
	}
	return judges
}

// judgeStatement returns the statement for the parameters that fillOwn has made. Its rows are places from 1, and the
// index of the judge.
func (w *batchWriter) judgeStatement(judges []*judge, seen []int, fresh bool) (string, []any) {
	own, s := w.layout.own, w.scratch
	u := w.unnested(nil)
	u.add(&s.key, "key", own.key.element)
	values := map[string]string{own.key.raw: own.key.value("x.key")}
	for _, i := range seen {
		c := &w.into[i]
		element := u.addField(&s.fields[i], c)
		switch value := c.value(element); {
		case fresh:
			values[c.raw] = value
		case !c.fixed && c.field.Empty == products.EmptyKeeps:
			values[c.raw] = "coalesce(" + value + ", p." + c.name + ")"
		case !c.fixed:
			values[c.raw] = value
		}
	}
	u.list.WriteString(fmt.Sprintf(", generate_series(1, %d::bigint) AS i", s.key.n))
	for _, c := range own.constants {
		if fresh {
			values[c.raw] = c.literal(c.text)
		}
	}
	var columns, cases []string
	for name, kind := range own.kinds {
		value, set := values[name]
		quoted := pq.QuoteIdentifier(name)
		switch {
		case set:
		case !slices.ContainsFunc(judges, func(j *judge) bool { return slices.Contains(j.columns, name) }):
			continue
		case fresh:
			value = kind.absent
		default:
			value = "p." + quoted
		}
		columns = append(columns, "("+value+")"+kind.cast+" AS "+quoted)
	}
	slices.Sort(columns)
	for i, j := range judges {
		cases = append(cases, fmt.Sprintf("WHEN %s THEN %d", j.broken, i))
	}
	from := u.table()
	if !fresh {
		from += " JOIN " + w.layout.table.String() + " p ON " + w.matches()
	}
	s.args = u.args
	return `SELECT " i", broken FROM (SELECT q." i", CASE ` + strings.Join(cases, " ") + ` END AS broken FROM (SELECT x.i AS " i", ` +
		strings.Join(columns, ", ") + ` FROM ` + from + `) AS q) AS judged WHERE broken IS NOT NULL`, u.args
}
