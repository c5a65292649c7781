package job_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// full stores n products "full-0" and so on that can't grow.
func (w *world) full(n int) {
	w.t.Helper()
	for i := range n {
		p := products.Product{SKU: fmt.Sprint("full-", i), Name: "Full", Attributes: map[string]string{}}
		for i := 0; p.Bytes() < products.MaxBytes; i++ {
			name := fmt.Sprint("a", i)
			p.Attributes[name] = strings.Repeat("x",
				min(products.MaxAttributeValue, products.MaxBytes-p.Bytes()-len(name)))
		}
		_, err := w.db.Products().Create(w.t.Context(), p)
		require.NoError(w.t, err)
	}
}

// growing is a file of 100 records that has a record for each of three products that can't grow, and a broken one.
func growing() string {
	var b strings.Builder
	b.WriteString("sku,name,color\n")
	for i := range 100 {
		switch i {
		case 15, 16, 77:
			fmt.Fprintf(&b, "full-%d,\"Full, and more\",blue\n", i%5)
		case 40:
			b.WriteString("x,,red\n")
		default:
			fmt.Fprintf(&b, "sku-%d,Name,green\n", i)
		}
	}
	return b.String()
}

const growingRejects = "\ufeffsku,name,color,_line,_column,_code,_reason\n" +
	"x,,red,42,name,empty,name must not be empty\n" +
	"full-0,\"Full, and more\",blue,17,,too_large,\"with this record the product \"\"full-0\"\" would be larger than " +
	"1048576 bytes, or have more than 2000 attributes: it is left as it is stored\"\n" +
	"full-1,\"Full, and more\",blue,18,,too_large,\"with this record the product \"\"full-1\"\" would be larger than " +
	"1048576 bytes, or have more than 2000 attributes: it is left as it is stored\"\n" +
	"full-2,\"Full, and more\",blue,79,,too_large,\"with this record the product \"\"full-2\"\" would be larger than " +
	"1048576 bytes, or have more than 2000 attributes: it is left as it is stored\"\n"

// TestRejectsOfTheStore: records that the store of products refuses come behind the others in the file of rejects, once
// each, wherever the worker was killed, and can be imported again from there.
func TestRejectsOfTheStore(t *testing.T) {
	settings := job.Settings{Mode: products.Update, Extra: "keep"}
	for _, afterCommit := range []bool{false, true} {
		for at := int64(1); at <= 6; at++ {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.full(3)
				id := w.submit(growing(), settings).ID
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				process := &mortal{Store: w.db.Jobs()}
				store := killing(w, at, afterCommit, func() { process.dead.Store(true); cancel() })
				first := w.runner(process, nil, store, job.RunnerOptions{})
				_, err := first.Run(ctx, w.claim(first), nil)
				if at == 6 {
					require.NoError(t, err, "there are five batches")
				} else {
					require.Error(t, err)
					time.Sleep(time.Minute)
					w.work(w.runner(nil, nil, nil, job.RunnerOptions{}))
				}
				j := w.get(id)
				require.Equal(t, job.Success, j.State, j.Error)
				require.EqualValues(t, 4, j.Event.Rejected)
				require.Equal(t, map[importer.Code]int64{importer.CodeEmpty: 1, importer.CodeTooLarge: 3}, j.Rejects)
				require.Equal(t, growingRejects, w.rejects(id))
			})
		}
	}
}

// TestRejectsAreMended: what the store refused is imported from the file of rejects once there is room.
func TestRejectsAreMended(t *testing.T) {
	w := newWorld(t)
	w.full(3)
	r := w.runner(nil, nil, nil, job.RunnerOptions{})
	settings := job.Settings{Mode: products.Update, Extra: "keep"}
	id := w.submit(growing(), settings).ID
	require.Equal(t, job.Success, w.work(r).State)
	page, err := w.db.Products().List(t.Context(), products.Query{SKU: "full-1"})
	require.NoError(t, err)
	_, err = w.db.Products().Update(t.Context(), page.Products[0].ID, 0,
		products.Patch{Attributes: map[string]*string{"a0": nil}})
	require.NoError(t, err)
	again := w.submit(w.rejects(id), settings).ID
	require.Equal(t, job.Success, w.work(r).State)
	require.EqualValues(t, 1, w.get(again).Event.Updated)
	require.NotContains(t, w.rejects(again), "full-1")
	require.Contains(t, w.rejects(again), "full-2")
	require.Equal(t, "Full, and more", w.table()["full-1"].Name)

	settings.DryRun = true
	dry := w.submit(growing(), settings).ID
	require.Equal(t, job.Success, w.work(r).State)
	require.EqualValues(t, 3, w.get(dry).Event.Rejected, "full-1 has room")
	require.Equal(t, growingRejects[:strings.Index(growingRejects, "full-0")], w.rejects(dry),
		"nothing is kept of a dry run")
}
