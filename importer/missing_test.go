package importer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// supplied is a store with products of two suppliers, all of them active but for every tenth.
func supplied(t *testing.T, n int) *memory.Products {
	t.Helper()
	fields, err := products.NewSchema(products.Field{Name: "supplier", Type: products.Text},
		products.Field{Name: "stock", Type: products.Integer, Rules: "gte=0"})
	require.NoError(t, err)
	store := memory.New(memory.Options{Fields: fields}).Products()
	var file strings.Builder
	file.WriteString("sku,name,status,supplier,stock\n")
	for i := range n {
		fmt.Fprintf(&file, "p-%d,name %d,%t,%s,1\n", i, i, i%10 != 9, []string{"acme", "other"}[i%2])
	}
	_, err = importer.Run(t.Context(), importer.Bytes(file.String()), store, importer.Options{})
	require.NoError(t, err)
	return store
}

// states are the SKUs of the products with their status and version.
func states(t *testing.T, store products.Store) (all []string) {
	t.Helper()
	q := products.Query{Limit: products.MaxLimit}
	for {
		page, err := store.List(t.Context(), q)
		require.NoError(t, err)
		for _, p := range page.Products {
			all = append(all, fmt.Sprintf("%s %t %d", p.SKU, p.Status, p.Version))
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return all
		}
	}
}

// allMissing is no limit.
var allMissing = &importer.MissingLimit{Share: 1}

// told collects what Options.Differences is given.
type told struct {
	mu  sync.Mutex
	all []string
}

func (d *told) differences(_ context.Context, batch int64, part []products.Difference) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range part {
		text := fmt.Sprint(batch, " ", one.Key, " ", one.Kept)
		for _, p := range []*products.Product{one.Before, one.After} {
			if p == nil {
				text += " nothing"
			} else {
				text += fmt.Sprintf(" %s %t", p.Name, p.Status)
			}
		}
		d.all = append(d.all, text)
	}
	return nil
}

func TestMissing(t *testing.T) {
	const file = "sku,name,stock\np-0,name 0,1\np-1,changed,2\np-1,name 1,1\np-2,name 2,-1\nnew,new,1\n"
	for name, c := range map[string]struct {
		file    string
		options importer.Options
		gone    []string // or inactive
		created int64
	}{
		"deactivate": {file: file, options: importer.Options{Missing: importer.MissingDeactivate},
			gone: []string{"p-3", "p-4", "p-5", "p-6", "p-7", "p-8"}, created: 1},
		"delete": {file: file, options: importer.Options{Missing: importer.MissingDelete},
			gone: []string{"p-3", "p-4", "p-5", "p-6", "p-7", "p-8", "p-9"}, created: 1},
		"keep": {file: file, created: 1},
		"within a scope": {file: file, options: importer.Options{Missing: importer.MissingDelete,
			Scope: []string{"supplier=other", "status=true"}}, gone: []string{"p-3", "p-5", "p-7"}, created: 1},
		"products that exist": {file: "sku,stock\np-0,5\nnew,1\n", options: importer.Options{Mode: products.Existing,
			Missing: importer.MissingDeactivate, Scope: []string{"supplier=acme"}}, gone: []string{"p-2", "p-4", "p-6", "p-8"}},
		"overwriting": {file: file, options: importer.Options{Mode: products.Update, Missing: importer.MissingDelete,
			Scope: []string{"stock__gte=1"}}, gone: []string{"p-3", "p-4", "p-5", "p-6", "p-7", "p-8", "p-9"}, created: 1},
		"fields in wrong columns": {file: "name,sku,stock\nx,p-0,1\na,b,p-1,1\np-2\n" + strings.Repeat("y,q,1\n", 40),
			options: importer.Options{Missing: importer.MissingDelete, Scope: []string{"stock=1"}},
			gone:    []string{"p-3", "p-4", "p-5", "p-6", "p-7", "p-8", "p-9"}, created: 1},
		"quotes out of place": {file: "sku,name,stock\np-0,\"a\"b,1\np-1,\"never closed,1\np-2,x,1\n\"p-3\",x,1\n",
			options: importer.Options{Missing: importer.MissingDelete, Quote: '"'},
			gone:    []string{"p-4", "p-5", "p-6", "p-7", "p-8", "p-9"}},
		"another spelling": {file: "sku;name\n p-0 ;x\n\"p-1\";x\n", options: importer.Options{
			Missing: importer.MissingDelete}, gone: []string{"p-2", "p-3", "p-4", "p-5", "p-6", "p-7", "p-8", "p-9"}},
		"nothing": {file: "sku,name\n", options: importer.Options{Missing: importer.MissingDelete},
			gone: []string{"p-0", "p-1", "p-2", "p-3", "p-4", "p-5", "p-6", "p-7", "p-8", "p-9"}},
	} {
		t.Run(name, func(t *testing.T) {
			store := supplied(t, 10)
			before := states(t, store)
			var tried, done told
			o := c.options
			if o.Missing != importer.MissingKeep {
				o.MaxMissing = allMissing
			}
			o.DryRun, o.Differences = true, tried.differences
			dry, err := importer.Run(t.Context(), importer.Bytes(c.file), store, o)
			require.NoError(t, err)
			require.Equal(t, before, states(t, store), "a dry run changes nothing")
			o.DryRun, o.Differences = false, done.differences
			result, err := importer.Run(t.Context(), importer.Bytes(c.file), store, o)
			require.NoError(t, err)
			require.Equal(t, dry.Counts, result.Counts, "a dry run counts the same")
			slices.Sort(tried.all)
			slices.Sort(done.all)
			require.Equal(t, tried.all, done.all, "a dry run tells of the same changes")

			n := result.Counts
			require.Equal(t, n.Read, n.Created+n.Updated+n.Unchanged+n.Skipped+n.Superseded+n.Rejected)
			require.EqualValues(t, len(c.gone), n.Missing)
			require.Equal(t, n.Missing, n.Deactivated+n.Deleted+n.Kept)
			require.Zero(t, n.Kept)
			require.Equal(t, c.created, n.Created)
			var gone []string
			for _, was := range before {
				sku, _, _ := strings.Cut(was, " ")
				after := states(t, store)
				i := slices.IndexFunc(after, func(is string) bool { return strings.HasPrefix(is, sku+" ") })
				if i < 0 || strings.Contains(was, "true 1") && after[i] == sku+" false 2" {
					gone = append(gone, sku)
				}
			}
			require.Equal(t, c.gone, gone)
		})
	}
}

