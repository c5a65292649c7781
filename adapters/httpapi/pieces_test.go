package httpapi_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
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

// measured is a store that notes the largest page, fails at some page, and is busy from some page on.
type measured struct {
	products.Store
	pages, most, failFrom atomic.Int64
	busyFrom, busyFor     atomic.Int64
}

func (m *measured) List(ctx context.Context, q products.Query) (products.Page, error) {
	n := m.pages.Add(1)
	if n == m.failFrom.Load() {
		return products.Page{}, errors.New("gone")
	}
	if from := m.busyFrom.Load(); from > 0 && n >= from && n < from+m.busyFor.Load() {
		return products.Page{}, fmt.Errorf("%w: so many ask", products.ErrBusy)
	}
	page, err := m.Store.List(ctx, q)
	bytes := 0
	for i := range page.Products {
		bytes += page.Products[i].Bytes()
	}
	m.most.Store(max(m.most.Load(), int64(bytes)))
	return page, err
}

// newGiants is an API over n products of 300,000 bytes each, and their SKUs.
func newGiants(t *testing.T, n int) (f *fixture, store *measured, skus []string) {
	t.Helper()
	store = &measured{Store: memory.New(memory.Options{}).Products()}
	f = newFixtureOver(t, store, httpapi.Options{})
	for i := range n {
		p := products.Product{SKU: fmt.Sprintf("giant-%03d", i), Name: "Giant", Attributes: map[string]string{}}
		for k := range 5 {
			p.Attributes[fmt.Sprint("a", k)] = strings.Repeat("x", 60_000)
		}
		_, err := store.Create(t.Context(), p)
		require.NoError(t, err)
		skus = append(skus, p.SKU)
	}
	return f, store, skus
}

// TestListOfGiants: a page that is too large to be held is read and written piece by piece, and is the same page.
func TestListOfGiants(t *testing.T) {
	f, store, skus := newGiants(t, 30)
	for _, test := range []struct {
		query          string
		want           []string
		next, previous string
	}{
		{"limit=1000", skus, "", ""},
		{"limit=20", skus[:20], "offset=20", ""},
		{"limit=20&offset=5", skus[5:25], "offset=25", "limit=20"},
		{"limit=20&offset=15", skus[15:], "", "limit=20"},
		{"limit=25&cursor=", skus[:25], "cursor=ey", ""},
		{"limit=2", skus[:2], "offset=2", ""},
	} {
		store.most.Store(0)
		response := f.call("GET", "/products/?"+test.query, "")
		require.Equal(t, http.StatusOK, response.Code)
		require.Equal(t, "application/json", response.Header().Get("Content-Type"))
		l := decode[list](t, response)
		require.Equal(t, test.want, l.skus(), test.query)
		for link, want := range map[*string]string{l.Next: test.next, l.Previous: test.previous} {
			if want == "" {
				require.Nil(t, link, test.query)
			} else {
				require.Contains(t, *link, want, test.query)
			}
		}
		if !strings.Contains(test.query, "cursor") {
			require.EqualValues(t, 30, l.Count)
		}
		require.LessOrEqual(t, store.most.Load(), int64(products.MaxBytes), "no piece is larger")
	}
	l := decode[list](t, f.call("GET", "/products/?limit=25&cursor=", ""))
	l = decode[list](t, f.call("GET", *l.Next, ""))
	require.Equal(t, skus[25:], l.skus())
	require.Nil(t, l.Next)
}

// TestListThatFails: what fails before the first piece is a problem, what fails behind it cuts the response off.
func TestListThatFails(t *testing.T) {
	f, store, _ := newGiants(t, 8)
	store.failFrom.Store(1)
	require.Equal(t, http.StatusInternalServerError, f.call("GET", "/products/?limit=1000", "").Code)
	store.pages.Store(0)
	store.failFrom.Store(3)
	require.PanicsWithError(t, http.ErrAbortHandler.Error(), func() { f.call("GET", "/products/?limit=1000", "") })
	store.pages.Store(0)
	require.PanicsWithError(t, http.ErrAbortHandler.Error(),
		func() { f.call("GET", "/products/export.csv?attributes=a1,a2", "") })
}

// TestListOfABusyStore: what has begun waits for longer than what hasn't, but not for ever.
func TestListOfABusyStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, store, skus := newGiants(t, 8)
		busy := func(from, times int64) {
			store.pages.Store(0)
			store.busyFrom.Store(from)
			store.busyFor.Store(times)
		}
		busy(1, 1)
		require.Equal(t, http.StatusServiceUnavailable, f.call("GET", "/products/?limit=1000", "").Code)
		busy(2, 100)
		response := f.call("GET", "/products/?limit=1000", "")
		require.Equal(t, http.StatusOK, response.Code)
		require.Equal(t, skus, decode[list](t, response).skus())
		busy(3, 1_000_000)
		began := time.Now()
		require.PanicsWithError(t, http.ErrAbortHandler.Error(),
			func() { f.call("GET", "/products/export.csv?attributes=a1,a2", "") })
		require.InDelta(t, time.Minute, time.Since(began), float64(time.Second))
	})
}

// TestExportOfGiants: it is read in pieces of so many bytes.
func TestExportOfGiants(t *testing.T) {
	f, store, skus := newGiants(t, 9)
	records, err := csv.NewReader(f.call("GET", "/products/export.csv?attributes=a1", "").Body).ReadAll()
	require.NoError(t, err)
	require.Len(t, records, len(skus)+1)
	for i, sku := range skus {
		require.Equal(t, sku, records[i+1][1])
		require.Len(t, records[i+1][4], 60_000)
	}
	require.LessOrEqual(t, store.most.Load(), int64(products.MaxBytes))
}
