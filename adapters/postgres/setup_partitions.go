package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/lib/pq"
)

// Triggers keep product_keys in step, whoever writes. What copies many new products writes their keys itself, since
// that takes a fraction of the time, and says so by keysCopied.
const (
	keysAdded, keysMoved, keysRemoved, keysEmptied = "product_keys_added", "product_keys_moved", "product_keys_removed",
		"product_keys_emptied"
	keysCopied = "products_importer.keys_copied"
)

// mover moves the products into another table, in a transaction that has locked the one that there is.
type mover struct {
	db        *DB
	t         *transaction
	is, asked Distribution

	kept keptOfTable
}

// keptOfTable is what a table has beside its columns, as statements that give it to another one.
type keptOfTable struct {
	// Columns are those that are moved, and Options what is set for the table, both as SQL has them.
	Columns string `db:"columns"`
	Options string `db:"options"`
	Schema  string `db:"schema"`
	Owner   string `db:"owner"`
	// Obstacle is what keeps the table from being replaced, empty for nothing.
	Obstacle string `db:"obstacle"`
	// Indexes, with the names and the definitions behind USING, don't hold those that are made here.
	Names       pq.StringArray `db:"names"`
	Definitions pq.StringArray `db:"definitions"`
	// Statements give privileges, constraints and triggers.
	Statements pq.StringArray `db:"statements"`
}

// ourTriggers are the names of what this file makes.
var ourTriggers = pq.StringArray{keysAdded, keysMoved, keysRemoved, keysEmptied}

// foreignKeys names those of other tables that refer to products.
const foreignKeys = `SELECT 'the foreign key ' || conname || ' of ' || conrelid::regclass AS what FROM pg_constraint
	WHERE confrelid = 'products'::regclass AND conparentid = 0`

// readKept is for the locked table. The partitions of a table have the same indexes and triggers, which come with its
// own.
const readKept = `SELECT quote_ident(n.nspname) AS schema, pg_get_userbyid(c.relowner) AS owner,
	(SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
		WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') AS columns,
	coalesce((SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE reloptions IS NOT NULL AND (oid = c.oid
		OR oid IN (SELECT relid FROM pg_partition_tree(c.oid) WHERE isleaf)) LIMIT 1), '') AS options,
	coalesce((SELECT string_agg(what, ', ') FROM (
		` + foreignKeys + `
		UNION ALL SELECT 'the view ' || r.ev_class::regclass FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
			WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
			GROUP BY r.ev_class
		UNION ALL SELECT 'the publication ' || pubname FROM pg_publication_rel JOIN pg_publication p ON p.oid = prpubid
			WHERE prrelid = c.oid
		UNION ALL SELECT 'the row security policy ' || polname FROM pg_policy WHERE polrelid = c.oid
		UNION ALL SELECT 'the table ' || inhrelid::regclass || ', which inherits of it' FROM pg_inherits
			WHERE inhparent = c.oid AND c.relkind <> 'p'
		UNION ALL SELECT 'being a part of the table ' || inhparent::regclass FROM pg_inherits WHERE inhrelid = c.oid
		UNION ALL SELECT 'the unique index ' || indexrelid::regclass FROM pg_index
			WHERE indrelid = c.oid AND indisunique AND NOT indisprimary
		UNION ALL SELECT 'the exclusion constraint ' || conname FROM pg_constraint
			WHERE conrelid = c.oid AND contype = 'x'
		UNION ALL SELECT 'the identity column ' || attname FROM pg_attribute
			WHERE attrelid = c.oid AND attidentity <> ''
		) AS o), '') AS obstacle,
	i.names, i.definitions,
	ARRAY (SELECT 'GRANT ' || a.privilege_type || ' ON products TO '
			|| CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
			|| CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
			FROM aclexplode(c.relacl) AS a WHERE a.grantee <> c.relowner
		UNION ALL SELECT 'GRANT ' || a.privilege_type || ' (' || quote_ident(attname) || ') ON products TO '
			|| CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
			FROM pg_attribute, aclexplode(attacl) AS a WHERE attrelid = c.oid
		UNION ALL SELECT 'ALTER TABLE products ADD CONSTRAINT ' || quote_ident(conname) || ' '
			|| pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = c.oid AND contype = 'f'
		UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger
			WHERE tgrelid = c.oid AND NOT tgisinternal AND tgname <> ALL ($1::text[])) AS statements
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, (
		SELECT coalesce(array_agg(name ORDER BY name), '{}') AS names,
			coalesce(array_agg(substr(d, strpos(d, ' USING ') + 7) ORDER BY name), '{}') AS definitions
		FROM (SELECT regexp_replace(relname, '^products_0', 'products') AS name, pg_get_indexdef(indexrelid) AS d
			FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
			WHERE (indrelid = 'products'::regclass OR NOT relispartition AND indrelid IN (SELECT relid
					FROM pg_partition_tree('products') JOIN pg_class AS first ON first.oid = relid
					WHERE first.relname = 'products_0'))
				AND NOT indisunique AND indisvalid AND relname <> 'products_id') AS x
		) AS i
	WHERE c.oid = 'products'::regclass`

