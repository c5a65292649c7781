package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/products-importer/products-importer/products"
)

// FieldTypeError says that the database keeps a field in another form than Options.Fields wants it.
type FieldTypeError struct {
	// Field is its name.
	Field string
	// Database is the type of the field's column in the database, and Asked the one that is needed, in SQL.
	Database, Asked string
}

func (e *FieldTypeError) Error() string {
	return fmt.Sprintf("postgres: the field %q needs a column with the type %s, but the database has it as %s: declare the "+
		"field as it is there, give it another name, or change the column", e.Field, e.Asked, e.Database)
}

// MissingFieldsError says that the database lacks columns of fields, and that Options.NoMigrate forbids to add them.
type MissingFieldsError struct {
	// Fields are their names.
	Fields []string
}

func (e *MissingFieldsError) Error() string {
	return fmt.Sprintf("postgres: the database has no columns for the fields %s: migrate it with these fields",
		strings.Join(e.Fields, ", "))
}

// fieldRecord is what products_importer_settings has for a field, as JSON, under the name fieldSetting + its name.
type fieldRecord struct {
	Type  string `json:"type"`
	Scale int    `json:"scale"`
}

const fieldSetting = "field:"

// recordOf is what is on record for a field.
func recordOf(f *products.Field) fieldRecord {
	return fieldRecord{Type: f.Type.String(), Scale: f.Scale}
}

// fieldChanges are what has to be done for the fields that this process knows.
type fieldChanges struct {
	missing []*products.Field // without a column
	unknown []*products.Field // not on record
}

// How long a try to alter the table waits for its locks, during which nobody else can write, and for how long it is
// tried again: batches, and indexes that are built, hold the table for a while.
const (
	alterLock    = time.Second
	alterLockMax = 4 * time.Second
	alterTries   = 5 * time.Minute
)

// settleFields makes sure that the table has a column of the right type for each field. It changes nothing where it
// can't do all of that. What it adds is null everywhere, so no row is written. Nothing is ever dropped.
func (db *DB) settleFields(ctx context.Context) error {
	var changes fieldChanges
	if db.options.Fields.Len() == products.Standard().Len() {
		return nil
	}
	err := db.read(ctx, forReading, func(ctx context.Context, q querier) (err error) {
		changes, err = db.compareFields(ctx, q)
		return err
	})
	switch {
	case err != nil:
		return translate(err)
	case len(changes.missing) > 0 && db.options.NoMigrate:
		e := &MissingFieldsError{}
		for _, f := range changes.missing {
			e.Fields = append(e.Fields, f.Name)
		}
		return e
	case len(changes.missing) == 0 && (len(changes.unknown) == 0 || db.options.NoMigrate):
		return nil
	}
	if len(changes.missing) == 0 {
		if err := db.transact(ctx, db.addFields); pq.As(err, insufficientPrivilege) == nil {
			return err
		}
		return nil // there is all that is needed; another user may put it on record
	}
	if err := db.mayMigrate(ctx, "adding the columns of fields", "products"); err != nil {
		return translate(err)
	}
	return translate(db.locked(ctx, migrationLock, func(ctx context.Context) error {
		return db.alter(ctx, db.addFields)
	}))
}

// alter calls f in a transaction that alters products. While it waits for a lock nobody else can write: so it doesn't
// for long, but begins again later.
func (db *DB) alter(ctx context.Context, f func(ctx context.Context, t *transaction) error) error {
	began, lockFor := time.Now(), alterLock
	for {
		_, err := db.attempt(ctx, forBuilding, false, func(ctx context.Context, t *transaction) error {
			if _, err := t.ExecContext(ctx, fmt.Sprintf(`SET LOCAL lock_timeout = %d`, lockFor.Milliseconds())); err != nil {
				return err
			}
			return f(ctx, t)
		})
		tries := db.options.RetryFor
		if pq.As(err, lockNotAvailable) != nil {
			tries = alterTries
		}
		if err == nil || !retryable(err) && !isUnknown(err) || time.Since(began)+lockFor > tries {
			return err
		}
		db.options.Logger.WarnContext(ctx, "trying again to alter the table products", "error", err)
		if err := sleep(ctx, lockFor); err != nil {
			return err
		}
		lockFor = min(2*lockFor, alterLockMax)
	}
}

const lockNotAvailable = pqerror.Code("55P03")

// compareFields returns what the database lacks. *FieldTypeError for a field that it has in another form.
func (db *DB) compareFields(ctx context.Context, q querier) (changes fieldChanges, err error) {
	columns, err := readPairs(ctx, q, `SELECT attname, format_type(atttypid, atttypmod) ||
		CASE WHEN attcollation <> 0 THEN (SELECT ' COLLATE ' || quote_ident(CASE collname WHEN 'POSIX' THEN 'C'
			ELSE collname END) FROM pg_collation c WHERE c.oid = attcollation) ELSE '' END ||
		CASE WHEN attgenerated <> '' THEN ' GENERATED' WHEN attidentity <> '' THEN ' IDENTITY'
			WHEN attnotnull THEN ' NOT NULL' ELSE '' END
		FROM pg_attribute WHERE attrelid = 'products'::regclass AND NOT attisdropped`)
	if err != nil {
		return changes, err
	}
	records, err := readPairs(ctx, q, `SELECT substr(name, length($1::text) + 1), value FROM products_importer_settings
		WHERE starts_with(name, $1::text)`, fieldSetting)
	if err != nil {
		return changes, err
	}
	for i := range db.options.Fields.Len() {
		f := db.options.Fields.At(i)
		if f.Builtin() {
			continue
		}
		column, exists := columns[f.Name]
		if exists && column != definition(f) {
			return changes, &FieldTypeError{Field: f.Name, Database: column, Asked: definition(f)}
		}
		var record fieldRecord
		if text, known := records[f.Name]; known {
			if err := json.Unmarshal([]byte(text), &record); err != nil {
				return changes, fmt.Errorf("postgres: what products_importer_settings has for the field %q: %w", f.Name, err)
			}
			if !exists && record != recordOf(f) {
				return changes, &FieldTypeError{Field: f.Name, Asked: definition(f),
					Database: fmt.Sprintf("%s with the scale %d on record", record.Type, record.Scale)}
			}
		}
		if !exists {
			changes.missing = append(changes.missing, f)
		}
		if record != recordOf(f) { // where the column has the right type all the same, somebody has changed it by hand
			changes.unknown = append(changes.unknown, f)
		}
	}
	return changes, nil
}

// readPairs reads two columns.
func readPairs(ctx context.Context, q querier, statement string, args ...any) (map[string]string, error) {
	rows, err := q.QueryxContext(ctx, statement, args...)
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

// addFields does what there is to do.
func (db *DB) addFields(ctx context.Context, t *transaction) error {
	changes, err := db.compareFields(ctx, t)
	if err != nil {
		return err
	}
	if len(changes.missing) > 0 {
		var add, names []string
		for _, f := range changes.missing {
			add = append(add, "ADD COLUMN "+columnOf(f)+" "+definition(f))
			names = append(names, f.Name)
		}
		if _, err := t.ExecContext(ctx, `ALTER TABLE products `+strings.Join(add, ", ")); err != nil {
			return err
		}
		t.committed = append(t.committed, func() {
			db.options.Logger.InfoContext(ctx, "added columns to products", "fields", strings.Join(names, ", "))
		})
	}
	for _, f := range changes.unknown {
		record, err := json.Marshal(recordOf(f))
		if err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, `INSERT INTO products_importer_settings (name, value) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, fieldSetting+f.Name, string(record)); err != nil {
			return err
		}
	}
	return nil
}
