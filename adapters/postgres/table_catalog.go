package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lib/pq"
)

// tableCatalog is what the catalog says of a table of somebody else's.
type tableCatalog struct {
	asked       string // its name, as it was given
	oid         int64
	name        tableName
	user        string
	columns     []tableColumn
	keys        []tableKey
	constraints []tableConstraint
	triggers    []tableTrigger
}

// tableColumn is a column.
type tableColumn struct {
	Number     int64          `db:"number"`
	Name       string         `db:"name"`
	Type       string         `db:"type"`          // of the domain's base, with its modifier
	BareType   string         `db:"bare_type"`     // without it
	Base       string         `db:"base"`          // the name of the base type alone
	Kind       string         `db:"kind"`          // of the base type: b, e, r..
	System     bool           `db:"system"`        // the base type is the server's own
	Modifier   int            `db:"modifier"`      // -1 for none
	NotNull    bool           `db:"not_null"`      // by itself or its domain
	Default    sql.NullString `db:"default_"`      // of itself or its domain
	Generated  bool           `db:"generated"`     // always: can't be written
	Numbered   bool           `db:"numbered"`      // by an identity or a sequence
	Vague      bool           `db:"vague"`         // its collation takes different texts for the same
	Writable   bool           `db:"writable"`      // the user may read, insert and update it
	Labels     pq.StringArray `db:"labels"`        // of an enum
	DomainChks pq.StringArray `db:"domain_checks"` // expressions over VALUE
}

// optional reports whether a new row may leave the column out.
func (c *tableColumn) optional() bool {
	return !c.NotNull || c.Default.Valid || c.Generated || c.Numbered
}

// tableKey is a unique key.
type tableKey struct {
	Name    string         `db:"name"`
	Columns pq.StringArray `db:"columns"`
	Primary bool           `db:"is_primary"`
	// Usable: it is valid, of columns alone and for all rows.
	Usable bool `db:"usable"`
	// Shown is what it is unique over, as the server prints it: (lower(code)) WHERE gone IS NULL.
	Shown string `db:"shown"`
	// Parts are the names of the indexes of the table's partitions, and its own.
	Parts pq.StringArray `db:"parts"`
}

// tableConstraint is a CHECK or a foreign key.
type tableConstraint struct {
	Name       string         `db:"name"`
	Foreign    bool           `db:"is_foreign"`
	Columns    pq.StringArray `db:"columns"`
	Expression string         `db:"expression"` // of a CHECK
	// Of a foreign key: the table that it refers to, as statements have it, and the columns there. Plain says that a
	// SELECT shows what it refuses: it is MATCH SIMPLE, to another table, which row security doesn't hide.
	References sql.NullString `db:"refers"`
	Referenced pq.StringArray `db:"referenced"`
	Plain      bool           `db:"plain"`
}

// tableTrigger is a trigger that is fired where rows are inserted or updated.
type tableTrigger struct {
	Name    string `db:"name"`
	Early   bool   `db:"early"` // BEFORE, for each row: it may change the row
	Inserts bool   `db:"inserts"`
	Updates bool   `db:"updates"`
	// Columns are those of which an UPDATE sets one to fire it, none for all.
	Columns pq.StringArray `db:"columns"`
}

// fires reports whether an INSERT, or else an UPDATE that sets the columns for which sets is true, fires it.
func (g *tableTrigger) fires(insert bool, sets func(column string) bool) bool {
	if insert {
		return g.Inserts
	}
	return g.Updates && (len(g.Columns) == 0 || slices.ContainsFunc(g.Columns, sets))
}

func (c *tableCatalog) fault(column, remedy, problem string, args ...any) error {
	return &TableError{Table: c.asked, Column: column, Problem: fmt.Sprintf(problem, args...), Remedy: remedy}
}

// relationKinds are what isn't a table that can be written.
var relationKinds = map[string]string{"v": "it is a view", "m": "it is a materialized view", "f": "it is a foreign table",
	"i": "it is an index", "I": "it is an index", "S": "it is a sequence", "c": "it is a type", "t": "it is a TOAST table"}

