package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
)

// Distribution says what the products are distributed over. The zero value leaves that as it is recorded in the
// database; in a new one they are in one table. Distributions can be compared.
type Distribution struct {
	kind       distributionKind
	partitions int
}

type distributionKind byte

const (
	asRecorded distributionKind = iota
	oneTable
	byHash
	byCitus
)

// MaxPartitions is the most partitions that there can be: a transaction that writes locks all of them and their
// indexes, and a server has room for some thousands of locks.
const MaxPartitions = 256

// OneTable is that the products are in one table.
func OneTable() Distribution { return Distribution{kind: oneTable} }

// HashPartitions is that they are in n partitions of their table, 2 to MaxPartitions, by the hash of their keys.
func HashPartitions(n int) Distribution { return Distribution{kind: byHash, partitions: n} }

// Citus is that their table is distributed by their keys over the nodes of a Citus cluster, whose coordinator the
// database's URL names.
func Citus() Distribution { return Distribution{kind: byCitus} }

// String returns the text that UnmarshalText reads, "" for the zero value.
func (d Distribution) String() string {
	switch d.kind {
	case oneTable:
		return "none"
	case byHash:
		return "hash:" + strconv.Itoa(d.partitions)
	case byCitus:
		return "citus"
	}
	return ""
}

// MarshalText returns what String does.
func (d Distribution) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads none, hash:N or citus. An empty text is the zero value. An error is a sentence without the text,
// for whoever gave it.
func (d *Distribution) UnmarshalText(text []byte) error {
	number, hashed := strings.CutPrefix(string(text), "hash:")
	switch {
	case len(text) == 0:
		*d = Distribution{}
	case string(text) == "none":
		*d = OneTable()
	case string(text) == "citus":
		*d = Citus()
	case hashed:
		n, err := strconv.Atoi(number)
		if err != nil || n < 2 || n > MaxPartitions {
			return fmt.Errorf("want 2 to %d partitions, as in hash:64", MaxPartitions)
		}
		*d = HashPartitions(n)
	default:
		return errors.New("want none, hash:N such as hash:64, or citus")
	}
	return nil
}

// check returns what is wrong with it.
func (d Distribution) check() error { return new(Distribution).UnmarshalText([]byte(d.String())) }

// DistributionError says that the products of the database are distributed otherwise than Options.Distribution asks
// for, or that they can't be distributed so.
type DistributionError struct {
	// Recorded is what they are distributed over, and Asked what was asked for.
	Recorded, Asked Distribution
	// Problem says why it can't be, and Remedy what to do; neither ends with a full stop.
	Problem, Remedy string
}

func (e *DistributionError) Error() string {
	asked := "distributed by " + e.Asked.String()
	if e.Asked == OneTable() {
		asked = "brought into one table"
	}
	return fmt.Sprintf("postgres: the products can't be %s: %s; %s", asked, e.Problem, e.Remedy)
}

// distributionSetting is the name under which products_importer_settings has the distribution. None is recorded for one
// table.
const distributionSetting = "distribution"

// distributed is what a process knows of the distribution, which another one may change.
type distributed struct {
	mu     sync.Mutex
	is     Distribution
	looked time.Time
}

// distributionAge is for how long a process believes that the products are in one table, without looking again. Only
// reads by ID are slow meanwhile. That they are in partitions no longer is noticed by what is missing then.
const distributionAge = 5 * time.Second

// currentDistribution returns the distribution, as it is recorded or was a little while ago.
func (db *DB) currentDistribution(ctx context.Context, q sqlx.QueryerContext) (Distribution, error) {
	db.distributed.mu.Lock()
	is, looked := db.distributed.is, db.distributed.looked
	db.distributed.mu.Unlock()
	if is.kind != oneTable || time.Since(looked) < distributionAge {
		return is, nil
	}
	return db.readDistribution(ctx, q)
}

// readDistribution reads what is recorded.
func (db *DB) readDistribution(ctx context.Context, q sqlx.QueryerContext) (is Distribution, err error) {
	var text string
	err = sqlx.GetContext(ctx, q, &text, `SELECT value FROM products_importer_settings WHERE name = '`+
		distributionSetting+`'`)
	if errors.Is(err, sql.ErrNoRows) {
		text, err = OneTable().String(), nil
	}
	if err != nil {
		return is, err
	}
	if err := is.UnmarshalText([]byte(text)); err != nil {
		return is, fmt.Errorf("postgres: what products_importer_settings has for the %s, %q, is unknown: %w",
			distributionSetting, text, err)
	}
	db.distributed.mu.Lock()
	defer db.distributed.mu.Unlock()
	db.distributed.is, db.distributed.looked = is, time.Now()
	return is, nil
}

