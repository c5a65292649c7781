package webhooks_test

import (
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
)

func TestMatches(t *testing.T) {
	for _, test := range []struct {
		subscription, eventType string
		want                    bool
	}{
		{"product.created", "product.created", true},
		{"product.created", "product.updated", false},
		{"product.*", "product.created", true},
		{"product.*", "products.deleted_all", false},
		{"products.*", "products.deleted_all", true},
		{"*", "import.failed", true},
		{"", "import.failed", false},
		{"product*", "product.created", false},
		{"prod*", "product.created", false},
		{"import.*", "import.completed", true},
	} {
		require.Equal(t, test.want, webhooks.Matches(test.subscription, test.eventType), "%q, %q", test.subscription,
			test.eventType)
	}
	require.NotContains(t, webhooks.Types(), webhooks.WebhookTest, "nobody has to ask for it")
}

func TestBody(t *testing.T) {
	at := time.Date(2026, 5, 4, 3, 2, 1, 600_000_000, time.FixedZone("", 3_600))
	for _, test := range []struct {
		event webhooks.Event
		want  string
	}{
		{webhooks.Event{ID: "evt_1", Type: "product.created", Time: at, Data: []byte(`{"products":[]}`)},
			`{"id":"evt_1","type":"product.created","timestamp":"2026-05-04T02:02:01.600000Z","data":{"products":[]}}`},
		{webhooks.Event{ID: "evt_1", Type: "product.created", Time: at, ImportID: "i-1", Number: 12,
			Data: []byte(`{"products":[]}`)},
			`{"id":"evt_1","type":"product.created","timestamp":"2026-05-04T02:02:01.600000Z","data":{"import_id":"i-1","number":12,"products":[]}}`},
		{webhooks.Event{ID: "evt_1", Type: "import.failed", Time: at, ImportID: "i-1", Data: []byte(` { } `)},
			`{"id":"evt_1","type":"import.failed","timestamp":"2026-05-04T02:02:01.600000Z","data":{"import_id":"i-1"}}`},
		{webhooks.Event{ID: "evt_1", Type: "webhook.test", Time: at, Data: []byte(`{}`)},
			`{"id":"evt_1","type":"webhook.test","timestamp":"2026-05-04T02:02:01.600000Z","data":{}}`},
	} {
		require.Equal(t, test.want, string(test.event.AppendBody(nil)))
		require.Equal(t, "before"+test.want, string(test.event.AppendBody([]byte("before"))))
		require.True(t, json.Valid([]byte(test.want)))
	}
}

// FuzzBody makes bodies of any text: they are JSON and say what was put in.
func FuzzBody(f *testing.F) {
	f.Add("product.created", "import", int64(3), "text \" \\ \x00 \xff é")
	f.Fuzz(func(t *testing.T, eventType, importID string, number int64, text string) {
		data, err := json.Marshal(map[string]string{"text": text})
		require.NoError(t, err)
		e := webhooks.Event{ID: text, Type: eventType, ImportID: importID, Number: number, Data: data}
		var got struct {
			ID, Type string
			Data     struct {
				ImportID string `json:"import_id"`
				Number   int64
				Text     string
			}
		}
		require.NoError(t, json.Unmarshal(e.AppendBody(nil), &got))
		if !utf8.ValidString(text) || !utf8.ValidString(eventType) || !utf8.ValidString(importID) {
			return
		}
		require.Equal(t, []string{text, eventType, importID, text}, []string{got.ID, got.Type, got.Data.ImportID,
			got.Data.Text})
		require.Equal(t, max(number, 0), got.Data.Number)
	})
}
