package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/products"
)

// rival holds a new product in a transaction of its own.
type rival struct {
	conn *sql.Conn
	tx   *sql.Tx
	pid  int
}

func newRival(t *testing.T, url, sku string) *rival {
	t.Helper()
	return newRivalOf(t, url,
		`INSERT INTO products (id, sku_key, sku, name) VALUES (nextval('product_ids'), $1, $1, 'of a rival')`, sku)
}

// newRivalOf executes the statement in a transaction that stays open.
func newRivalOf(t *testing.T, url, statement string, args ...any) *rival {
	t.Helper()
	r := &rival{conn: admin(t, url)}
	require.NoError(t, r.conn.QueryRowContext(t.Context(), `SELECT pg_backend_pid()`).Scan(&r.pid))
	var err error
	r.tx, err = r.conn.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = r.tx.ExecContext(t.Context(), statement, args...)
	require.NoError(t, err)
	return r
}

// release commits as soon as somebody waits for it.
func (r *rival) release(t *testing.T, watch *sql.Conn) {
	t.Helper()
	releaseAll(t, watch, []*rival{r})
}

// releaseAll commits one after the other as soon as somebody waits for it: in their order where products are in one
// table, else in that of partitions or shards.
func releaseAll(t *testing.T, watch *sql.Conn, rivals []*rival) {
	t.Helper()
	onCitus, inOrder := home.Distribution(t) == postgres.Citus(), home.Distribution(t) == postgres.OneTable()
	waiting := `SELECT FROM pg_locks WHERE NOT granted AND $1 = ANY (pg_blocking_pids(pid))`
	if onCitus { // they meet on another node
		waiting = `SELECT FROM citus_lock_waits JOIN citus_dist_stat_activity ON global_pid = blocking_gpid WHERE pid = $1`
	}
	giveUp := time.Now().Add(30 * time.Second)
	for left := slices.Clone(rivals); len(left) > 0; {
		require.True(t, time.Now().Before(giveUp),
			"the batch waits for a product that another transaction has inserted")
		next := left
		if inOrder {
			next = left[:1]
		}
		for i, r := range next {
			var waits bool
			require.NoError(t, watch.QueryRowContext(t.Context(), `SELECT EXISTS (`+waiting+`)`, r.pid).Scan(&waits))
			if waits {
				require.NoError(t, r.tx.Commit())
				left = slices.Delete(left, i, i+1)
				break
			}
		}
	}
}

// TestContended lets a batch meet, one after the other, products that other transactions have inserted and not yet
// committed: no probe sees them, so COPY fails twice, and the INSERT that comes then passes over what is there.
func TestContended(t *testing.T) {
	for _, mode := range []products.Mode{products.Ignore, products.Update} {
		t.Run(mode.String(), func(t *testing.T) {
			url := migrated(t)
			schema := ownFields(t)
			db := open(t, url, postgres.Options{RetryFor: -1, Fields: schema}) // one attempt must do
			watch := admin(t, url)
			taken := []string{"r-11", "r-12", "r-13", "r-14"} // in the order of their keys
			var rivals []*rival
			for _, sku := range taken {
				rivals = append(rivals, newRival(t, url, sku))
			}

			batch := &products.Batch{Mode: mode, Columns: columnsOf(schema, "name", "description", "status",
				"price", "order", "brand"),
				Records: records(30, "r", "of the batch"), ExpectNew: true}
			batch.Columns.Attributes = []string{"color"}
			for i := range batch.Records {
				batch.Records[i].Values = append(batch.Records[i].Values, "true", "1.50", `["a","\""]`, "", "red")
			}
			var created, updated []products.Product
			batch.Changed = func(_ context.Context, c, u []products.Product) error {
				created, updated = append(created, c...), append(updated, u...)
				return nil
			}
			type outcome struct {
				result *products.BatchResult
				err    error
			}
			ended := make(chan outcome, 1)
			go func() {
				result, err := db.Products().WriteBatch(t.Context(), batch)
				ended <- outcome{result, err}
			}()
			releaseAll(t, watch, rivals)
			o := <-ended
			require.NoError(t, o.err)

			others := products.Skipped
			if mode == products.Update {
				others = products.Updated
			}
			isTaken := " " + strings.Join(taken, " ") + " "
			for i, r := range batch.Records {
				want := products.Created
				if strings.Contains(isTaken, " "+r.SKU+" ") {
					want = others
				}
				require.Equal(t, want, o.result.Outcomes[i], r.SKU)
			}
			require.Len(t, created, 26)
			for _, p := range append(created, updated...) {
				got, err := db.Products().Get(t.Context(), p.ID)
				require.NoError(t, err)
				require.Equal(t, got, p, "the result is what is stored")
				require.True(t, p.Status)
				require.Equal(t, map[string]products.Value{"price": schema.Find("price").Value("1.50"),
					"order": schema.Find("order").Value(`["a","\""]`)}, p.Fields)
				require.Equal(t, map[string]string{"color": "red"}, p.Attributes)
				require.Equal(t, "description of "+p.SKU, p.Description)
			}
			require.Len(t, updated, int(o.result.Count(products.Updated)))
			require.Equal(t, 30, scan[int](t, url, `SELECT count(*) FROM products`))
			require.Equal(t, 30, scan[int](t, url, `SELECT count(DISTINCT id) FROM products`))
		})
	}
}