// readTable reads what there is to know of a table. The error is a *TableError where it can't be written at all.
func readTable(ctx context.Context, t *transaction, name string) (*tableCatalog, error) {
	c := &tableCatalog{asked: name}
	if strings.TrimSpace(name) == "" {
		return nil, c.fault("", "give its name", "it has no name")
	}
	if err := c.findName(ctx, t); err != nil {
		return nil, err
	}
	var head struct {
		OID     sql.NullInt64  `db:"oid"`
		Schema  sql.NullString `db:"schema"`
		Name    sql.NullString `db:"name"`
		Kind    sql.NullString `db:"kind"`
		Secured sql.NullBool   `db:"secured"`
		Rules   sql.NullBool   `db:"rules"`
	}
	err := t.GetContext(ctx, &head, `SELECT c.oid::bigint AS oid, n.nspname AS schema,
			c.relname AS name, c.relkind::text AS kind, row_security_active(c.oid) AS secured,
			EXISTS (SELECT 1 FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type <> '1') AS rules
		FROM (SELECT to_regclass($1) AS found) f LEFT JOIN pg_class c ON c.oid = f.found
			LEFT JOIN pg_namespace n ON n.oid = c.relnamespace`, name)
	if err != nil {
		return nil, c.unread(err)
	}
	switch {
	case !head.OID.Valid:
		return nil, c.notFound(ctx, t)
	case relationKinds[head.Kind.String] != "":
		return nil, c.fault("", "give a table, such as the one behind it", "%s", relationKinds[head.Kind.String])
	case head.Secured.Bool:
		return nil, c.fault("", "connect as its owner, or as a user with BYPASSRLS",
			"row-level security hides rows from the user %q, and COPY doesn't go with it", c.user)
	case head.Rules.Bool:
		return nil, c.fault("", "drop them, or make them triggers", "it has rewrite rules, which COPY passes over")
	}
	c.oid, c.name = head.OID.Int64, tableName{head.Schema.String, head.Name.String}
	if err := c.readColumns(ctx, t); err != nil {
		return nil, err
	}
	return c, errors.Join(c.readKeys(ctx, t), c.readConstraints(ctx, t), c.readTriggers(ctx, t))
}

// findName finds out who asks, and whether he may use the schema that the name has.
func (c *tableCatalog) findName(ctx context.Context, t *transaction) error {
	var asks struct {
		User   string         `db:"user_"`
		Quoted string         `db:"quoted"`
		Closed sql.NullString `db:"closed"`
	}
	err := t.GetContext(ctx, &asks, `SELECT current_user AS user_, quote_ident(current_user) AS quoted,
			(SELECT quote_ident(nspname) FROM pg_namespace WHERE nspname = parts[cardinality(parts) - 1]
				AND NOT has_schema_privilege(oid, 'USAGE')) AS closed
		FROM parse_ident($1) AS parts`, c.asked)
	if err != nil {
		return c.unread(err)
	}
	if c.user = asks.User; asks.Closed.Valid {
		return c.fault("", "GRANT USAGE ON SCHEMA "+asks.Closed.String+" TO "+asks.Quoted,
			"the user %q may not use its schema", c.user)
	}
	return nil
}

// notFound is the error for a name that no table has. It has those whose names differ in their case or their schema.
func (c *tableCatalog) notFound(ctx context.Context, t *transaction) error {
	var like pq.StringArray
	err := t.GetContext(ctx, &like, `SELECT ARRAY(SELECT quote_ident(n.nspname) || '.' || quote_ident(r.relname)
		FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace
		WHERE r.relkind IN ('r', 'p') AND has_schema_privilege(n.oid, 'USAGE')
			AND lower(r.relname) = lower(parts[cardinality(parts)]) ORDER BY 1 LIMIT 3)
		FROM parse_ident($1) AS parts`, c.asked)
	if err != nil {
		return err
	}
	remedy := "give its schema too, as in shop.items, and connect to its database"
	if len(like) > 0 {
		remedy = "give it as it is here: " + strings.Join(like, ", ")
	}
	return c.fault("", remedy, "the user %q sees no table of this name", c.user)
}