// run moves the products, and returns how many there are.
func (m *mover) run(ctx context.Context) (moved int64, err error) {
	if err := m.t.GetContext(ctx, &m.kept, readKept, ourTriggers); err != nil {
		return 0, err
	}
	if m.kept.Obstacle != "" {
		return 0, &DistributionError{Recorded: m.is, Asked: m.asked,
			Problem: "there is " + m.kept.Obstacle + ", which a table in the place of theirs wouldn't have",
			Remedy:  "drop it first, and make it again afterwards where that can be"}
	}
	for _, step := range []func(ctx context.Context) error{m.makeTable, m.fill(&moved), m.replace, m.index} {
		if err := step(ctx); err != nil {
			return 0, err
		}
	}
	if m.asked.kind == byHash {
		err = m.followKeys(ctx)
	}
	if err == nil {
		err = m.exec(ctx, append(m.kept.Statements, `ANALYZE products, product_keys`)...)
	}
	return moved, err
}

// exec runs statements one after the other.
func (m *mover) exec(ctx context.Context, statements ...string) error {
	for _, statement := range statements {
		if _, err := m.t.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("distributing the products: %w", err)
		}
	}
	return nil
}

// newTable is the name of the table until it takes the place of the other one.
const newTable = "products_distributed"

// named is a name in the schema of the table.
func (m *mover) named(name string) string { return m.kept.Schema + "." + pq.QuoteIdentifier(name) }

// part is the name of a partition.
func part(i int) string { return "products_" + strconv.Itoa(i) }

// makeTable makes the table, without any index.
func (m *mover) makeTable(ctx context.Context) error {
	table := m.named(newTable)
	statement, options := `CREATE TABLE `+table+` (LIKE products INCLUDING ALL EXCLUDING INDEXES)`, ""
	if m.kept.Options != "" {
		options = " WITH (" + m.kept.Options + ")"
	}
	if m.asked.kind == byHash {
		statement += ` PARTITION BY HASH (sku_key)`
	} else {
		statement += options
	}
	statements := []string{statement, m.ownedBy(table)}
	for i := range m.partitions() {
		statements = append(statements, fmt.Sprintf(
			`CREATE TABLE %s PARTITION OF %s FOR VALUES WITH (MODULUS %d, REMAINDER %d)`, m.named(part(i)),
			table, m.partitions(), i)+options, m.ownedBy(m.named(part(i))))
	}
	return m.exec(ctx, statements...)
}

func (m *mover) ownedBy(table string) string {
	return `ALTER TABLE ` + table + ` OWNER TO ` + pq.QuoteIdentifier(m.kept.Owner)
}

// partitions is how many partitions there are to be, 0 for one table.
func (m *mover) partitions() int {
	if m.asked.kind == byHash {
		return m.asked.partitions
	}
	return 0
}

// fill brings the products into the table.
func (m *mover) fill(moved *int64) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		done, err := m.t.ExecContext(ctx, `INSERT INTO `+m.named(newTable)+` (`+m.kept.Columns+`)
			SELECT `+m.kept.Columns+` FROM products`)
		if err == nil {
			*moved, err = done.RowsAffected()
		}
		return err
	}
}

