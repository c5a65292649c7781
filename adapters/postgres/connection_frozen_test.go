package postgres_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// call is something that is asked of a database.
type call struct {
	name string
	do   func(ctx context.Context, db *postgres.DB) error
}

// calls are of every kind: reads, single writes, batches, jobs, uploads, webhooks; inside of transactions and outside.
func calls(claim *job.Claim) []call {
	return []call{
		{"ping", func(ctx context.Context, db *postgres.DB) error { return db.Ping(ctx) }},
		{"get", func(ctx context.Context, db *postgres.DB) error {
			_, err := db.Products().Get(ctx, 1)
			return err
		}},
		{"list", func(ctx context.Context, db *postgres.DB) error {
			_, err := db.Products().List(ctx, products.Query{})
			return err
		}},
		{"search", func(ctx context.Context, db *postgres.DB) error {
			_, err := db.Products().List(ctx, products.Query{Search: "x"})
			return err
		}},
		{"create", func(ctx context.Context, db *postgres.DB) error {
			_, err := db.Products().Create(ctx, products.Product{Name: "n", SKU: "new"})
			return err
		}},
		{"batch", func(ctx context.Context, db *postgres.DB) error {
			_, err := db.Products().WriteBatch(ctx, &products.Batch{Columns: described, Records: records(10, "batch", "n")})
			return err
		}},
		{"delete all", func(ctx context.Context, db *postgres.DB) error {
			_, err := db.Products().DeleteAll(ctx)
			return err
		}},
		{"transaction", func(ctx context.Context, db *postgres.DB) error {
			return db.InTx(ctx, func(ctx context.Context) error {
				_, err := db.Products().Get(ctx, 1)
				return err
			})
		}},
		{"jobs", func(ctx context.Context, db *postgres.DB) error {
			_, _, err := db.Jobs().List(ctx, job.Query{Limit: 10})
			return err
		}},
		{"renew", func(ctx context.Context, db *postgres.DB) error {
			_, err := db.Jobs().Renew(ctx, claim, time.Minute, nil)
			return err
		}},
		{"checkpoints", func(ctx context.Context, db *postgres.DB) error {
			_, err := db.Jobs().Checkpoints(ctx, claim)
			return err
		}},
		{"claim", func(ctx context.Context, db *postgres.DB) error {
			_, err := db.Jobs().Claim(ctx, "w", time.Minute, 3)
			return err
		}},
		{"upload", func(ctx context.Context, db *postgres.DB) error {
			_, err := db.Uploads().Put(ctx, "u", strings.NewReader("x"))
			return err
		}},
		{"open", func(ctx context.Context, db *postgres.DB) error {
			r, err := db.Uploads().Open(ctx, "there", 0, -1)
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, r)
			return errors.Join(err, r.Close())
		}},
		{"endpoints", func(ctx context.Context, db *postgres.DB) error {
			_, _, err := db.Webhooks().ListEndpoints(ctx, 10, 0)
			return err
		}},
		{"deliveries", func(ctx context.Context, db *postgres.DB) error {
			_, err := db.Webhooks().ListDeliveries(ctx, webhooks.DeliveryQuery{Limit: 10})
			return err
		}},
		{"due", func(ctx context.Context, db *postgres.DB) error {
			_, err := db.Webhooks().Claim(ctx, webhooks.ClaimRequest{Worker: "w", Limit: 1, Depth: 1})
			return err
		}},
		{"index", func(ctx context.Context, db *postgres.DB) error { return db.DropSearchIndex(ctx) }},
	}
}

