package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/lib/pq"
)

// keysFunction returns the products of an array of keys, where they are in partitions. A statement that names the
// partitioned table is planned anew each time, for all partitions; what the function has for each partition is planned
// once for each connection.
const keysFunction = "products_of_keys"

// The hash that decides on a key's partition is the sum of a constant, here its halves, and the key's hash by the seed
// of hash partitions, as 64 bits without a sign.
const (
	hashSeed                = "8816678312871386365"
	hashSumHigh, hashSumLow = 0x49a0f4dd, 0x15e5a8e3
)

// keysFunctionBody is what the function does, where the schema is as SQL has it. Each key has a statement of its own,
// whose row goes into a variable: RETURN QUERY takes the server two and a half times as long.
func keysFunctionBody(schema string, partitions int) string {
	return fmt.Sprintf(`
#variable_conflict use_variable
DECLARE
	one text;
	hash bigint;
	low bigint;
	part bigint;
	found_one %[1]s."products";
BEGIN
	FOREACH one IN ARRAY keys LOOP
		hash := hashtextextended(one, %[2]s);
		low := (hash & 4294967295) + %[3]d;
		part := ((((((hash >> 32) & 4294967295) + %[4]d + (low >> 32)) & 4294967295) %% %[5]d << 32)
			+ (low & 4294967295)) %% %[5]d;
%[6]s		IF found_one.sku_key IS NOT NULL THEN
			RETURN NEXT found_one;
		END IF;
	END LOOP;
END `, schema, hashSeed, hashSumLow, hashSumHigh, partitions, findIn(schema, 0, partitions))
}

// findIn finds the key in the partition part, which is one of these.
func findIn(schema string, from, to int) string {
	if to-from == 1 {
		return fmt.Sprintf("SELECT * INTO found_one FROM %s.%s AS p WHERE p.sku_key = one;\n", schema,
			pq.QuoteIdentifier(part(from)))
	}
	middle := (from + to) / 2
	return fmt.Sprintf("IF part < %d THEN\n%sELSE\n%sEND IF;\n", middle, findIn(schema, from, middle),
		findIn(schema, middle, to))
}

// makeKeysFunction makes the function, or makes it anew.
func makeKeysFunction(schema string, partitions int) string {
	return `CREATE OR REPLACE FUNCTION ` + schema + `.` + keysFunction + `(keys text[]) RETURNS SETOF ` + schema +
		`."products" LANGUAGE plpgsql STABLE STRICT ROWS 20 AS $body$` + keysFunctionBody(schema, partitions) +
		`$body$`
}

// renewKeysFunction makes the function anew where an older version of the package has made it. Who may not do so uses
// the one that there is.
func (db *DB) renewKeysFunction(ctx context.Context, is Distribution) error {
	if db.options.NoMigrate {
		return nil
	}
	var schema, body string
	var ours bool
	look := func(ctx context.Context, q querier) (same bool, err error) {
		err = q.QueryRowxContext(ctx, `SELECT quote_ident(nspname), prosrc, pg_has_role(proowner, 'USAGE')
			FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace WHERE pg_proc.oid = to_regprocedure(`+
			pq.QuoteLiteral(db.space.of(keysFunction)+`(text[])`)+`)`).Scan(&schema, &body, &ours)
		if errors.Is(err, sql.ErrNoRows) { // they were brought back just now
			return true, nil
		}
		return !ours || body == keysFunctionBody(schema, is.partitions), err
	}
	var same bool
	err := db.read(ctx, forReading, func(ctx context.Context, q querier) (err error) {
		same, err = look(ctx, q)
		return err
	})
	if err != nil || same {
		return err
	}
	return db.locked(ctx, migrationLock, func(ctx context.Context) error {
		return db.alter(ctx, func(ctx context.Context, t *transaction) error {
			now, err := db.readDistribution(ctx, t)
			if err != nil || now != is {
				return err
			}
			if same, err := look(ctx, t); err != nil || same {
				return err
			}
			_, err = t.ExecContext(ctx, makeKeysFunction(schema, is.partitions))
			return err
		})
	})
}
