package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
)

func TestWebhookStats(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{Policy: openPolicy})
	r := newReceiver(t)
	v := f.create(`{"callback_url":"` + r.url + `"}`)
	d := openAPI(t, f.fixture)
	stats := func(query string) (s struct {
		Delivered, Failed, Skipped int64
		Hours                      []struct {
			Start                      time.Time
			Delivered, Failed, Skipped int64
		}
	}) {
		w := f.call("GET", "/webhooks/"+v.ID+"/stats"+query, "")
		require.Equal(t, 200, w.Code, w.Body.String())
		d.checkResponse("/webhooks/{id}/stats", "GET", w)
		s = decode[struct {
			Delivered, Failed, Skipped int64
			Hours                      []struct {
				Start                      time.Time
				Delivered, Failed, Skipped int64
			}
		}](t, w)
		return s
	}
	require.Zero(t, stats("").Delivered)
	f.deliver(t)
	for range 3 {
		f.append(webhooks.Event{Type: webhooks.ProductCreated, Data: []byte(`{"products":[]}`)})
	}
	require.Eventually(t, func() bool { return stats("").Delivered == 3 }, 20*time.Second, time.Millisecond)
	got := stats("?hours=48")
	require.Len(t, got.Hours, 48)
	require.EqualValues(t, 3, got.Delivered)
	require.EqualValues(t, 3, got.Hours[47].Delivered+got.Hours[46].Delivered, "the newest hour is the last one")
	require.Len(t, stats("").Hours, 24)

	for path, status := range map[string]int{"/webhooks/" + v.ID + "/stats?hours=0": 400,
		"/webhooks/" + v.ID + "/stats?hours=169": 400, "/webhooks/" + v.ID + "/stats?day=1": 400,
		"/webhooks/x/stats": 404, "/webhooks/ep_" + strings.Repeat("0", 32) + "/stats": 404} {
		w := f.call("GET", path, "")
		problem(t, w, status)
		d.checkResponse("/webhooks/{id}/stats", "GET", w)
	}
}