// forgetDistribution makes the next one who asks look again.
func (db *DB) forgetDistribution() {
	db.distributed.mu.Lock()
	defer db.distributed.mu.Unlock()
	db.distributed.is, db.distributed.looked = OneTable(), time.Time{}
}

// settleDistribution distributes the products as Options.Distribution asks for.
func (db *DB) settleDistribution(ctx context.Context) error {
	var is Distribution
	asked := db.options.Distribution
	err := db.read(ctx, forReading, func(ctx context.Context, q querier) (err error) {
		is, err = db.readDistribution(ctx, q)
		return err
	})
	if err == nil && is.kind == byHash && (asked.kind == asRecorded || asked == is) {
		err = db.renewKeysFunction(ctx, is)
	}
	if err != nil || asked.kind == asRecorded || asked == is {
		return translate(err)
	}
	if err := mayFollow(is, asked); err != nil {
		return err
	}
	if db.options.NoMigrate {
		return &DistributionError{Recorded: is, Asked: asked,
			Problem: "they would have to be moved, and the schema is to be left as it is",
			Remedy:  "move them first, as the tables' owner: server migrate does it, and postgres.Open without NoMigrate"}
	}
	purpose := "distributing the products by " + asked.String()
	if asked.kind == oneTable {
		purpose = "bringing the products into one table"
	}
	if err := db.mayMigrate(ctx, purpose, "products", "product_keys"); err != nil {
		return translate(err)
	}
	return translate(db.holding(ctx, migrationLock, func(ctx context.Context, lock *lockHolder) error {
		began := time.Now()
		var moved int64
		var done bool
		// Everybody is stopped meanwhile, so that is a warning, and so is its end.
		log := func(message string, args ...any) {
			db.options.Logger.WarnContext(ctx, message,
				append([]any{"from", is.String(), "to", asked.String()}, args...)...)
		}
		log("moving the products: nobody can read or write any meanwhile")
		err := db.alter(ctx, func(ctx context.Context, t *transaction) (err error) {
			unbind, err := lock.bind(ctx, t)
			if err == nil {
				defer unbind()
				moved, done, err = db.distribute(ctx, t, asked)
			}
			return err
		})
		if err == nil && done {
			log("moved the products", "products", moved, "took", time.Since(began).Round(time.Millisecond))
		}
		return err
	}))
}

// mayFollow returns an error where products that are distributed in one way can't be in the other.
func mayFollow(is, asked Distribution) error {
	if is.kind == oneTable || asked.kind == oneTable {
		return nil
	}
	return &DistributionError{Recorded: is, Asked: asked, Problem: fmt.Sprintf("they are by %s", is),
		Remedy: "leave it out, or bring them back into one table first, with the distribution none"}
}

// distribute moves the products, unless another process was faster. It returns how many it moved.
func (db *DB) distribute(ctx context.Context, t *transaction,
	asked Distribution) (moved int64, done bool, err error) {
	if _, err := t.ExecContext(ctx, `LOCK TABLE products IN ACCESS EXCLUSIVE MODE`); err != nil {
		return 0, false, err
	}
	is, err := db.readDistribution(ctx, t)
	if err != nil || is == asked {
		return 0, false, err
	}
	if err := mayFollow(is, asked); err != nil {
		return 0, false, err
	}
	byHand, err := distributedByHand(ctx, t)
	switch {
	case err != nil:
		return 0, false, err
	case byHand != "" && is.kind == oneTable && (asked.kind != byCitus || byHand != citusBySKU):
		return 0, false, &DistributionError{Recorded: is, Asked: asked,
			Problem: "their table is " + byHand + " already, by hand",
			Remedy:  "bring them back into a table that isn't, in the way that they were brought there, and try again"}
	case asked.kind == byCitus || is.kind == byCitus:
		moved, err = db.distributeByCitus(ctx, t, asked, byHand)
	default:
		m := mover{db: db, t: t, is: is, asked: asked}
		moved, err = m.run(ctx)
	}
	if err != nil {
		return 0, false, err
	}
	if asked.kind == oneTable {
		_, err = t.ExecContext(ctx, `DELETE FROM products_importer_settings WHERE name = $1`, distributionSetting)
	} else {
		_, err = t.ExecContext(ctx, `INSERT INTO products_importer_settings (name, value) VALUES ($1, $2)`,
			distributionSetting, asked.String())
	}
	t.committed = append(t.committed, func() {
		db.distributed.mu.Lock()
		defer db.distributed.mu.Unlock()
		db.distributed.is, db.distributed.looked = asked, time.Now()
	})
	return moved, err == nil, err
}