// unread is the error for a name that the server doesn't take for one.
func (c *tableCatalog) unread(err error) error {
	if e := pq.As(err); e != nil && (e.Code.Class() == "42" || e.Code == "0A000" || e.Code.Class() == "22") {
		return c.fault("", "give it as SQL has it, such as shop.items", "its name can't be read: %s", e.Message)
	}
	return err
}

func (c *tableCatalog) readColumns(ctx context.Context, t *transaction) error {
	return t.SelectContext(ctx, &c.columns, `WITH RECURSIVE base AS (
			SELECT a.attnum, a.atttypid AS type, a.atttypmod AS modifier, false AS not_null,
				NULL::text COLLATE "C" AS default_, '{}'::text[] COLLATE "C" AS checks
			FROM pg_attribute a WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
			UNION ALL
			SELECT b.attnum, t.typbasetype, CASE WHEN t.typtypmod >= 0 THEN t.typtypmod ELSE b.modifier END,
				b.not_null OR t.typnotnull, coalesce(b.default_, pg_get_expr(t.typdefaultbin, 0)) COLLATE "C",
				(b.checks || ARRAY(SELECT pg_get_expr(k.conbin, 0) FROM pg_constraint k WHERE k.contypid = t.oid
					AND k.contype = 'c')) COLLATE "C"
			FROM base b JOIN pg_type t ON t.oid = b.type WHERE t.typtype = 'd')
		SELECT a.attnum AS number, a.attname AS name, format_type(b.type, b.modifier) AS type,
			CASE WHEN t.typname = 'bpchar' THEN 'bpchar' ELSE format_type(b.type, NULL) END AS bare_type,
			t.typname AS base, t.typtype::text AS kind, n.nspname = 'pg_catalog' AS system, b.modifier,
			a.attnotnull OR b.not_null AS not_null,
			CASE WHEN a.attgenerated = '' THEN coalesce(pg_get_expr(d.adbin, d.adrelid), b.default_) END AS default_,
			a.attgenerated <> '' OR a.attidentity = 'a' AS generated,
			a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid), '') ~ '^nextval\(' AS numbered,
			coalesce(NOT l.collisdeterministic, false) AS vague,
			has_column_privilege(a.attrelid, a.attnum, 'SELECT')
				AND has_column_privilege(a.attrelid, a.attnum, 'INSERT')
				AND has_column_privilege(a.attrelid, a.attnum, 'UPDATE') AS writable,
			ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = b.type
				ORDER BY e.enumsortorder) AS labels,
			b.checks AS domain_checks
		FROM pg_attribute a JOIN base b ON b.attnum = a.attnum
			JOIN pg_type t ON t.oid = b.type AND t.typtype <> 'd' JOIN pg_namespace n ON n.oid = t.typnamespace
			LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
			LEFT JOIN pg_collation l ON l.oid = a.attcollation
		WHERE a.attrelid = $1::oid ORDER BY a.attnum`, c.oid)
}

func (c *tableCatalog) readKeys(ctx context.Context, t *transaction) error {
	return t.SelectContext(ctx, &c.keys, `SELECT x.relname AS name, i.indisprimary AS is_primary,
			i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AS usable,
			'(' || array_to_string(ARRAY(SELECT pg_get_indexdef(i.indexrelid, n, true) FROM generate_series(1,
				i.indnkeyatts) AS n), ', ') || ')'
				|| coalesce(' WHERE ' || pg_get_expr(i.indpred, i.indrelid, true), '')
				|| CASE WHEN i.indisvalid THEN '' ELSE ', which is invalid' END AS shown,
			ARRAY(SELECT a.attname::text FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY
				k (number, i) JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
				ORDER BY k.i) AS columns,
			ARRAY(WITH RECURSIVE parts AS (SELECT x.oid UNION ALL SELECT h.inhrelid FROM parts JOIN pg_inherits h
				ON h.inhparent = parts.oid) SELECT p.relname::text FROM parts JOIN pg_class p
				ON p.oid = parts.oid) AS parts
		FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
		WHERE i.indrelid = $1::oid AND i.indisunique ORDER BY NOT i.indisprimary, x.relname`, c.oid)
}

