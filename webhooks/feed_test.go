package webhooks_test

import (
	"context"
	"encoding/base64"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/webhooks"
)

func TestCursor(t *testing.T) {
	for _, c := range []webhooks.Cursor{{}, {Feed: 1}, {Feed: 7, Place: 300}, {Feed: math.MaxInt64, Place: math.MaxInt64}} {
		got, err := webhooks.ParseCursor(c.String())
		require.NoError(t, err)
		require.Equal(t, c, got)
	}
	good := webhooks.Cursor{Feed: 7, Place: 300}.String()
	for i := range good { // whatever was changed in it
		for _, b := range []byte("A_z") {
			if bad := []byte(good); bad[i] != b {
				bad[i] = b
				_, err := webhooks.ParseCursor(string(bad))
				require.ErrorIs(t, err, webhooks.ErrCursor, "%s", bad)
			}
		}
	}
	for _, bad := range []string{"now", "0", good[1:], good + "A", good + "\n", "=" + good,
		base64.RawURLEncoding.EncodeToString(make([]byte, 20)), webhooks.Cursor{Place: 3}.String(),
		webhooks.Cursor{Feed: -1}.String(), webhooks.Cursor{Feed: 1, Place: -1}.String()} {
		_, err := webhooks.ParseCursor(bad)
		require.ErrorIs(t, err, webhooks.ErrCursor, "%q", bad)
	}
}

// unwoken is a store that wakes nobody, and counts how often it is asked for the feed's end.
type unwoken struct {
	webhooks.Store
	asked atomic.Int64
}

func (*unwoken) Wake(context.Context) <-chan struct{} { return nil }

func (u *unwoken) FeedEnds(ctx context.Context) (webhooks.FeedEnds, error) {
	u.asked.Add(1)
	return u.Store.FeedEnds(ctx)
}

// TestAwaitFeedUnwoken: where nothing wakes, a hundred who wait see what has come within a second or so, for which the
// store is asked as often as for one; afterwards it isn't asked any more.
func TestAwaitFeedUnwoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &unwoken{Store: memory.New(memory.Options{}).Webhooks()}
		_, err := store.KeepFeed(t.Context(), time.Hour)
		require.NoError(t, err)
		sender, err := webhooks.NewSender(webhooks.SenderOptions{})
		require.NoError(t, err)
		service, err := webhooks.NewService(store, sender, webhooks.ServiceOptions{})
		require.NoError(t, err)
		page, err := store.ReadFeed(t.Context(), webhooks.FeedQuery{Limit: 1})
		require.NoError(t, err)
		var waiting sync.WaitGroup
		for range 100 {
			waiting.Go(func() { assert.NoError(t, service.AwaitFeed(t.Context(), page.Next)) })
		}
		time.Sleep(9500 * time.Millisecond)
		require.LessOrEqual(t, store.asked.Load(), int64(12))
		_, err = store.Append(t.Context(), []webhooks.Event{{Type: webhooks.ProductDeleted, Data: []byte(`{}`)}})
		require.NoError(t, err)
		appended := time.Now()
		waiting.Wait()
		require.LessOrEqual(t, time.Since(appended), 1500*time.Millisecond)
		require.NoError(t, service.AwaitFeed(t.Context(), page.Next), "what has come meanwhile ends the wait at once")
		asked := store.asked.Load()
		time.Sleep(time.Minute)
		require.Equal(t, asked, store.asked.Load())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		next, err := store.ReadFeed(t.Context(), webhooks.FeedQuery{Limit: 1})
		require.NoError(t, err)
		require.ErrorIs(t, service.AwaitFeed(ctx, next.Next), context.DeadlineExceeded)
	})
}