// citusBySKU is what distributedByHand returns of a table that is distributed as distributeByCitus does.
const citusBySKU = "distributed by Citus"

// distributedByHand says how the table of the products is distributed, "" for one table.
func distributedByHand(ctx context.Context, t *transaction) (how string, err error) {
	if t.citus {
		err = t.GetContext(ctx, &how, `SELECT coalesce((SELECT CASE WHEN partmethod = 'h'
				AND column_to_column_name(logicalrelid, partkey) = 'sku_key' THEN '`+citusBySKU+`'
				ELSE 'distributed by Citus, but not by sku_key,' END
			FROM pg_dist_partition WHERE logicalrelid = 'products'::regclass), '')`)
	}
	if err == nil && how == "" {
		err = t.GetContext(ctx, &how, `SELECT CASE relkind WHEN 'p' THEN 'partitioned' ELSE '' END FROM pg_class
			WHERE oid = 'products'::regclass`)
	}
	return how, err
}

// distributeByCitus distributes the table over the nodes of the cluster, or brings it back. All other tables stay on
// the coordinator.
func (db *DB) distributeByCitus(ctx context.Context, t *transaction, asked Distribution,
	byHand string) (moved int64, err error) {
	if !t.citus {
		return 0, &DistributionError{Recorded: OneTable(), Asked: asked,
			Problem: "the database doesn't have the extension citus",
			Remedy:  "install it on all nodes, and add these on the coordinator, which the database's URL has to name"}
	}
	var statements []string
	switch {
	case asked.kind == oneTable:
		statements = []string{`SELECT undistribute_table('products')`}
	case byHand == "":
		if err := mayDistribute(ctx, t, asked); err != nil {
			return 0, err
		}
		statements = []string{`SELECT create_distributed_table('products', 'sku_key')`,
			`SELECT truncate_local_data_after_distributing_table('products')`}
	}
	for _, statement := range statements {
		if _, err := t.ExecContext(ctx, statement); err != nil {
			return 0, fmt.Errorf("distributing the products: %w", err)
		}
	}
	if asked.kind == byCitus {
		if err := db.sayWithoutWorkers(ctx, t); err != nil {
			return 0, err
		}
	}
	err = t.GetContext(ctx, &moved, `SELECT count(*) FROM products`)
	return moved, err
}

// mayDistribute refuses what Citus would, and names it. https://docs.citusdata.com has what a distributed table can't
// have.
func mayDistribute(ctx context.Context, t *transaction, asked Distribution) error {
	var obstacles string
	err := t.GetContext(ctx, &obstacles, `SELECT coalesce(string_agg(what, ', '), '') FROM (`+foreignKeys+`
		UNION ALL SELECT 'the trigger ' || tgname FROM pg_trigger WHERE tgrelid = 'products'::regclass
			AND NOT tgisinternal AND current_setting('citus.enable_unsafe_triggers', true) IS DISTINCT FROM 'on'
		UNION ALL SELECT 'the unique index ' || indexrelid::regclass FROM pg_index
			JOIN pg_attribute ON attrelid = indrelid AND attname = 'sku_key'
			WHERE indrelid = 'products'::regclass AND indisunique AND attnum <> ALL (indkey)
		) AS o`)
	if err != nil || obstacles == "" {
		return err
	}
	return &DistributionError{Recorded: OneTable(), Asked: asked,
		Problem: "there is " + obstacles + ", which Citus doesn't allow on a distributed table", Remedy: "drop it first"}
}

// sayWithoutWorkers says in the log that all of the products stay on the coordinator, where they do.
func (db *DB) sayWithoutWorkers(ctx context.Context, t *transaction) error {
	var without bool
	err := t.GetContext(ctx, &without, `SELECT NOT EXISTS (SELECT FROM pg_dist_placement JOIN pg_dist_shard
		USING (shardid) WHERE logicalrelid = 'products'::regclass AND groupid <> 0)`)
	if err == nil && without {
		db.options.Logger.WarnContext(ctx, "all shards of the products are on the coordinator: add workers with "+
			"citus_add_node, and move shards there with citus_rebalance_start")
	}
	return err
}
