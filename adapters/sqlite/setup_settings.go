package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/products"
)

// KeyRuleError says that the file was set up with another key rule.
type KeyRuleError struct {
	// Path is that of the file.
	Path            string
	Recorded, Asked products.KeyRule
}

func (e *KeyRuleError) Error() string {
	return fmt.Sprintf("sqlite: %s tells SKUs apart by the rule %q, which can't be changed to %q", e.Path, e.Recorded,
		e.Asked)
}

// FieldTypeError says that the file keeps a field in another form than Options.Fields wants it.
type FieldTypeError struct {
	// Path is that of the file, and Field the field's name.
	Path, Field string
	// Database is the form that the file has it in, and Asked the one that is needed.
	Database, Asked string
}

func (e *FieldTypeError) Error() string {
	return fmt.Sprintf("sqlite: the field %q is needed as %s, but %s has it as %s: declare the field as it is "+
		"there, or give it another name", e.Field, e.Asked, e.Path, e.Database)
}

// MissingFieldsError says that the file lacks columns of fields, and that Options.NoMigrate forbids to add them.
type MissingFieldsError struct {
	// Path is that of the file, and Fields are the fields' names.
	Path   string
	Fields []string
}

func (e *MissingFieldsError) Error() string {
	return fmt.Sprintf("sqlite: %s has no columns for the fields %s: migrate it with these fields", e.Path,
		strings.Join(e.Fields, ", "))
}

// The names of what products_importer_settings has.
const (
	keyRuleSetting = "key_rule"
	fieldSetting   = "field:" // and the field's name
)

// fieldRecord is what is on record for a field, as JSON.
type fieldRecord struct {
	Type  string `json:"type"`
	Scale int    `json:"scale"`
}

func recordOf(f *products.Field) fieldRecord {
	return fieldRecord{Type: f.Type.String(), Scale: f.Scale}
}

func (r fieldRecord) String() string {
	if r.Scale != 0 {
		return fmt.Sprintf("%s with the scale %d", r.Type, r.Scale)
	}
	return r.Type
}

// settings are what the file says about itself.
type settings struct {
	values  map[string]string // products_importer_settings
	columns map[string]string // of products, with their types
	indexes map[string]bool
}

func readSettings(ctx context.Context, q querier) (s settings, err error) {
	if s.values, err = readPairs(ctx, q, `SELECT name, value FROM products_importer_settings`); err != nil {
		return s, err
	}
	s.columns, err = readPairs(ctx, q, `SELECT name, type || CASE WHEN "notnull" THEN ' NOT NULL' ELSE '' END ||
		CASE WHEN hidden <> 0 THEN ' GENERATED' ELSE '' END FROM pragma_table_xinfo('products')`)
	if err != nil {
		return s, err
	}
	var names []string
	err = sqlx.SelectContext(ctx, q, &names, `SELECT name FROM pragma_index_list('products')`)
	s.indexes = make(map[string]bool, len(names))
	for _, name := range names {
		s.indexes[name] = true
	}
	return s, err
}

// readPairs reads two columns.
func readPairs(ctx context.Context, q querier, statement string) (map[string]string, error) {
	rows, err := q.QueryxContext(ctx, statement)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	pairs := map[string]string{}
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return nil, err
		}
		pairs[name] = value
	}
	return pairs, rows.Err()
}

// settle makes sure that the key rule and the fields are on record, and that each field has its column and its index.
// What it adds to products is null everywhere, so no row is written. Nothing is ever dropped.
func (db *DB) settle(ctx context.Context) error {
	var todo []statement
	check := func(ctx context.Context, q querier) error {
		s, err := readSettings(ctx, q)
		if err == nil {
			todo, err = db.missing(s)
		}
		return err
	}
	// Most often there is nothing to do, which is found out without waiting for those who write.
	if err := db.read(ctx, check); err != nil || len(todo) == 0 {
		return err
	}
	return db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		if err := check(ctx, t); err != nil {
			return err
		}
		for _, s := range todo {
			if _, err := t.ExecContext(ctx, s.sql, s.args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// statement is something that is to be done.
type statement struct {
	sql  string
	args []any
}

// missing returns what has to be done, or why it can't be.
func (db *DB) missing(s settings) (todo []statement, err error) {
	record := func(name, value string) {
		todo = append(todo, statement{`INSERT INTO products_importer_settings (name, value) VALUES (?, ?)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, []any{name, value}})
	}
	rule, asked := products.ExactKeys, db.options.KeyRule
	if recorded, found := s.values[keyRuleSetting]; found {
		if err := rule.UnmarshalText([]byte(recorded)); err != nil {
			return nil, fmt.Errorf("sqlite: %s: %w", db.path, err)
		}
		if asked != nil && *asked != rule {
			return nil, &KeyRuleError{Path: db.path, Recorded: rule, Asked: *asked}
		}
	} else {
		if asked != nil {
			rule = *asked
		}
		record(keyRuleSetting, rule.String())
	}
	db.rule = rule

	lacking := &MissingFieldsError{Path: db.path}
	own := db.options.Fields.Own()
	for i := range own {
		f := &own[i]
		column, exists := s.columns[f.Name]
		onRecord, err := s.recordOf(f.Name)
		switch {
		case err != nil:
			return nil, fmt.Errorf("sqlite: what %s has on record for the field %q: %w", db.path, f.Name, err)
		case onRecord != nil && *onRecord != recordOf(f):
			return nil, &FieldTypeError{Path: db.path, Field: f.Name, Database: onRecord.String(),
				Asked: recordOf(f).String()}
		case exists && column != typeOf(f).column:
			return nil, &FieldTypeError{Path: db.path, Field: f.Name, Database: "a column of the type " + column,
				Asked: fmt.Sprintf("%s, a column of the type %s", recordOf(f), typeOf(f).column)}
		case !exists:
			lacking.Fields = append(lacking.Fields, f.Name)
			todo = append(todo,
				statement{`ALTER TABLE products ADD COLUMN ` + columnOf(f) + ` ` + typeOf(f).column, nil})
		}
		if onRecord == nil {
			text, err := json.Marshal(recordOf(f))
			if err != nil {
				return nil, err
			}
			record(fieldSetting+f.Name, string(text))
		}
		if index := indexOf(f); index != "" && !s.indexes[index] {
			todo = append(todo, statement{`CREATE INDEX "` + index + `" ON products (` + columnOf(f) + `)`, nil})
		}
	}
	if db.options.NoMigrate {
		if len(lacking.Fields) > 0 {
			return nil, lacking
		}
		return nil, nil
	}
	return todo, nil
}

// recordOf returns what is on record for a field, nil for nothing.
func (s settings) recordOf(name string) (*fieldRecord, error) {
	text, found := s.values[fieldSetting+name]
	if !found {
		return nil, nil
	}
	r := &fieldRecord{}
	return r, json.Unmarshal([]byte(text), r)
}