// TestMissingLimit has catalogues of which a file lacks as much as it may, and one product more.
func TestMissingLimit(t *testing.T) {
	file := func(n int) importer.Source {
		var text strings.Builder
		text.WriteString("sku,name,status\nnew,new,true\n")
		for i := range n {
			fmt.Fprintf(&text, "p-%d,changed,true\n", i)
		}
		return importer.Bytes(text.String())
	}
	for _, c := range []struct {
		products, lack int
		limit          *importer.MissingLimit
		want           string
	}{
		{1_994, 30, nil, ""},
		{1_994, 1_000, nil, "1000 of 1994 within the scope, and at most 99 may be (5%); nothing was written"},
		{100, 5, nil, ""},
		{100, 6, nil, "6 of 100 within the scope, and at most 5 may be (5%); nothing was written"},
		{100, 29, &importer.MissingLimit{Share: 0.29}, ""},
		{100, 30, &importer.MissingLimit{Share: 0.29}, "30 of 100 within the scope, and at most 29 may be (29%)"},
		{100, 7, &importer.MissingLimit{Count: 7}, ""},
		{100, 8, &importer.MissingLimit{Count: 7}, "8 of 100 within the scope, and at most 7 may be; nothing was written"},
		{10, 1, &importer.MissingLimit{}, "1 of 10 within the scope, and at most 0 may be"},
	} {
		t.Run(fmt.Sprintf("%d of %d", c.lack, c.products), func(t *testing.T) {
			store := memory.New(memory.Options{}).Products()
			_, err := importer.Run(t.Context(), file(c.products), store, importer.Options{})
			require.NoError(t, err)
			require.NoError(t, store.Delete(t.Context(), 1, 0)) // the one that the file has and the catalogue hasn't
			before := states(t, store)
			for _, dry := range []bool{true, false} {
				kept := 0
				o := importer.Options{Mode: products.Update, Missing: importer.MissingDeactivate, MaxMissing: c.limit, DryRun: dry}
				o.Checkpoints.Save = func(context.Context, importer.Commit) error { return nil }
				o.Checkpoints.KeepMissing = func(context.Context, *importer.MissingPlan) error { kept++; return nil }
				result, err := importer.Run(t.Context(), file(c.products-c.lack), store, o)
				if c.want != "" {
					require.ErrorIs(t, err, importer.ErrTooManyMissing)
					require.ErrorContains(t, err, c.want)
					require.Zero(t, result.Counts)
					require.Zero(t, kept, "what isn't done isn't kept")
					require.Equal(t, before, states(t, store), "nothing is written")
					continue
				}
				require.NoError(t, err)
				require.EqualValues(t, c.lack, result.Deactivated)
				require.EqualValues(t, 1, result.Created)
			}
		})
	}
}

