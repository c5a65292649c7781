package postgres_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// write is a kind of write. do makes one, the nth, and returns what looks whether it is stored, as it was acknowledged,
// and once. What it needs is made before: begun is called then.
type write struct {
	name string
	do   func(ctx context.Context, db *postgres.DB, n int, begun func()) (check func(ctx context.Context,
		db *postgres.DB) error, err error)
}

var errThere = errors.New("it is there")

type checkOf = func(ctx context.Context, db *postgres.DB) error

// allWrites are all kinds of writes that somebody is answered.
var allWrites = []write{
	{"create", func(ctx context.Context, db *postgres.DB, n int, begun func()) (checkOf, error) {
		begun()
		p, err := db.Products().Create(ctx, products.Product{SKU: fmt.Sprint("create-", n), Name: "created"})
		return isProduct(p), err
	}},
	{"update", func(ctx context.Context, db *postgres.DB, n int, begun func()) (checkOf, error) {
		p, err := db.Products().Create(ctx, products.Product{SKU: fmt.Sprint("update-", n), Name: "created"})
		if err != nil {
			return nil, err
		}
		begun()
		name := fmt.Sprint("updated ", n)
		p, err = db.Products().Update(ctx, p.ID, p.Version, products.Patch{Name: &name})
		return isProduct(p), err
	}},
	{"rename", func(ctx context.Context, db *postgres.DB, n int, begun func()) (checkOf, error) {
		p, err := db.Products().Create(ctx, products.Product{SKU: fmt.Sprint("rename-", n), Name: "created"})
		if err != nil {
			return nil, err
		}
		begun()
		sku := fmt.Sprint("renamed-", n)
		p, err = db.Products().Update(ctx, p.ID, p.Version, products.Patch{SKU: &sku})
		return isProduct(p), err
	}},
	{"delete", func(ctx context.Context, db *postgres.DB, n int, begun func()) (checkOf, error) {
		p, err := db.Products().Create(ctx, products.Product{SKU: fmt.Sprint("delete-", n), Name: "created"})
		if err != nil {
			return nil, err
		}
		begun()
		return func(ctx context.Context, db *postgres.DB) error {
			if _, err := db.Products().Get(ctx, p.ID); !errors.Is(err, products.ErrNotFound) {
				return fmt.Errorf("it is deleted, but Get says: %w", cmp.Or(err, errThere))
			}
			return nil
		}, db.Products().Delete(ctx, p.ID, p.Version)
	}},
	{"batch", func(ctx context.Context, db *postgres.DB, n int, begun func()) (checkOf, error) {
		begun()
		var stored []products.Product
		_, err := db.Products().WriteBatch(ctx, &products.Batch{Columns: described, Records: records(5, fmt.Sprint("batch-", n), "name"),
			BeforeCommit: func(context.Context, *products.BatchResult) error {
				stored = nil
				return nil
			},
			Changed: func(_ context.Context, created, _ []products.Product) error {
				stored = append(stored, created...)
				return nil
			}})
		return func(ctx context.Context, db *postgres.DB) error {
			if len(stored) != 5 {
				return fmt.Errorf("created %d of 5", len(stored))
			}
			for _, p := range stored {
				if err := isProduct(p)(ctx, db); err != nil {
					return err
				}
			}
			return nil
		}, err
	}},
	{"upload", func(ctx context.Context, db *postgres.DB, n int, begun func()) (checkOf, error) {
		begun()
		size := 17
		if n%20 == 0 {
			size += 1 << 20 // two chunks
		}
		file := bytes.Repeat([]byte{byte(n)}, size)
		key := fmt.Sprint("upload-", n)
		_, err := db.Uploads().Put(ctx, key, bytes.NewReader(file))
		return func(ctx context.Context, db *postgres.DB) error {
			r, err := db.Uploads().Open(ctx, key, 0, -1)
			if err != nil {
				return err
			}
			got, err := io.ReadAll(r)
			err = errors.Join(err, r.Close())
			if err == nil && !bytes.Equal(file, got) {
				err = fmt.Errorf("it has %d bytes of %d, or others", len(got), len(file))
			}
			return err
		}, err
	}},
	{"job", func(ctx context.Context, db *postgres.DB, n int, begun func()) (checkOf, error) {
		begun()
		j, err := db.Jobs().Create(ctx, later(n))
		return isJob(j.ID, job.Pending), err
	}},
	{"cancel", func(ctx context.Context, db *postgres.DB, n int, begun func()) (checkOf, error) {
		j, err := db.Jobs().Create(ctx, later(n))
		if err != nil {
			return nil, err
		}
		begun()
		_, err = db.Jobs().Cancel(ctx, j.ID)
		return isJob(j.ID, job.Revoked), err
	}},
	{"finish", func(ctx context.Context, db *postgres.DB, n int, begun func()) (checkOf, error) {
		if _, err := db.Jobs().Create(ctx, job.Job{Upload: "u"}); err != nil {
			return nil, err
		}
		claim, err := db.Jobs().Claim(ctx, "w", time.Hour, 1000)
		if err == nil && claim == nil {
			err = products.ErrUnavailable // one that a crash came upon has it
		}
		if err != nil {
			return nil, err
		}
		begun()
		_, err = db.Jobs().Finish(ctx, claim, job.Success, "", nil)
		return isJob(claim.Job.ID, job.Success), err
	}},
	{"endpoint", func(ctx context.Context, db *postgres.DB, n int, begun func()) (checkOf, error) {
		begun()
		e, err := db.Webhooks().CreateEndpoint(ctx, quiet(n))
		return isEndpoint(e), err
	}},
	{"change of endpoint", func(ctx context.Context, db *postgres.DB, n int, begun func()) (checkOf, error) {
		e, err := db.Webhooks().CreateEndpoint(ctx, quiet(n))
		if err != nil {
			return nil, err
		}
		begun()
		e, err = db.Webhooks().UpdateEndpoint(ctx, e.ID, e.Version, func(e *webhooks.Endpoint) error {
			e.URL += "/changed"
			return nil
		})
		return isEndpoint(e), err
	}},
	{"delete of endpoint", func(ctx context.Context, db *postgres.DB, n int, begun func()) (checkOf, error) {
		e, err := db.Webhooks().CreateEndpoint(ctx, quiet(n))
		if err != nil {
			return nil, err
		}
		begun()
		return func(ctx context.Context, db *postgres.DB) error {
			if _, err := db.Webhooks().Endpoint(ctx, e.ID); !errors.Is(err, webhooks.ErrNotFound) {
				return fmt.Errorf("it is deleted, but Get says: %w", cmp.Or(err, errThere))
			}
			return nil
		}, db.Webhooks().DeleteEndpoint(ctx, e.ID, e.Version)
	}},
	{"event", func(ctx context.Context, db *postgres.DB, n int, begun func()) (checkOf, error) {
		begun()
		events := []webhooks.Event{changed(n)}
		_, err := db.Webhooks().Append(ctx, events)
		return func(ctx context.Context, db *postgres.DB) error {
			list, err := db.Webhooks().ListDeliveries(ctx, webhooks.DeliveryQuery{EventID: events[0].ID})
			if err == nil && len(list) != 1 {
				err = fmt.Errorf("it has %d deliveries, not 1", len(list))
			}
			return err
		}, err
	}},
}

