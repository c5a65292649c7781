package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

func TestSingleChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx := t.Context()
		p, err := w.products.Create(ctx, products.Product{SKU: "s-1", Name: "A \"name\" <b>", Description: "é\n\x01",
			Status: true, Attributes: map[string]string{"b": "2", "a": "1"}})
		require.NoError(t, err)
		name := "another"
		changed, err := w.products.Update(ctx, p.ID, 0, products.Patch{Name: &name})
		require.NoError(t, err)
		_, err = w.products.Update(ctx, p.ID, 0, products.Patch{Name: &name})
		require.NoError(t, err)
		require.NoError(t, w.products.Delete(ctx, p.ID, 0))
		for i := range 3 {
			_, err := w.products.Create(ctx, products.Product{SKU: fmt.Sprint(i), Name: "n"})
			require.NoError(t, err)
		}
		_, err = w.products.DeleteAll(ctx)
		require.NoError(t, err)

		got := w.deliver()
		require.Len(t, got, 4)
		require.Len(t, got[webhooks.ProductCreated], 4)
		require.Len(t, got[webhooks.ProductUpdated], 1, "what changes nothing isn't told")
		for eventType, want := range map[string]products.Product{webhooks.ProductUpdated: changed,
			webhooks.ProductDeleted: changed} {
			require.Equal(t, data{Products: []products.Product{want}}, got[eventType][0].data, eventType)
		}
		first := 0
		for i, m := range got[webhooks.ProductCreated] {
			if m.data.Products[0].ID == p.ID {
				first = i
			}
		}
		require.Equal(t, data{Products: []products.Product{p}}, got[webhooks.ProductCreated][first].data)
		require.Equal(t, data{Count: 3}, got[webhooks.ProductsDeletedAll][0].data)
	})
}

// TestDeleteAll has the events of DELETE /delete_all/: one, and none for each product.
func TestDeleteAll(t *testing.T) {
	for _, c := range []struct {
		listens string
		want    []string
	}{
		{"*", []string{webhooks.ProductsDeletedAll}}, {"products.*", []string{webhooks.ProductsDeletedAll}},
		{webhooks.ProductsDeletedAll, []string{webhooks.ProductsDeletedAll}},
		{"product.*", nil}, {webhooks.ProductDeleted, nil},
	} {
		w := newWorld(t, func(e *webhooks.Endpoint) { e.Events = []string{c.listens} })
		told := func() (types []string) {
			all, err := w.db.Webhooks().ListDeliveries(t.Context(), webhooks.DeliveryQuery{})
			require.NoError(t, err)
			for _, d := range all {
				if d.EventType != webhooks.ProductCreated {
					types = append(types, d.EventType)
				}
			}
			return types
		}
		_, err := w.products.DeleteAll(t.Context())
		require.NoError(t, err)
		require.Empty(t, told(), "nothing is told when there were no products")
		for i := range 3 {
			_, err := w.products.Create(t.Context(), products.Product{SKU: fmt.Sprint(i), Name: "n"})
			require.NoError(t, err)
		}
		_, err = w.products.DeleteAll(t.Context())
		require.NoError(t, err)
		require.Equal(t, c.want, told(), c.listens)
	}
}

// TestOneTransaction rolls back a change together with its event.
func TestOneTransaction(t *testing.T) {
	w := newWorld(t)
	refused := errors.New("refused")
	require.ErrorIs(t, w.db.InTx(t.Context(), func(ctx context.Context) error {
		_, err := w.products.Create(ctx, products.Product{SKU: "a", Name: "n"})
		return errors.Join(err, refused)
	}), refused)
	all, err := w.db.Webhooks().ListDeliveries(t.Context(), webhooks.DeliveryQuery{})
	require.NoError(t, err)
	require.Empty(t, all)
}

// lines makes a file of n products.
func lines(n int, name string) string {
	var b strings.Builder
	b.WriteString("sku,name\n")
	for i := range n {
		fmt.Fprintf(&b, "s-%d,%s %d\n", i, name, i)
	}
	return b.String()
}

