package httpapi_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/products"
)

// list is a page as clients read it.
type list struct {
	Count    int64              `json:"count"`
	Next     *string            `json:"next"`
	Previous *string            `json:"previous"`
	Results  []products.Product `json:"results"`
}

func (l list) skus() (skus []string) {
	for _, p := range l.Results {
		skus = append(skus, p.SKU)
	}
	return skus
}

// follow reads pages by their links until there is none.
func (f *fixture) follow(target string, link func(l list) *string) (skus [][]string) {
	for {
		l := decode[list](f.t, f.call("GET", target, ""))
		skus = append(skus, l.skus())
		next := link(l)
		if next == nil {
			return skus
		}
		require.Regexp(f.t, "^/products/[?]", *next)
		target = *next
	}
}

func TestListByOffset(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	require.JSONEq(t, `{"count":0,"next":null,"previous":null,"results":[]}`,
		f.call("GET", "/products/", "").Body.String())
	f.add("A", "B", "C", "D", "E")
	forward := func(l list) *string { require.EqualValues(t, 5, l.Count); return l.Next }
	require.Equal(t, [][]string{{"A", "B"}, {"C", "D"}, {"E"}}, f.follow("/products/?limit=2", forward))
	require.Equal(t, [][]string{{"E", "D", "C"}, {"B", "A"}}, f.follow("/products?limit=3&ordering=-sku", forward))
	back := func(l list) *string { return l.Previous }
	require.Equal(t, [][]string{{"E"}, {"C", "D"}, {"A", "B"}}, f.follow("/products/?limit=2&offset=4", back))
	require.Equal(t, [][]string{{"B", "C"}, {"A", "B"}}, f.follow("/products/?limit=2&offset=1", back))

	l := decode[list](t, f.call("GET", "/products/?offset=100", ""))
	require.Empty(t, l.Results, "beyond the end")
	require.EqualValues(t, 5, l.Count)
	require.Nil(t, l.Next)
	require.NotNil(t, l.Previous)
}

func TestListByCursor(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	f.add("A", "B", "C", "D", "E")
	link := func(l list) *string { require.Nil(t, l.Previous); return l.Next }
	require.Equal(t, [][]string{{"A", "B"}, {"C", "D"}, {"E"}}, f.follow("/products/?limit=2&cursor=", link))
	require.Equal(t, [][]string{{"E", "D"}, {"C", "B"}, {"A"}}, f.follow("/products/?limit=2&cursor=&ordering=-name",
		link))
	require.Contains(t, f.call("GET", "/products/?cursor=", "").Body.String(), `"count":null`)
	require.Contains(t, f.call("GET", "/products/?cursor=&count=true", "").Body.String(), `"count":5`)
	require.Contains(t, f.call("GET", "/products/?count=false", "").Body.String(), `"count":null`)
}

func TestListFilters(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	for _, p := range []products.Product{{SKU: "L-1", Name: "Lamp", Status: true}, {SKU: "L-2", Name: "Lamp & Co"},
		{SKU: "T-1", Name: "Torch"}} {
		_, err := f.store.Create(t.Context(), p)
		require.NoError(t, err)
	}
	for query, want := range map[string]string{
		"": "L-1 L-2 T-1", "name=Lamp": "L-1", "name=lamp": "", "sku=T-1": "T-1", "sku=%20T-1": "T-1",
		"status=true": "L-1", "status=False": "L-2 T-1", "status=0": "L-2 T-1",
		"search=lamp": "L-1 L-2", "search=t-": "T-1", "search=%26": "L-2", "name=&sku=&status=&search=": "L-1 L-2 T-1",
		"search=lamp&status=1": "L-1", "ordering=-sku": "T-1 L-2 L-1",
	} {
		l := decode[list](t, f.call("GET", "/products/?"+query, ""))
		require.Equal(t, want, strings.Join(l.skus(), " "), query)
		require.EqualValues(t, len(l.Results), l.Count, query)
	}
	l := decode[list](t, f.call("GET", "/products/?search=L%26&limit=1&offset=0&name=", ""))
	require.Nil(t, l.Next)
	l = decode[list](t, f.call("GET", "/products/?search=Lamp&limit=1", ""))
	require.Equal(t, "/products/?limit=1&offset=1&search=Lamp", *l.Next, "links keep the filters")
}