// missingPlans are checkpoints with a plan of what is missing.
type missingPlans struct {
	checkpoints
	plan *importer.MissingPlan
}

func (c *missingPlans) set(o importer.Options) importer.Options {
	o = c.checkpoints.set(o)
	o.Checkpoints.Missing = c.plan
	o.Checkpoints.KeepMissing = func(_ context.Context, plan *importer.MissingPlan) error {
		if c.plan != nil {
			return errors.New("a plan is made twice")
		}
		c.plan = plan
		return nil
	}
	return o
}

// interrupted is a store whose batches of missing products fail from one on.
type interrupted struct {
	*memory.Products
	before func(n int) error
	n      int
}

func (s *interrupted) RevertBatch(ctx context.Context, b *products.RevertBatch) (*products.BatchResult, error) {
	s.n++
	if err := s.before(s.n); err != nil {
		return nil, err
	}
	return s.Products.RevertBatch(ctx, b)
}

// TestMissingResumed breaks off before the file's batches, and before each batch of what is missing; meanwhile others
// change, delete and create products.
func TestMissingResumed(t *testing.T) {
	var text strings.Builder
	text.WriteString("sku,name,status\n")
	for i := range 500 {
		fmt.Fprintf(&text, "p-%d,changed,true\n", i)
	}
	file := importer.Bytes(text.String())
	for ends := range 4 {
		store := supplied(t, 3_000)
		kept := &missingPlans{checkpoints: checkpoints{done: map[int64]importer.Commit{}}}
		o := importer.Options{Mode: products.Update, BatchRecords: 100, Missing: importer.MissingDelete, MaxMissing: allMissing}
		crash := errors.New("crash")
		first := &interrupted{Products: store, before: func(n int) error {
			if n == ends {
				return crash
			}
			return nil
		}}
		o1 := kept.set(o)
		if ends == 0 {
			save := o1.Checkpoints.Save
			o1.Checkpoints.Save = func(ctx context.Context, done importer.Commit) error {
				if done.Batch == 3 {
					return crash
				}
				return save(ctx, done)
			}
		}
		_, err := importer.Run(t.Context(), file, first, o1)
		require.ErrorIs(t, err, crash)
		require.NotNil(t, kept.plan)
		require.Len(t, kept.plan.Products, 2_500)

		_, err = store.Create(t.Context(), products.Product{SKU: "others", Name: "others"})
		require.NoError(t, err)
		gone := kept.plan.Products[2_499]
		require.NoError(t, store.Delete(t.Context(), gone.ID, 0))
		changed := kept.plan.Products[2_498]
		name := "by hand"
		_, err = store.Update(t.Context(), changed.ID, 0, products.Patch{Name: &name})
		require.NoError(t, err)

		result, err := importer.Run(t.Context(), file, store, kept.set(o))
		require.NoError(t, err)
		require.Equal(t, result.Counts, kept.sum().Counts)
		require.EqualValues(t, 2_500, result.Missing)
		require.EqualValues(t, 2_498, result.Deleted)
		require.EqualValues(t, 2, result.Kept, "what others changed and deleted is kept")
		require.EqualValues(t, 500, result.Updated)
		page, err := store.List(t.Context(), products.Query{Search: "others"})
		require.NoError(t, err)
		require.EqualValues(t, 1, page.Count, "what others created meanwhile is not touched")
		got, err := store.Get(t.Context(), changed.ID)
		require.NoError(t, err)
		require.Equal(t, name, got.Name)
		require.Len(t, states(t, store), 502)

		// A plan of other products is none of this import.
		done := kept.set(o)
		done.Checkpoints.Missing = &importer.MissingPlan{Products: kept.plan.Products[:10]}
		_, err = importer.Run(t.Context(), file, store, done)
		require.ErrorIs(t, err, importer.ErrSourceChanged)
	}
}