// TestFrozenServer freezes the server, and asks it for everything: with the connections that there are and with new
// ones, with contexts that end and with others. Nothing waits for long, nor does closing; and everything goes on by
// itself when the server does.
func TestFrozenServer(t *testing.T) {
	server := home.Own(t)
	db := open(t, server.URL()+"&connect_timeout=1", postgres.Options{MaxConns: 60, HeavyReads: 20, RetryFor: -1})
	postgres.SetSilence(db, time.Second)
	patient := open(t, server.URL()+"&connect_timeout=60", postgres.Options{MaxConns: 60, HeavyReads: 20, RetryFor: -1})
	postgres.SetSilence(patient, time.Minute)
	_, err := db.Uploads().Put(t.Context(), "there", strings.NewReader("x"))
	require.NoError(t, err)
	_, err = db.Jobs().Create(t.Context(), job.Job{Upload: "there"})
	require.NoError(t, err)
	claim, err := db.Jobs().Claim(t.Context(), "w", time.Minute, 3)
	require.NoError(t, err)
	all := calls(claim)

	for round, name := range []string{"with connections that there are", "with new ones"} {
		if round == 0 {
			var warming sync.WaitGroup
			for _, c := range all {
				warming.Go(func() { _ = c.do(t.Context(), patient) }) // some meet in a deadlock
			}
			warming.Wait()
		}
		// A transaction is open, and others come.
		inside := make(chan error, 1)
		begun, frozen := make(chan struct{}), make(chan struct{})
		go func() {
			inside <- db.InTx(t.Context(), func(ctx context.Context) error {
				_, err := db.Products().List(ctx, products.Query{})
				close(begun)
				<-frozen
				if err == nil {
					_, err = db.Products().List(ctx, products.Query{})
				}
				return err
			})
		}()
		<-begun
		server.Freeze()
		close(frozen)
		began := time.Now()
		var asking sync.WaitGroup
		for _, c := range all {
			for range 2 - round { // the second takes a connection that isn't there yet
				asking.Go(func() {
					assert.ErrorIs(t, c.do(t.Context(), db), products.ErrUnavailable, "%s, %s", c.name,
						name)
				})
			}
			asking.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				defer cancel()
				began := time.Now()
				err := c.do(ctx, patient)
				assert.Less(t, time.Since(began), 20*time.Second, "%s, %s: a context that ends is obeyed", c.name, name)
				assert.ErrorIs(t, err, context.DeadlineExceeded, "%s, %s", c.name, name)
			})
		}
		asking.Wait()
		require.ErrorIs(t, <-inside, products.ErrUnavailable)
		require.Less(t, time.Since(began), 30*time.Second)
		if round == 1 {
			break
		}
		server.Thaw()
		for _, c := range all {
			// It has connections of before to answer first.
			for giveUp := time.Now().Add(time.Minute); errors.Is(c.do(t.Context(), db), products.ErrUnavailable); {
				require.True(t, time.Now().Before(giveUp), "%s doesn't go on", c.name)
			}
		}
	}
	began := time.Now()
	_, err = postgres.Open(t.Context(), server.URL()+"&connect_timeout=1", postgres.Options{})
	require.ErrorIs(t, err, products.ErrUnavailable)
	require.Less(t, time.Since(began), 20*time.Second)
}

// TestCloseFrozen closes a database that listens and has connections, while the server is frozen.
func TestCloseFrozen(t *testing.T) {
	server := home.Own(t)
	db, err := postgres.Open(t.Context(), server.URL()+"&connect_timeout=1", postgres.Options{})
	require.NoError(t, err)
	postgres.SetSilence(db, time.Second)
	wake := db.Jobs().Wake(t.Context())
	_, err = db.Jobs().Create(t.Context(), job.Job{Upload: "u"})
	require.NoError(t, err)
	<-wake
	server.Freeze()
	under := make(chan error, 1)
	go func() {
		_, err := db.Products().Get(t.Context(), 1)
		under <- err
	}()
	_, err = db.Products().List(t.Context(), products.Query{SKU: "x"})
	require.ErrorIs(t, err, products.ErrUnavailable)
	began := time.Now()
	require.NoError(t, db.Close())
	require.Less(t, time.Since(began), 20*time.Second)
	require.ErrorIs(t, <-under, products.ErrUnavailable)
}