func TestImport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		j := w.doImport(lines(1_030, "first")+"bad\n", job.Settings{Mode: products.Update, Extra: "ignore"})
		require.Equal(t, job.Success, j.State)
		got := w.deliver()
		require.Len(t, got, 2)
		created := got[webhooks.ProductCreated]
		seen := map[string]bool{}
		for i, m := range created {
			require.Equal(t, j.ID, m.data.ImportID)
			require.EqualValues(t, i+1, m.data.Number, "numbers are contiguous")
			require.LessOrEqual(t, len(m.data.Products), 100)
			for _, p := range m.data.Products {
				require.False(t, seen[p.SKU], "no product twice")
				seen[p.SKU] = true
				stored, err := w.db.Products().Get(t.Context(), p.ID)
				require.NoError(t, err)
				require.Equal(t, stored, p, "a product is told as it is stored")
			}
		}
		require.Len(t, seen, 1_030)
		require.Len(t, created, 4*3+1, "at most 100 products each, batch by batch")
		done := got[webhooks.ImportCompleted][0].data
		require.Equal(t, data{ImportID: j.ID, State: "SUCCESS", FileName: "catalogue.csv", Mode: "update",
			Events: map[string]int64{webhooks.ProductCreated: 13},
			Counts: map[string]int64{"read": 1_031, "created": 1_030, "updated": 0, "unchanged": 0, "skipped": 0,
				"superseded": 0, "rejected": 1}}, done)
		require.True(t, w.imported[j.ID].Complete)
		require.EqualValues(t, 1_030, w.imported[j.ID].Products)

		j = w.doImport(lines(1_030, "first"), job.Settings{Mode: products.Update})
		got = w.deliver()
		require.Len(t, got, 1, "what is unchanged isn't told")
		require.Equal(t, map[string]int64{}, got[webhooks.ImportCompleted][0].data.Events)
		require.True(t, w.imported[j.ID].Complete)

		j = w.doImport(lines(500, "second")+"new,1\n", job.Settings{Mode: products.Update})
		got = w.deliver()
		require.Len(t, got, 3)
		require.True(t, w.imported[j.ID].Complete)
		require.EqualValues(t, 501, w.imported[j.ID].Products)
		require.Equal(t, map[string]int64{webhooks.ProductCreated: 1, webhooks.ProductUpdated: 6},
			got[webhooks.ImportCompleted][0].data.Events)
		require.EqualValues(t, 2, got[webhooks.ProductUpdated][0].data.Products[0].Version)
	})
}

// TestImportThatLacksProducts tells of what is deactivated and deleted as of other changes.
func TestImportThatLacksProducts(t *testing.T) {
	for missing, gone := range map[string]string{"deactivate": webhooks.ProductUpdated, "delete": webhooks.ProductDeleted} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.tally = receive.NewTally(receive.ProductCreated, receive.ProductUpdated, receive.ProductDeleted)
			w.doImport("name,sku,status\nA,a,true\nB,b,true\nC,c,true\n", job.Settings{})
			w.deliver()
			j := w.doImport("name,sku,status\nA,a,true\nD,d,true\n", job.Settings{Missing: missing, MaxMissing: "2"})
			require.Equal(t, job.Success, j.State, j.Error)
			got := w.deliver()
			require.Equal(t, map[string]int64{webhooks.ProductCreated: 1, gone: 1},
				got[webhooks.ImportCompleted][0].data.Events)
			require.Len(t, got[gone], 1)
			var skus []string
			for _, p := range got[gone][0].data.Products {
				skus = append(skus, p.SKU)
			}
			require.Equal(t, []string{"b", "c"}, skus)
			require.EqualValues(t, 2, got[webhooks.ImportCompleted][0].data.Counts["missing"])
			require.True(t, w.imported[j.ID].Complete, w.imported[j.ID].Missing)
		})
	}
}

// TestUndo tells of an undo as of an import: which one was undone, without a mode, and with counts that add up.
func TestUndo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.tally = receive.NewTally(receive.ProductCreated, receive.ProductUpdated, receive.ProductDeleted)
		w.doImport("name,sku\nA,a\nB,b\nC,c\n", job.Settings{})
		id := w.doImport("name,sku\nnew,a\nD,d\nE,e\n", job.Settings{Mode: products.Update, Missing: "delete",
			MaxMissing: "100%", Changes: job.ChangesAll}).ID
		page, err := w.products.List(t.Context(), products.Query{SKU: "e"})
		require.NoError(t, err)
		text := "by hand"
		_, err = w.products.Update(t.Context(), page.Products[0].ID, 0, products.Patch{Description: &text})
		require.NoError(t, err)
		w.deliver()
		for _, want := range []map[string]int64{
			{"read": 5, "created": 2, "updated": 1, "unchanged": 0, "deleted": 1, "kept": 1},
			{"read": 4, "created": 1, "updated": 1, "unchanged": 0, "deleted": 2},
		} {
			_, _, err = w.service.Undo(t.Context(), id, job.UndoRequest{})
			require.NoError(t, err)
			j := w.run(w.runner(job.RunnerOptions{}, w.db.Products()), nil)
			require.Equal(t, job.Success, j.State, j.Error)
			got := w.deliver()
			require.Len(t, got[webhooks.ImportCompleted], 1)
			require.NotContains(t, string(got[webhooks.ImportCompleted][0].Data), "mode")
			done := got[webhooks.ImportCompleted][0].data
			require.Equal(t, id, done.Undo)
			sum := int64(0)
			for _, name := range []string{"created", "updated", "unchanged", "deleted", "kept"} {
				require.Equal(t, want[name], done.Counts[name], name)
				sum += done.Counts[name]
			}
			require.Equal(t, want["read"], done.Counts["read"])
			require.Equal(t, done.Counts["read"], sum)
			require.Equal(t, map[string]int64{webhooks.ProductCreated: 1, webhooks.ProductUpdated: 1,
				webhooks.ProductDeleted: 1}, done.Events)
			require.True(t, w.imported[j.ID].Complete, w.imported[j.ID].Missing)
			id = j.ID
		}
	})
}

func TestImportThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		j := w.doImport("sku,name\n1,\n", job.Settings{MaxRejects: "0"})
		require.Equal(t, job.Failure, j.State)
		got := w.deliver()
		require.Len(t, got, 1)
		failed := got[webhooks.ImportFailed][0].data
		require.Equal(t, "FAILURE", failed.State)
		require.Equal(t, j.Error, failed.Error)
		require.True(t, w.imported[j.ID].Complete, "nothing is missing of an import that changed nothing")

		waiting := w.submit(lines(1, "n"), job.Settings{})
		_, err := w.service.Cancel(t.Context(), waiting.ID)
		require.NoError(t, err)
		got = w.deliver()
		require.Len(t, got, 1)
		require.Equal(t, "REVOKED", got[webhooks.ImportCancelled][0].data.State)
		require.Equal(t, waiting.ID, got[webhooks.ImportCancelled][0].data.ImportID)
	})
}

// stopping is a store that calls f before each batch.
type stopping struct {
	products.Store
	before func(ctx context.Context, batch int64) error
	after  func(batch int64) error
	inTx   products.InTx
}

func (s *stopping) WriteBatch(ctx context.Context, b *products.Batch) (result *products.BatchResult, err error) {
	if s.before != nil {
		if err := s.before(ctx, b.Number); err != nil {
			return nil, err
		}
	}
	err = s.inTx(ctx, func(ctx context.Context) error {
		if result, err = s.Store.WriteBatch(ctx, b); err != nil || s.after == nil {
			return err
		}
		return s.after(b.Number)
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

func TestImportThatIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		j := w.submit(lines(1_000, "n"), job.Settings{})
		r := w.runner(job.RunnerOptions{Writers: 1}, &stopping{Store: w.db.Products(), inTx: w.db.InTx,
			before: func(ctx context.Context, batch int64) error {
				if batch == 3 {
					_, err := w.service.Cancel(ctx, j.ID)
					require.NoError(t, err)
					<-ctx.Done()
					return ctx.Err()
				}
				return nil
			}})
		require.Equal(t, job.Revoked, w.run(r, nil).State)
		got := w.deliver()
		require.Len(t, got, 2)
		require.EqualValues(t, 500, got[webhooks.ImportCancelled][0].data.Counts["created"])
		require.True(t, w.imported[j.ID].Complete, "everything that was committed is told")
		require.EqualValues(t, 500, w.imported[j.ID].Products)
	})
}

// TestImportThatIsResumed stops an import, has batches rolled back, and takes it over from a worker that vanished.
func TestImportThatIsResumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, writers := range []int{1, 2} {
			w := newWorld(t)
			j := w.submit(lines(2_050, "n"), job.Settings{BatchRecords: 210})
			stop := make(chan struct{})
			r := w.runner(job.RunnerOptions{Writers: writers}, &stopping{Store: w.db.Products(), inTx: w.db.InTx,
				before: func(_ context.Context, batch int64) error {
					if batch == 3 {
						close(stop)
					}
					if batch >= 3 {
						time.Sleep(time.Second) // the runner notices it meanwhile, before there are further batches
					}
					return nil
				}})
			require.Equal(t, job.Pending, w.run(r, stop).State)

			failed := errors.New("the database is gone")
			r = w.runner(job.RunnerOptions{Writers: writers}, &stopping{Store: w.db.Products(), inTx: w.db.InTx,
				after: func(batch int64) error {
					if batch == 6 {
						return fmt.Errorf("%w: %w", products.ErrUnavailable, failed)
					}
					return nil
				}})
			waits := w.run(r, nil)
			require.Equal(t, job.Pending, waits.State)
			require.Contains(t, waits.Error, failed.Error(), "the batch was written and rolled back")
			b, err := w.db.Webhooks().Numbers(t.Context(), j.ID)
			require.NoError(t, err)
			require.Less(t, b[webhooks.ProductCreated], int64(27))

			require.Eventually(t, func() bool {
				claim, err := r.Claim(t.Context(), "vanishes")
				return err == nil && claim != nil
			}, 1e12, 1e8)
			var claim *job.Claim
			r = w.runner(job.RunnerOptions{Writers: writers}, w.db.Products())
			require.Eventually(t, func() bool {
				claim, err = r.Claim(t.Context(), "worker")
				return err == nil && claim != nil
			}, 1e12, 1e8)
			done, err := r.Run(t.Context(), claim, nil)
			require.NoError(t, err)
			require.Equal(t, job.Success, done.State)

			got := w.deliver()
			seen := map[string]bool{}
			for i, m := range got[webhooks.ProductCreated] {
				require.EqualValues(t, i+1, m.data.Number, "no number twice, no gap")
				for _, p := range m.data.Products {
					require.False(t, seen[p.SKU], "no product twice")
					seen[p.SKU] = true
				}
			}
			require.Len(t, seen, 2_050)
			require.Len(t, got[webhooks.ImportCompleted], 1)
			require.True(t, w.imported[j.ID].Complete)
		}
	})
}