// TestMissingMeanwhile lets others work while the import writes.
func TestMissingMeanwhile(t *testing.T) {
	store := supplied(t, 10)
	all, err := store.List(t.Context(), products.Query{})
	require.NoError(t, err)
	name := "by hand"
	var d told
	o := importer.Options{Missing: importer.MissingDeactivate, MaxMissing: allMissing, Differences: d.differences}
	s := &interrupted{Products: store, before: func(int) error {
		_, err := store.Create(t.Context(), products.Product{SKU: "others", Name: "others", Status: true})
		require.NoError(t, err)
		_, err = store.Update(t.Context(), all.Products[7].ID, 0, products.Patch{Name: &name})
		require.NoError(t, err)
		return nil
	}}
	result, err := importer.Run(t.Context(), importer.Bytes("sku,name\np-0,x\n"), s, o)
	require.NoError(t, err)
	require.EqualValues(t, 8, result.Missing)
	require.EqualValues(t, 7, result.Deactivated)
	require.EqualValues(t, 1, result.Kept)
	require.Contains(t, d.all, "2 p-7 changed by hand true by hand true", "what is kept is told of, with the reason")
	require.Contains(t, states(t, store), "others true 1")
	require.Contains(t, states(t, store), "p-7 true 2")
}

// TestMissingEnds stops and cancels imports while keys are read and while batches are written.
func TestMissingEnds(t *testing.T) {
	file := importer.Bytes("sku,name\np-0,x\n")
	for name, c := range map[string]struct {
		inKeys, stops bool
	}{"stopped while keys are read": {true, true}, "stopped while batches are written": {false, true},
		"cancelled while keys are read": {true, false}, "cancelled while batches are written": {false, false}} {
		t.Run(name, func(t *testing.T) {
			store := &halting{Products: supplied(t, 3_500)}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			stop := make(chan struct{})
			end := sync.OnceFunc(func() {
				if c.stops {
					close(stop)
				} else {
					cancel()
				}
			})
			if c.inKeys {
				store.key = end
			} else {
				store.batch = end
			}
			kept := &missingPlans{checkpoints: checkpoints{done: map[int64]importer.Commit{}}}
			o := importer.Options{Missing: importer.MissingDelete, MaxMissing: allMissing}
			first := kept.set(o)
			first.Stop = stop
			_, err := importer.Run(ctx, file, store, first)
			if c.stops {
				require.ErrorIs(t, err, importer.ErrStopped)
			} else {
				require.ErrorIs(t, err, context.Canceled)
			}
			require.Equal(t, c.inKeys, kept.plan == nil)
			require.Less(t, kept.sum().Counts.Missing, int64(3_499))
			result, err := importer.Run(t.Context(), file, store.Products, kept.set(o))
			require.NoError(t, err)
			require.EqualValues(t, 3_499, result.Deleted)
			require.Equal(t, []string{"p-0 true 1"}, states(t, store.Products))
		})
	}
}

// halting calls a function before it gives the first key, or takes the first batch back.
type halting struct {
	*memory.Products
	key, batch func()
}

func (s *halting) EachKey(ctx context.Context, q products.Query, each func(products.KeyVersion) error) error {
	if s.key != nil {
		s.key()
	}
	return s.Products.EachKey(ctx, q, each)
}

func (s *halting) RevertBatch(ctx context.Context, b *products.RevertBatch) (*products.BatchResult, error) {
	result, err := s.Products.RevertBatch(ctx, b)
	if s.batch != nil {
		s.batch()
	}
	return result, err
}

// writeOnly is a store that can't be kept in step.
type writeOnly struct{ importer.Store }