func TestBadListQueries(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	f.add("A", "B")
	cursor := *decode[list](t, f.call("GET", "/products/?limit=1&cursor=", "")).Next
	cursor = cursor[strings.Index(cursor, "cursor=")+7:]
	cursor, _, _ = strings.Cut(cursor, "&")
	for query, names := range map[string]string{
		"limit=-1": "limit", "limit=0": "limit", "limit=1001": "limit", "limit=x": "limit", "limit=1e3": "limit",
		"limit=99999999999999999999": "limit",
		"offset=-1":                  "offset", "offset=1.5": "offset",
		"offset=99999999999999999999": "between 0 and 2147483647",
		"limit=1&limit=2":             "limit",
		"status=maybe":                "status", "count=2": "count", "color=red": "color", "LIMIT=1": "LIMIT", "sku=a&sku=b": "sku",
		"ordering=price": "ordering", "ordering=--id": "ordering", "cursor=zzz": "cursor", "cursor=" + cursor +
			"&ordering=name": "cursor",
		"cursor=" + cursor + "&offset=1": "offset", "cursor=&offset=1": "offset",
		"search=%ff": "search", "name=%00": "name", "a=%zz": "query",
		"a;b": "query",
	} {
		p := problem(t, f.call("GET", "/products/?"+query, ""), 400)
		require.Contains(t, p.Detail, names, query)
		require.NotContains(t, p.Detail, "products:", query)
	}
}

func TestPublicURL(t *testing.T) {
	f := newFixture(t, httpapi.Options{PublicURL: "https://shop.example/api/"})
	f.add("A", "B")
	require.Equal(t, "https://shop.example/api/products/?limit=1&offset=1",
		*decode[list](t, f.call("GET", "/products/?limit=1", "")).Next)
	w := f.call("POST", "/products/", `{"name":"x","sku":"C"}`)
	require.Regexp(t, `^/api/products/\d+$`, w.Header().Get("Location"))
}

// TestLinksDoNotTrustTheHost: whoever has a say in the Host of somebody's request doesn't get to see the next one, with
// the password in it.
func TestLinksDoNotTrustTheHost(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	f.add("A", "B", "C")
	const path = "/products/?limit=1"
	for _, test := range []struct{ local, host, scheme string }{
		{"127.0.0.1:8080", "127.0.0.1:8080", "http"}, {"127.0.0.1:8080", "localhost:8080", "http"},
		{"[::1]:8080", "LOCALHOST:8080", "http"},
		{"[::1]:8080", "[::1]:8080", "http"}, {"192.0.2.1:80", "192.0.2.1", "http"},
		{"[::ffff:192.0.2.1]:80", "192.0.2.1:80", "http"}, {"[2001:db8::1]:443", "[2001:db8::1]", "https"},
		{"127.0.0.1:8080", "evil.example", ""}, {"127.0.0.1:8080", "evil.example:8080", ""},
		{"127.0.0.1:8080", "localhost", ""}, {"127.0.0.1:8080", "127.0.0.1:80", ""},
		{"127.0.0.1:8080", "127.0.0.1:8080@evil.example", ""}, {"127.0.0.1:8080", "localhost.evil.example:8080", ""},
		{"127.0.0.1:8080", "", ""}, {"127.0.0.1:8080", "[::1%25x]:8080", ""},
		{"192.0.2.1:8080", "localhost:8080", ""}, {"192.0.2.1:8080", "192.0.2.2:8080", ""}, {"", "127.0.0.1:8080", ""},
	} {
		r := request("GET", path+"&offset=1", "", "X-Forwarded-Host: evil.example", "Forwarded: host=evil.example",
			"X-Forwarded-Proto: https")
		r.Host = test.host
		if local, err := net.ResolveTCPAddr("tcp", test.local); test.local != "" {
			require.NoError(t, err)
			r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, local))
		}
		if test.scheme == "https" {
			r.TLS = &tls.ConnectionState{}
		}
		origin := ""
		if test.scheme != "" {
			origin = test.scheme + "://" + test.host
		}
		l := decode[list](t, f.send(r))
		require.Equal(t, origin+path+"&offset=2", *l.Next, "%+v", test)
		require.Equal(t, origin+path, *l.Previous, "%+v", test)
	}
	resolved, err := http.NewRequest("GET", "http://"+f.listen()+path, nil)
	require.NoError(t, err)
	resolved.SetBasicAuth(user, password)
	response, err := http.DefaultClient.Do(resolved)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	var l list
	require.NoError(t, json.NewDecoder(response.Body).Decode(&l))
	require.Equal(t, "http://"+resolved.Host+path+"&offset=1", *l.Next, "as clients on this machine see it")
}

// slow is a catalogue that takes its time to count.
type slow struct {
	products.Store
	counted atomic.Int64
}

func (s *slow) List(ctx context.Context, q products.Query) (products.Page, error) {
	if !q.SkipCount {
		s.counted.Add(1)
		time.Sleep(50 * time.Millisecond)
	}
	return s.Store.List(ctx, q)
}

func TestSlowCountsAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slow{Store: memory.New(memory.Options{}).Products()}
		f := newFixtureOver(t, store, httpapi.Options{})
		f.add("A", "B")
		count := func(query string) (int64, int64) {
			before := store.counted.Load()
			l := decode[list](t, f.call("GET", "/products/?"+query, ""))
			return l.Count, store.counted.Load() - before
		}
		expect := func(wantCount, wantCounted int64, query, why string) {
			t.Helper()
			got, counted := count(query)
			require.Equal(t, wantCount, got, why)
			require.Equal(t, wantCounted, counted, why)
		}
		expect(2, 1, "", "the first time")
		expect(2, 1, "", "it is known to be slow only now")
		f.add("C")
		expect(2, 0, "limit=1", "a second old at most")
		expect(0, 1, "name=x", "another filter")
		time.Sleep(2 * time.Second)
		results := make(chan *httptest.ResponseRecorder, 5)
		before := store.counted.Load()
		for range 5 {
			go func() { results <- f.call("GET", "/products/", "") }()
		}
		for range 5 {
			require.EqualValues(t, 3, decode[list](t, <-results).Count)
		}
		require.EqualValues(t, 1, store.counted.Load()-before, "one counts for all who ask at the same time")
		require.Equal(t, 201, f.call("POST", "/products/", `{"name":"x","sku":"D"}`).Code)
		expect(4, 1, "", "what was changed here shows at once")
	})
}

// rough is a catalogue that estimates every count that may be an estimate, slowly, and remembers how far it may count.
type rough struct {
	products.Store
	asked []int
}

func (s *rough) List(ctx context.Context, q products.Query) (products.Page, error) {
	page, err := s.Store.List(ctx, q)
	if !q.SkipCount {
		time.Sleep(50 * time.Millisecond)
		if s.asked = append(s.asked, q.CountUpTo); q.CountUpTo > 0 {
			page.Count, page.CountEstimated = 9_812_345, true
		}
	}
	return page, err
}

// TestEstimatedCounts: an answer says that its count is estimated, in whatever way it is written, and links don't
// depend on it.
func TestEstimatedCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &rough{Store: memory.New(memory.Options{}).Products()}
		f := newFixtureOver(t, store, httpapi.Options{})
		f.add("A", "B", "C")
		for _, query := range []string{"", "limit=2&offset=2", "cursor=&count=true", ""} { // from the cache as well
			w := f.call("GET", "/products/?"+query, "")
			require.Contains(t, w.Body.String(), `"count":9812345`, query)
			require.Contains(t, w.Body.String(), `"count_estimated":true`, query)
			require.Nil(t, decode[list](t, w).Next, query)
		}
		for _, query := range []string{"count=exact", "count=exact&cursor=", "count=exact"} {
			w := f.call("GET", "/products/?"+query, "")
			require.Contains(t, w.Body.String(), `"count":3`, query)
			require.NotContains(t, w.Body.String(), "count_estimated", query)
		}
		for _, query := range []string{"count=false", "cursor="} {
			require.NotContains(t, f.call("GET", "/products/?"+query, "").Body.String(), "count_estimated", query)
		}
		f.call("GET", "/products/?search=a", "")
		require.Equal(t, []int{100_000, 100_000, 0, 0, 10_000}, store.asked)

		for i := range 3 { // more than is written at once
			p := products.Product{SKU: fmt.Sprint("long-", i), Name: "x", Description: strings.Repeat("😀", 65_535)}
			_, err := f.store.Create(t.Context(), p)
			require.NoError(t, err)
		}
		w := f.call("GET", "/products/", "")
		require.True(t, strings.HasPrefix(w.Body.String(), `{"count":9812345`))
		require.Contains(t, w.Body.String(), `"count_estimated":true`)
		require.Len(t, decode[list](t, w).Results, 6)
	})
}

func BenchmarkProducts(b *testing.B) {
	f := newFixture(b, httpapi.Options{})
	const n = 20_000
	for i := range n {
		_, err := f.store.Create(b.Context(), products.Product{SKU: fmt.Sprintf("SKU-%06d", i), Name: "Lamp",
			Description: strings.Repeat("It shines. ", 10), Attributes: map[string]string{"color": "red"}})
		require.NoError(b, err)
	}
	for _, variant := range []struct{ name, target string }{
		{"id", fmt.Sprintf("/products/%d", n/2)},
		{"sku", "/products/?sku=SKU-010000"},
		{"list of 20", "/products/?limit=20"},
		{"list of 20 by cursor", "/products/?limit=20&cursor="},
	} {
		b.Run(variant.name, func(b *testing.B) {
			r := request("GET", variant.target, "")
			b.ReportAllocs()
			for b.Loop() {
				if w := f.send(r); w.Code != 200 {
					b.Fatal(w.Body)
				}
			}
		})
	}
}