func (c *tableCatalog) readConstraints(ctx context.Context, t *transaction) error {
	return t.SelectContext(ctx, &c.constraints, `SELECT k.conname AS name, k.contype = 'f' AS is_foreign,
			ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY n (number, i) JOIN pg_attribute a
				ON a.attrelid = k.conrelid AND a.attnum = n.number ORDER BY n.i) AS columns,
			CASE WHEN k.contype = 'c' THEN pg_get_expr(k.conbin, k.conrelid) ELSE '' END AS expression,
			(SELECT quote_ident(n.nspname) || '.' || quote_ident(r.relname) FROM pg_class r JOIN pg_namespace n
				ON n.oid = r.relnamespace WHERE r.oid = k.confrelid) AS refers,
			ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY n (number, i) JOIN pg_attribute a
				ON a.attrelid = k.confrelid AND a.attnum = n.number ORDER BY n.i) AS referenced,
			k.contype = 'c' OR k.confmatchtype = 's' AND k.confrelid <> k.conrelid
				AND NOT row_security_active(k.confrelid) AS plain
		FROM pg_constraint k WHERE k.conrelid = $1::oid AND k.contype IN ('c', 'f') ORDER BY k.conname`, c.oid)
}

// readTriggers reads those of the table and of its partitions. An UPDATE that moves a row to another partition fires
// triggers for INSERT there. A generated column is set wherever one is that it is made of.
func (c *tableCatalog) readTriggers(ctx context.Context, t *transaction) error {
	return t.SelectContext(ctx, &c.triggers, `WITH RECURSIVE tables AS (SELECT $1::oid AS oid
			UNION ALL SELECT h.inhrelid FROM tables JOIN pg_inherits h ON h.inhparent = tables.oid),
		found AS (SELECT g.tgname AS name, g.tgtype & 3 = 3 AS early, g.tgtype & 4 <> 0 AS inserts,
			g.tgtype & 16 <> 0 AS updates, r.relispartition OR r.relkind = 'p' AS parted,
			ARRAY(SELECT a.attname::text FROM unnest(g.tgattr) AS n JOIN pg_attribute a ON a.attrelid = g.tgrelid
				AND a.attnum = n AND NOT EXISTS (SELECT 1 FROM unnest(g.tgattr) AS m JOIN pg_attribute b
					ON b.attrelid = g.tgrelid AND b.attnum = m AND b.attgenerated <> '')) AS columns
			FROM tables JOIN pg_class r ON r.oid = tables.oid JOIN pg_trigger g ON g.tgrelid = tables.oid
			WHERE NOT g.tgisinternal AND g.tgenabled <> 'D' AND g.tgtype & 20 <> 0)
		SELECT DISTINCT name, early, inserts, updates OR inserts AND parted AS updates,
			CASE WHEN inserts AND parted THEN '{}' ELSE columns END AS columns FROM found ORDER BY name`, c.oid)
}

// column returns the column of that name, nil for none.
func (c *tableCatalog) column(name string) *tableColumn {
	i := slices.IndexFunc(c.columns, func(column tableColumn) bool { return column.Name == name })
	if i < 0 {
		return nil
	}
	return &c.columns[i]
}

// names lists the columns.
func (c *tableCatalog) names() string {
	var names []string
	for i := range c.columns {
		names = append(names, c.columns[i].Name)
	}
	return strings.Join(names, ", ")
}
