package outbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
	"github.com/products-importer/products-importer/webhooks/receive"
)

// keeper is an outbox's store that keeps what is appended, and checks it.
type keeper struct {
	events []webhooks.Event
}

func (*keeper) Listening(_ context.Context, _ bool, types ...string) ([]string, error) {
	return types, nil
}

func (*keeper) Numbers(context.Context, string) (map[string]int64, error) { return nil, nil }

func (k *keeper) Append(_ context.Context, events []webhooks.Event) (int, error) {
	for i := range events {
		if err := driver.CheckEvent(&events[i]); err != nil {
			return 0, err
		}
	}
	for _, e := range events {
		e.Data = bytes.Clone(e.Data)
		k.events = append(k.events, e)
	}
	return len(events), nil
}

// notify appends the events of products that an import created, and returns the events' lists.
func notify(t testing.TB, all []products.Product) (lists [][]json.RawMessage, events []webhooks.Event) {
	t.Helper()
	k := &keeper{}
	o, err := outbox.New(k)
	require.NoError(t, err)
	require.NoError(t, o.Import(job.Job{ID: "i"}).NotifyBatch(t.Context(), importer.Changes{Created: all}))
	for _, e := range k.events {
		require.Equal(t, webhooks.ProductCreated, e.Type)
		var data struct{ Products []json.RawMessage }
		require.NoError(t, json.Unmarshal(e.Data, &data))
		lists = append(lists, data.Products)
	}
	return lists, k.events
}

// sized makes n products with descriptions of so many bytes.
func sized(n, bytes int) []products.Product {
	all := make([]products.Product, n)
	for i := range all {
		all[i] = products.Product{ID: int64(i + 1), SKU: fmt.Sprint(i), Name: "n",
			Description: strings.Repeat("x", bytes)}
	}
	return all
}

func TestListsAreSplit(t *testing.T) {
	for _, test := range []struct {
		n, bytes int
		want     []int // products by event
	}{
		{0, 0, nil},
		{1, 0, []int{1}},
		{100, 0, []int{100}},
		{101, 0, []int{100, 1}},
		{250, 1_000, []int{100, 100, 50}},
		{10, 60_000, []int{4, 4, 2}},
		{3, 300_000, []int{1, 1, 1}},
	} {
		lists, events := notify(t, sized(test.n, test.bytes))
		var got []int
		id := int64(0)
		for i, list := range lists {
			got = append(got, len(list))
			if len(list) > 1 {
				require.LessOrEqual(t, len(events[i].Data), 256<<10)
			}
			for _, raw := range list {
				var p products.Product
				require.NoError(t, json.Unmarshal(raw, &p))
				id++
				require.Equal(t, id, p.ID, "nothing is dropped, and the order is kept")
			}
		}
		require.Equal(t, test.want, got, "%d of %d bytes", test.n, test.bytes)
	}
}

// TestLargestProducts puts the largest there may be between small ones.
func TestLargestProducts(t *testing.T) {
	all := sized(5, 10)
	large := &all[2]
	large.Name, large.SKU, large.Description = strings.Repeat("\x01", 500), strings.Repeat("\x01", 255),
		strings.Repeat("\x01", 65_535)
	large.Fields = map[string]products.Value{"note": products.TextValue(strings.Repeat("é", 65_535))}
	large.Attributes = map[string]string{}
	for i := range 20 {
		large.Attributes[fmt.Sprint(i)] = strings.Repeat("é", 65_535)
	}
	lists, events := notify(t, all)
	require.Len(t, lists, 3)
	var got struct {
		products.Product
		Abridged   bool
		Fields     *map[string]products.Value
		Attributes *map[string]string
	}
	require.NoError(t, json.Unmarshal(lists[1][0], &got))
	require.True(t, got.Abridged, "what is too large for any event is abridged, and says so")
	require.Nil(t, got.Fields)
	require.Nil(t, got.Attributes)
	require.Equal(t, large.Description, got.Description)
	for _, e := range events {
		e.Init(time.Now())
		require.LessOrEqual(t, len(e.AppendBody(nil)), receive.MaxBody)
	}
	large.Attributes = map[string]string{"a": strings.Repeat("x", 65_535), "b": "<&>\u2028"}
	lists, _ = notify(t, all)
	var p products.Product
	require.NoError(t, json.Unmarshal(lists[1][0], &p))
	require.Equal(t, *large, p, "what is only large is whole")
}

// FuzzProduct compares with package encoding/json.
func FuzzProduct(f *testing.F) {
	f.Add(int64(1), "name", "sku", "text", true, "k", "v", int64(1_700_000_000), int64(123_456_789))
	f.Add(int64(-1), "\x00\x1f\"\\/", "\u2028<>&", "\xff", false, "", "é\U0001F600", int64(-1), int64(0))
	f.Fuzz(func(t *testing.T, id int64, name, sku, description string, status bool, key, value string, seconds,
		nanos int64) {
		at := time.Unix(seconds%200_000_000_000, nanos%1_000_000_000).UTC()
		if y := at.Year(); y < 0 || y > 9_999 {
			return // encoding/json refuses them
		}
		p := products.Product{ID: id, Name: name, SKU: sku, Description: description, Status: status, CreatedAt: at,
			UpdatedAt: at.Add(time.Second), Version: id,
			Fields: map[string]products.Value{"stock": products.IntegerValue(id), "price": products.DecimalValue(nanos, 2),
				"fragile": products.BooleanValue(status), "since": products.DateValue(at),
				"seen_at": products.TimestampValue(at)},
			Attributes: map[string]string{key: value, "other": sku}}
		if utf8.ValidString(value) { // text of fields is
			p.Fields["brand"], p.Fields["tags"] = products.TextValue(value), products.ListValue("a", value+"b")
		}
		lists, _ := notify(t, []products.Product{p})
		theirs, err := json.Marshal(p)
		require.NoError(t, err)
		if utf8.ValidString(key) { // else two keys may become one
			require.JSONEq(t, string(theirs), string(lists[0][0]))
		}
	})
}

// forgetful is an outbox's store that keeps nothing.
type forgetful struct{ keeper }

func (forgetful) Append(_ context.Context, events []webhooks.Event) (int, error) {
	return len(events), nil
}

// BenchmarkNotifyBatch makes the events of a batch of an import.
func BenchmarkNotifyBatch(b *testing.B) {
	all := sized(20_000, 120)
	now := time.Now().UTC()
	for i := range all {
		all[i].Attributes = map[string]string{}
		all[i].CreatedAt, all[i].UpdatedAt = now, now
	}
	o, err := outbox.New(&forgetful{})
	require.NoError(b, err)
	n := o.Import(job.Job{ID: "i"})
	b.ReportAllocs()
	for b.Loop() {
		if err := n.NotifyBatch(b.Context(), importer.Changes{Created: all}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20_000, "ns/product")
}