func TestNobodyListens(t *testing.T) {
	for name, change := range map[string]func(e *webhooks.Endpoint){
		"to any of it":       func(e *webhooks.Endpoint) { e.Events = []string{webhooks.EndpointDisabled} },
		"while it is off":    func(e *webhooks.Endpoint) { e.State = webhooks.Inactive },
		"but to dry imports": func(*webhooks.Endpoint) {},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, change)
			_, dry := map[string]bool{"but to dry imports": true}[name]
			watch := &wanting{Store: w.db.Products()}
			w.submit(lines(300, "n"), job.Settings{DryRun: dry})
			require.Equal(t, job.Success, w.run(w.runner(job.RunnerOptions{}, watch), nil).State)
			require.False(t, watch.wanted.Load(), "the store isn't asked what changed")
			if !dry {
				_, err := w.products.Create(t.Context(), products.Product{SKU: "single", Name: "n"})
				require.NoError(t, err)
				_, err = w.products.DeleteAll(t.Context())
				require.NoError(t, err)
			}
			all, err := w.db.Webhooks().ListDeliveries(t.Context(), webhooks.DeliveryQuery{})
			require.NoError(t, err)
			require.Empty(t, all)
		})
	}
}

// wanting notes whether changes are wanted.
type wanting struct {
	products.Store
	wanted atomic.Bool
}

func (w *wanting) WriteBatch(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
	if b.Changed != nil {
		w.wanted.Store(true)
	}
	return w.Store.WriteBatch(ctx, b)
}

func TestSummariesOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(e *webhooks.Endpoint) { e.SummariesOnly = true })
		w.doImport(lines(300, "n"), job.Settings{})
		_, err := w.products.Create(t.Context(), products.Product{SKU: "single", Name: "n"})
		require.NoError(t, err)
		got := w.deliver()
		require.Len(t, got[webhooks.ImportCompleted], 1)
		require.Len(t, got[webhooks.ProductCreated], 1, "single changes are told all the same")
		require.Equal(t, "single", got[webhooks.ProductCreated][0].data.Products[0].SKU)
	})
}

func TestOneTypeOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(e *webhooks.Endpoint) { e.Events = []string{webhooks.ProductUpdated} })
		w.doImport(lines(300, "n"), job.Settings{Mode: products.Update})
		require.Empty(t, w.deliver())
		w.doImport(lines(300, "m"), job.Settings{Mode: products.Update})
		require.Len(t, w.deliver()[webhooks.ProductUpdated], 4)
	})
}

// deafStore can't be reached.
type deafStore struct{ *memory.Webhooks }

var errUnreachable = errors.New("the outbox can't be reached")

func (deafStore) Listening(context.Context, bool, ...string) ([]string, error) {
	return nil, errUnreachable
}

func TestErrors(t *testing.T) {
	_, err := outbox.New(nil)
	require.Error(t, err)
	o, err := outbox.New(deafStore{memory.New(memory.Options{}).Webhooks()})
	require.NoError(t, err)
	require.ErrorContains(t, o.Notify(t.Context(), products.Change{}), "unknown kind")
	require.ErrorIs(t, o.JobEnded(t.Context(), job.Job{State: job.Success}), errUnreachable)
	n := o.Import(job.Job{ID: "i"})
	require.ErrorIs(t, n.NotifyBatch(t.Context(), importer.Changes{}), errUnreachable)
	_, err = n.(importer.WebhookListener).Wants(t.Context())
	require.ErrorIs(t, err, errUnreachable)
}
