package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/products"
)

// TestUpdateUnseen writes batches whose first records all differ from their products, so that the others are updated
// without having been looked at: what becomes of each is what a look would have said.
func TestUpdateUnseen(t *testing.T) {
	if home.Distribution(t) == postgres.Citus() {
		t.Skip("over Citus every record is looked at")
	}
	const n, last = 11_000, 10_999 // in three pieces
	for name, c := range map[string]struct {
		in   postgres.Distribution
		tell bool // somebody asks what they were
	}{
		"products":             {in: home.Distribution(t)},
		"products, and tell":   {in: home.Distribution(t), tell: true},
		"others in partitions": {in: postgres.HashPartitions(8)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := home.In(t, c.in)
			p, by := newProxy(t, url)
			store := open(t, by, postgres.Options{}).Products()
			make := func(name string, change func(rank int, r *products.Record)) *products.Batch {
				b := &products.Batch{Mode: products.Update, Columns: described}
				for i := range n {
					rank := i * 7919 % n // 7919 is a prime, so it goes through all of them
					sku := fmt.Sprintf("a-%05d", rank)
					r := products.Record{Key: sku, SKU: sku, Values: []string{name, "of " + sku}}
					if change != nil {
						change(rank, &r)
					}
					b.Records = append(b.Records, r)
				}
				return b
			}
			rank := func(r *products.Record) (rank int) {
				_, err := fmt.Sscanf(r.SKU, "a-%05d", &rank)
				require.NoError(t, err)
				return rank
			}
			// write writes the batch and looks at the outcomes, and returns how many UPDATEs compared and how many didn't.
			write := func(b *products.Batch, want func(rank int) products.Outcome) (compared, guarded int) {
				b.Records = append([]products.Record{}, b.Records...)
				told := map[string]string{}
				b.Changed = func(_ context.Context, created, updated []products.Product) error {
					for _, product := range append(created, updated...) {
						if _, again := told[product.SKU]; again {
							require.Fail(t, "told twice", product.SKU)
						}
						told[product.SKU] = product.Name
					}
					return nil
				}
				var result *products.BatchResult
				statements := p.sent(func() {
					if c.tell {
						result, _ = tellAlike(t, store, b)
						return
					}
					var err error
					result, err = store.WriteBatch(t.Context(), b)
					require.NoError(t, err)
				})
				for i, outcome := range result.Outcomes {
					r := &b.Records[i]
					require.Equal(t, want(rank(r)), outcome, r.SKU)
					if outcome == products.Created || outcome == products.Updated {
						require.Equal(t, r.Values[0], told[r.SKU], r.SKU)
						delete(told, r.SKU)
					}
				}
				require.Empty(t, told)
				for _, s := range statements {
					switch {
					case !strings.HasPrefix(s, "WITH done ") && !strings.HasPrefix(s, "UPDATE "):
					case strings.Contains(s, "p.version = x.version"):
						guarded++
					default:
						compared++
					}
				}
				return compared, guarded
			}
			all := func(outcome products.Outcome) func(int) products.Outcome {
				return func(int) products.Outcome { return outcome }
			}
			versions := func() string {
				return scan[string](t, url, `SELECT string_agg(version || ': ' || n, ', ' ORDER BY version) FROM
					(SELECT version, count(*) AS n FROM products GROUP BY version) v`)
			}
			write(make("one", nil), all(products.Created))

			compared, guarded := write(make("two", nil), all(products.Updated))
			first, whole := 1, 3 // UPDATEs of what the probe has seen
			if c.tell {
				first, whole = 3, 6
			}
			require.Equal(t, []int{2, first}, []int{compared, guarded},
				"UPDATEs that compare, and that trust the probe")
			require.Equal(t, "2: 11000", versions())

			// Some of the others are as their records want them.
			compared, _ = write(make("three", func(rank int, r *products.Record) {
				if rank >= 5_000 && rank%10 == 0 {
					r.Values[0] = "two"
				}
			}), func(rank int) products.Outcome {
				if rank >= 5_000 && rank%10 == 0 {
					return products.Unchanged
				}
				return products.Updated
			})
			require.Equal(t, 2, compared)
			require.Equal(t, "2: 600, 3: 10400", versions())

			// In mode existing one that is missing is passed over.
			query(t, url, `DELETE FROM products WHERE sku_key = 'a-10999'`)
			b := make("four", nil)
			b.Mode = products.Existing
			ending := func(outcome products.Outcome) func(rank int) products.Outcome {
				return func(rank int) products.Outcome {
					if rank == last {
						return outcome
					}
					return products.Updated
				}
			}
			compared, _ = write(b, ending(products.Skipped))
			require.Equal(t, 2, compared)
			require.Equal(t, "3: 600, 4: 10399", versions())

			// Else what was done is taken back, and done again in the order that can't deadlock.
			compared, guarded = write(make("five", nil), ending(products.Created))
			require.Equal(t, []int{2, first + whole}, []int{compared, guarded})
			require.Equal(t, "1: 1, 4: 600, 5: 10399", versions())
			compared, _ = write(make("six", nil), all(products.Updated))
			require.Zero(t, compared, "for a while every record is looked at")

			// New ones among the first are no surprise: then all are looked for, and those that exist not compared.
			store = open(t, by, postgres.Options{}).Products()
			query(t, url, `DELETE FROM products WHERE right(sku_key, 1) = '1'`)
			compared, _ = write(make("seven", nil), func(rank int) products.Outcome {
				if rank%10 == 1 {
					return products.Created
				}
				return products.Updated
			})
			require.Equal(t, 2, compared)

			// One that a record would make too large is left as it is.
			query(t, url, `UPDATE products SET attributes = (SELECT jsonb_object_agg('a' || i, 'x')
				FROM generate_series(1, 2000) i) WHERE sku_key = 'a-10999'`)
			b = make("eight", nil)
			b.Columns.Attributes = []string{"one more"}
			for i := range b.Records {
				b.Records[i].Values = append(b.Records[i].Values, "y")
			}
			compared, _ = write(b, ending(products.Refused))
			require.Equal(t, 2, compared)
			require.Equal(t, "seven", scan[string](t, url, `SELECT name FROM products WHERE sku_key = 'a-10999'`))
			require.Equal(t, n-1, scan[int](t, url, `SELECT count(*) FROM products WHERE attributes ->> 'one more' = 'y'`))

			// One that is far larger than those before it is read with as much care for memory as any.
			store = open(t, by, postgres.Options{}).Products()
			query(t, url, `UPDATE products SET attributes = '{}', description = repeat('d', 60000)
				WHERE sku_key = 'a-10999'`)
			_, guarded = write(make("nine", nil), all(products.Updated))
			if c.tell {
				require.Equal(t, first+whole, guarded)
			} else {
				require.Equal(t, first, guarded)
			}
		})
	}
}