func TestMissingOptions(t *testing.T) {
	schema := supplied(t, 1).Schema()
	save := importer.Checkpoints{Save: func(context.Context, importer.Commit) error { return nil }}
	for want, o := range map[string]importer.Options{
		"Missing is unknown":          {Missing: 3},
		"MaxMissing bounds how many":  {MaxMissing: allMissing},
		"Scope says which products":   {Scope: []string{"supplier=acme"}},
		"MaxMissing is out of bounds": {Missing: importer.MissingDelete, MaxMissing: &importer.MissingLimit{Share: 2}},
		`Scope has a filter that can't be taken: there is no field "vendor" to filter by: want one of supplier, stock`: {
			Missing: importer.MissingDelete, Scope: []string{"vendor=acme"}},
		"want FIELD=VALUE":                     {Missing: importer.MissingDelete, Scope: []string{"acme"}},
		"has only products that aren't active": {Missing: importer.MissingDeactivate, Scope: []string{"status=false"}},
		"Checkpoints must have a KeepMissing":  {Missing: importer.MissingDelete, Checkpoints: save},
	} {
		var bad *importer.OptionError
		require.ErrorAs(t, o.Validate(schema), &bad, want)
		require.ErrorContains(t, bad, want)
	}
	_, err := importer.Run(t.Context(), importer.Bytes("sku,name\n"), writeOnly{supplied(t, 1)},
		importer.Options{Missing: importer.MissingDelete})
	require.ErrorContains(t, err, "this store is no products.KeyReader")

	var m importer.MissingMode
	for _, text := range []string{"keep", "deactivate", "delete"} {
		require.NoError(t, m.UnmarshalText([]byte(text)))
		back, err := m.MarshalText()
		require.NoError(t, err)
		require.Equal(t, text, string(back))
	}
	require.ErrorContains(t, m.UnmarshalText([]byte("drop")), "want keep, deactivate, delete")
	var l importer.MissingLimit
	for text, want := range map[string]importer.MissingLimit{"7": {Count: 7}, "0": {}, "2.5%": {Share: 0.025}} {
		require.NoError(t, l.UnmarshalText([]byte(text)))
		require.Equal(t, want, l)
		back, err := l.MarshalText()
		require.NoError(t, err)
		require.Equal(t, text, string(back))
	}
	require.NoError(t, l.UnmarshalText([]byte("0%")))
	require.Equal(t, importer.MissingLimit{}, l)
	for _, text := range []string{"", "-1", "101%", "-1%", "many"} {
		require.ErrorContains(t, l.UnmarshalText([]byte(text)), "limit of missing products", text)
	}
}

// breaking is a store that breaks the contract for what is missing.
type breaking struct {
	*memory.Products
	breaks func(b *products.RevertBatch)
	after  func(r *products.BatchResult)
}

func (s *breaking) RevertBatch(ctx context.Context, b *products.RevertBatch) (*products.BatchResult, error) {
	edited := *b
	if s.breaks != nil {
		s.breaks(&edited)
	}
	result, err := s.Products.RevertBatch(ctx, &edited)
	if err == nil && s.after != nil {
		s.after(result)
	}
	return result, err
}

func TestMissingContract(t *testing.T) {
	for name, c := range map[string]struct {
		breaks func(b *products.RevertBatch)
		after  func(r *products.BatchResult)
	}{
		"forgets BeforeCommit":  {breaks: func(b *products.RevertBatch) { b.BeforeCommit = nil }},
		"forgets an outcome":    {after: func(r *products.BatchResult) { r.Outcomes = r.Outcomes[1:] }},
		"has another outcome":   {after: func(r *products.BatchResult) { r.Outcomes[0] = products.Skipped }},
		"deactivates instead":   {after: func(r *products.BatchResult) { r.Outcomes[0] = products.Updated }},
		"changes its mind":      {after: func(r *products.BatchResult) { r.Outcomes[0] = products.Kept }},
		"commits in a dry run!": {breaks: func(b *products.RevertBatch) { b.DryRun = false }},
	} {
		t.Run(name, func(t *testing.T) {
			store := &breaking{Products: supplied(t, 5), breaks: c.breaks, after: c.after}
			_, err := importer.Run(t.Context(), importer.Bytes("sku,name\np-0,x\n"), store, importer.Options{
				Missing: importer.MissingDelete, MaxMissing: allMissing, DryRun: strings.HasSuffix(name, "!")})
			require.ErrorIs(t, err, importer.ErrStoreContract)
		})
	}
}

// lacking is a file of n records in any order of their SKUs, without every so many-th.
type lacking struct{ n, every int }

func (f lacking) Size() int64 { return -1 }

func (f lacking) Open(context.Context) (io.ReadCloser, error) {
	r, w := io.Pipe()
	go func() {
		buf := []byte("sku,name,description\n")
		for i := range f.n {
			if f.every == 0 || i%f.every != 0 {
				buf = fmt.Appendf(buf, "SKU-%08d,Product number %d,A description of the product that says what it is\n",
					i*7919%f.n, i)
			}
			if len(buf) > 64<<10 || i == f.n-1 {
				if _, err := w.Write(buf); err != nil {
					return
				}
				buf = buf[:0]
			}
		}
		_ = w.Close()
	}()
	return r, nil
}
