package sqlite

import (
	"context"
	"strings"
)

// The parts of the index: what it is made of, the index, and what keeps it in step whoever writes.
const (
	searchView  = "products_searched"
	searchTable = "products_search"
)

var searchTriggers = []string{"products_search_insert", "products_search_update", deleteTrigger}

const deleteTrigger = "products_search_delete"

// BuildSearchIndex builds the index that makes Query.Search fast, a trigram index over SKU, name and the fields that
// are searched, and returns once it is there. Where it exists it does nothing, unless that lacks one of the fields:
// then it is built anew. Reads go on meanwhile, and who writes waits.
//
// The index makes imports slow: half a million new products take several times as long while it exists. Build it after
// the first large import, and drop it before another: see [DB.DropSearchIndex].
func (db *DB) BuildSearchIndex(ctx context.Context) error {
	columns := searched(db.options.Fields)
	return db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		has, err := searchIndexHas(ctx, t, columns)
		if err != nil || has {
			return err
		}
		if err := dropSearchIndex(ctx, t); err != nil {
			return err
		}
		return execAll(ctx, t, searchIndex(columns)...)
	})
}

// DropSearchIndex drops what BuildSearchIndex built.
func (db *DB) DropSearchIndex(ctx context.Context) error {
	return db.inTx(ctx, dropSearchIndex)
}

func dropSearchIndex(ctx context.Context, t *transaction) error {
	var statements []string
	for _, trigger := range searchTriggers {
		statements = append(statements, `DROP TRIGGER IF EXISTS `+trigger)
	}
	return execAll(ctx, t, append(statements, `DROP TABLE IF EXISTS `+searchTable,
		`DROP VIEW IF EXISTS `+searchView)...)
}

func execAll(ctx context.Context, t *transaction, statements ...string) error {
	for _, statement := range statements {
		if _, err := t.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// searchIndex returns the statements that build the index. It has no text of its own, and knows which products have
// three characters, but not where: the rest is seen in the product.
func searchIndex(columns []string) []string {
	var names, view, added, removed, changed []string
	for _, column := range columns {
		// The tokenizer takes İ for a letter of its own, strings.ToLower makes it an i.
		of := func(row string) string { return `replace(` + row + column + `, 'İ', 'i')` }
		names = append(names, indexedAs(column))
		view = append(view, of("")+` AS `+indexedAs(column))
		added = append(added, of("new."))
		removed = append(removed, of("old."))
		changed = append(changed, `old.`+column+` IS NOT new.`+column)
	}
	list := strings.Join(names, ", ")
	add := `INSERT INTO ` + searchTable + ` (rowid, ` + list + `) VALUES (new.id, ` + strings.Join(added, ", ") + `);`
	remove := `INSERT INTO ` + searchTable + ` (` + searchTable + `, rowid, ` + list + `) VALUES ('delete', old.id, ` +
		strings.Join(removed, ", ") + `);`
	return []string{
		`CREATE VIEW ` + searchView + ` AS SELECT id, ` + strings.Join(view, ", ") + ` FROM products`,
		`CREATE VIRTUAL TABLE ` + searchTable + ` USING fts5 (` + list + `, content = '` + searchView +
			`', content_rowid = 'id', tokenize = 'trigram', detail = none)`,
		`INSERT INTO ` + searchTable + ` (` + searchTable + `) VALUES ('rebuild')`,
		`CREATE TRIGGER ` + searchTriggers[0] + ` AFTER INSERT ON products BEGIN ` + add + ` END`,
		`CREATE TRIGGER ` + searchTriggers[1] + ` AFTER UPDATE ON products WHEN ` + strings.Join(changed, " OR ") +
			` BEGIN ` + remove + ` ` + add + ` END`,
		`CREATE TRIGGER ` + deleteTrigger + ` AFTER DELETE ON products BEGIN ` + remove + ` END`,
	}
}

// indexedAs is the name that a column has in the index, where rank and others are taken.
func indexedAs(column string) string { return "in_" + strings.Trim(column, `"`) }

// emptySearchIndex does what the trigger would do for every product one by one, which would also keep SQLite from
// freeing whole pages. It returns how to go on: the trigger is away until then.
func emptySearchIndex(ctx context.Context, t *transaction) (resume func() error, err error) {
	var trigger []string
	err = t.SelectContext(ctx, &trigger, `SELECT sql FROM sqlite_schema WHERE name = ?`, deleteTrigger)
	if err != nil || len(trigger) == 0 {
		return func() error { return nil }, err
	}
	err = execAll(ctx, t, `DROP TRIGGER `+deleteTrigger,
		`INSERT INTO `+searchTable+` (`+searchTable+`) VALUES ('delete-all')`)
	return func() error { return execAll(ctx, t, trigger[0]) }, err
}