// replace puts the table into the place of the other one.
func (m *mover) replace(ctx context.Context) error {
	statements := []string{`DROP FUNCTION IF EXISTS ` + m.named(keysFunction) + `(text[])`, `DROP TABLE products`,
		`ALTER TABLE ` + m.named(newTable) + ` RENAME TO "products"`, `DELETE FROM product_keys`}
	for _, name := range ourTriggers {
		statements = append(statements, `DROP FUNCTION IF EXISTS `+m.named(name)+`()`)
	}
	return m.exec(ctx, statements...)
}

// index makes the indexes that there were. Those of partitions have the names that buildIndex gives them.
func (m *mover) index(ctx context.Context) error {
	statements := []string{`ALTER TABLE products ADD PRIMARY KEY (sku_key)`}
	if m.asked.kind == oneTable {
		statements = append(statements, `CREATE INDEX products_id ON products (id)`)
	}
	for n, name := range m.kept.Names {
		using := ` USING ` + m.kept.Definitions[n]
		for i := range m.partitions() {
			statements = append(statements, `CREATE INDEX `+pq.QuoteIdentifier(m.indexName(part(i), name))+` ON `+
				m.named(part(i))+using)
		}
		apart := strings.HasPrefix(name, "products_search_") || strings.HasPrefix(name, "products_changed_")
		if apart && m.partitions() > 0 {
			continue // each of them is dropped by itself
		}
		// That takes those of the partitions over.
		statements = append(statements, `CREATE INDEX `+pq.QuoteIdentifier(name)+` ON products`+using)
	}
	return m.exec(ctx, statements...)
}

// indexName names a partition's index after the table's.
func (m *mover) indexName(part, index string) string {
	for _, f := range indexed(m.db.options.Fields) {
		if index == indexName("products", f.Name) { // a long name doesn't have all of the field's
			return indexName(part, f.Name)
		}
	}
	return shortened(part + strings.TrimPrefix(index, "products"))
}

// followKeys fills product_keys, makes what keeps it in step, and the function that finds products by it.
func (m *mover) followKeys(ctx context.Context) error {
	keys := m.named("product_keys")
	trigger := func(name, body string) string {
		return `CREATE OR REPLACE FUNCTION ` + m.named(name) + `() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN
			` + body + ` END $body$`
	}
	when := `CREATE TRIGGER %s %s ON products %s EXECUTE FUNCTION %s()`
	return m.exec(ctx,
		`INSERT INTO product_keys (id, sku_key) SELECT id, sku_key FROM products ORDER BY id`,
		makeKeysFunction(m.kept.Schema, m.partitions()),
		trigger(keysAdded, `INSERT INTO `+keys+` VALUES (NEW.id, NEW.sku_key) ON CONFLICT DO NOTHING; RETURN NULL;`),
		trigger(keysMoved, `DELETE FROM `+keys+` WHERE id = OLD.id AND sku_key = OLD.sku_key;
			INSERT INTO `+keys+` VALUES (NEW.id, NEW.sku_key) ON CONFLICT DO NOTHING; RETURN NEW;`),
		trigger(keysRemoved, `DELETE FROM `+keys+` AS k USING removed WHERE k.id = removed.id
			AND k.sku_key = removed.sku_key; RETURN NULL;`),
		trigger(keysEmptied, `DELETE FROM `+keys+`; RETURN NULL;`),
		fmt.Sprintf(when, keysAdded, `AFTER INSERT`, `FOR EACH ROW
			WHEN (current_setting('`+keysCopied+`', true) IS DISTINCT FROM 'on')`, m.named(keysAdded)),
		fmt.Sprintf(when, keysMoved, `BEFORE UPDATE OF id, sku_key`,
			`FOR EACH ROW WHEN (OLD.id <> NEW.id OR OLD.sku_key <> NEW.sku_key)`, m.named(keysMoved)),
		fmt.Sprintf(when, keysRemoved, `AFTER DELETE`, `REFERENCING OLD TABLE AS removed FOR EACH STATEMENT`,
			m.named(keysRemoved)),
		fmt.Sprintf(when, keysEmptied, `AFTER TRUNCATE`, `FOR EACH STATEMENT`, m.named(keysEmptied)))
}