// TestUpdateMeetsChange lets a batch that reads no row back meet a product that somebody changes between its probe and
// its UPDATE, which waits for him: nothing of either is lost, and who asks what the product was is told of what he made
// of it. Of many records the last ones are updated without having been looked at.
func TestUpdateMeetsChange(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rival   string
		outcome products.Outcome
		version int64
		name    string
		status  bool // a column that the batch doesn't have
		told    string
	}{
		"another change": {"SET name = 'of a rival', status = true, version = version + 1", products.Updated, 3,
			"of the batch", true, `version 2 to 3 [{"name":"name","before":"of a rival","after":"of the batch"}]`},
		"the same change": {"SET name = 'of the batch', description = 'description of ' || sku, version = version + 1",
			products.Unchanged, 2, "of the batch", false, ""},
		"deleted": {"", products.Created, 1, "of the batch", false,
			`created, version 1 [{"name":"name","after":"of the batch"}`},
	} {
		for key, n := range map[string]int{"r-1": 3, "r-999": 5_003} { // which comes last
			t.Run(fmt.Sprintf("%s of %d", name, n), func(t *testing.T) {
				url := migrated(t)
				db := open(t, url, postgres.Options{RetryFor: -1}) // one attempt must do
				var told []string
				write := func(name string) *products.BatchResult {
					result, err := db.Products().WriteBatch(t.Context(), &products.Batch{Mode: products.Update,
						Columns: described, Records: records(n, "r", name),
						Differences: func() func(context.Context, []products.Difference) error {
							told = nil
							return func(_ context.Context, part []products.Difference) error {
								for i := range part {
									told = append(told, difference(t, products.Standard(), &part[i]))
								}
								return nil
							}
						}})
					require.NoError(t, err)
					return result
				}
				write("before")
				statement := `UPDATE products ` + c.rival + ` WHERE sku_key = $1`
				if c.rival == "" {
					statement = `DELETE FROM products WHERE sku_key = $1`
				}
				r := newRivalOf(t, url, statement, key)
				ended := make(chan *products.BatchResult, 1)
				go func() { ended <- write("of the batch") }()
				r.release(t, admin(t, url))
				result := <-ended
				for i, r := range records(n, "r", "") {
					want := products.Updated
					if r.SKU == key {
						want = c.outcome
					}
					require.Equal(t, want, result.Outcomes[i], r.SKU)
				}
				at := slices.IndexFunc(told, func(one string) bool { return strings.HasPrefix(one, key+":") })
				if c.told == "" {
					require.Len(t, told, n-1)
					require.Negative(t, at)
				} else {
					require.Len(t, told, n)
					require.Contains(t, told[at], c.told)
				}
				page, err := db.Products().List(t.Context(), products.Query{Limit: 1, SKU: key})
				require.NoError(t, err)
				require.Len(t, page.Products, 1)
				got := page.Products[0]
				require.Equal(t, c.version, got.Version)
				require.Equal(t, c.name, got.Name)
				require.Equal(t, c.status, got.Status)
				require.Equal(t, n, scan[int](t, url, `SELECT count(*) FROM products`))
			})
		}
	}
}