// prepareWrites makes what the kinds need once: somebody who listens.
func prepareWrites(ctx context.Context, db *postgres.DB) error {
	e := endpointAt("https://example.com")
	e.Events = []string{webhooks.ProductUpdated}
	_, err := db.Webhooks().CreateEndpoint(ctx, e)
	return err
}

// later is a job that nobody claims yet.
func later(n int) job.Job {
	return job.Job{Upload: "u", FileName: fmt.Sprint(n), NotBefore: time.Now().Add(time.Hour)}
}

// quiet is an endpoint to which nothing is delivered.
func quiet(n int) webhooks.Endpoint {
	e := endpointAt(fmt.Sprint("https://example.com/", n))
	e.Events = []string{webhooks.ImportFailed}
	return e
}

func isProduct(want products.Product) checkOf {
	return func(ctx context.Context, db *postgres.DB) error {
		got, err := db.Products().Get(ctx, want.ID)
		if err != nil {
			return err
		}
		if got.SKU != want.SKU || got.Name != want.Name || got.Version != want.Version {
			return fmt.Errorf("product %d is %v, not %v", want.ID, got, want)
		}
		page, err := db.Products().List(ctx, products.Query{SKU: want.SKU})
		if err == nil && (len(page.Products) != 1 || page.Products[0].ID != want.ID) {
			err = fmt.Errorf("with SKU %s there are: %v", want.SKU, page.Products)
		}
		return err
	}
}

func isJob(id string, state job.State) checkOf {
	return func(ctx context.Context, db *postgres.DB) error {
		j, err := db.Jobs().Get(ctx, id)
		if err == nil && j.State != state {
			err = fmt.Errorf("job %s is %s, not %s", id, j.State, state)
		}
		return err
	}
}

func isEndpoint(want webhooks.Endpoint) checkOf {
	return func(ctx context.Context, db *postgres.DB) error {
		got, err := db.Webhooks().Endpoint(ctx, want.ID)
		if err == nil && (got.URL != want.URL || got.Version != want.Version) {
			err = fmt.Errorf("endpoint %s is %v, not %v", want.ID, got, want)
		}
		return err
	}
}

// tellAlike writes a batch after a dry run of it, and requires that both find the same outcomes and tell of the same
// differences, which it returns: a dry run reads products to compare them, while an import's UPDATE returns what they
// were.
func tellAlike(t testing.TB, store *postgres.Products, b *products.Batch) (result *products.BatchResult,
	told []string) {
	t.Helper()
	var foreseen *products.BatchResult
	var foretold []string
	for _, dry := range []bool{true, false} {
		foreseen, foretold = result, told
		one := *b
		one.DryRun = dry
		if dry {
			one.Changed, one.BeforeCommit = nil, nil
		}
		one.Differences = func() func(context.Context, []products.Difference) error {
			told = nil
			return func(_ context.Context, part []products.Difference) error {
				for i := range part {
					told = append(told, difference(t, store.Schema(), &part[i]))
				}
				return nil
			}
		}
		var err error
		result, err = store.WriteBatch(t.Context(), &one)
		require.NoError(t, err)
	}
	require.Equal(t, foreseen, result)
	require.Equal(t, foretold, told)
	return result, told
}

// difference is what a difference says, as one text, but for IDs that a dry run doesn't know.
func difference(t testing.TB, schema *products.Schema, d *products.Difference) string {
	changes, err := json.Marshal(products.FieldChanges(schema, d.Before, d.After))
	require.NoError(t, err)
	if d.Before == nil {
		return fmt.Sprintf("%s: created, version %d %s", d.Key, d.After.Version, changes)
	}
	require.Equal(t, d.Before.ID, d.After.ID)
	return fmt.Sprintf("%s: %d, version %d to %d %s", d.Key, d.After.ID, d.Before.Version, d.After.Version, changes)
}
