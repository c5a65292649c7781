package importer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/charset"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// outcome is what an import did, in a form that tests can write down.
type outcome struct {
	counts  progress.Counts
	rejects []string // "line/last line+offset column code"
	reasons []string
	lost    []string // "line->winner"
}

// doImport imports the text and checks what holds for every import.
func doImport(t testing.TB, store importer.Store, text string, o importer.Options) (outcome, *importer.Result, error) {
	t.Helper()
	var out outcome
	o.OnReject = func(r importer.Reject) error {
		out.rejects = append(out.rejects, fmt.Sprintf("%d/%d+%d %s %s", r.Line, r.LastLine, r.Offset, r.Column, r.Code))
		out.reasons = append(out.reasons, r.Reason)
		return nil
	}
	if o.OnSuperseded == nil {
		o.OnSuperseded = func(s importer.Superseded) error {
			out.lost = append(out.lost, fmt.Sprintf("%d->%d", s.Line, s.Winner))
			return nil
		}
	}
	result, err := importer.Run(t.Context(), importer.Bytes(text), store, o)
	require.NotNil(t, result, "Run returns a result, with an error too")
	out.counts = result.Counts
	c := result.Counts
	require.Equal(t, c.Read, c.Created+c.Updated+c.Unchanged+c.Skipped+c.Superseded+c.Rejected, "the counts add up")
	return out, result, err
}

// catalogue lists the store's products as "sku|name|description|status", by ID.
func catalogue(t testing.TB, store products.Reader) (lines []string) {
	t.Helper()
	q := products.Query{Limit: products.MaxLimit}
	for {
		page, err := store.List(t.Context(), q)
		require.NoError(t, err)
		for _, p := range page.Products {
			lines = append(lines, fmt.Sprintf("%s|%s|%s|%t", p.SKU, p.Name, p.Description, p.Status))
		}
		if q.Cursor = page.Next; page.Next == "" {
			return lines
		}
	}
}

func TestRun(t *testing.T) {
	for _, c := range []struct {
		name    string
		before  string // imported first
		text    string
		options importer.Options
		counts  progress.Counts
		want    []string // the catalogue
		rejects []string
		lost    []string
	}{
		{
			name:   "a clean file",
			text:   "name,sku,description\nShirt,s1,Blue\nShoe,s2,\n",
			counts: progress.Counts{Read: 2, Created: 2},
			want:   []string{"s1|Shirt|Blue|false", "s2|Shoe||false"},
		},
		{
			name:   "quotes, line breaks in fields, CRLF, no line end at the end",
			text:   "sku,name,description\r\ns1,\"a \"\"b\"\" c\",\"one\r\ntwo\nthree\"\r\ns2,x,\"\"",
			counts: progress.Counts{Read: 2, Created: 2},
			want:   []string{"s1|a \"b\" c|one\r\ntwo\nthree|false", "s2|x||false"},
		},
		{
			name:   "a byte order mark, empty lines",
			text:   "\ufeffsku,name\n\ns1,x\n\n\r\ns2,y\n\n",
			counts: progress.Counts{Read: 2, Created: 2},
			want:   []string{"s1|x||false", "s2|y||false"},
		},
		{
			name:   "header names of shops, in any order and case; status",
			text:   "PUBLISHED,Body (HTML),Variant SKU,Title\nyes,b,s1,t\n Archived ,b,s2,t\n,b,s3,t\n",
			counts: progress.Counts{Read: 3, Created: 3},
			want:   []string{"s1|t|b|true", "s2|t|b|false", "s3|t|b|false"},
		},
		{
			name:   "only a header",
			text:   "sku,name\n",
			counts: progress.Counts{},
		},
		{
			name: "every kind of reject",
			text: "sku,name,status\n,n,1\ns2,,1\ns3,n,maybe\ns4\ns5,n,1,extra\ns6,\"n,1\ns7,n\xff,1\ns8,n\x00,1\n" +
				strings.Repeat("x", 256) + ",n,1\ns10,n,1\n",
			counts: progress.Counts{Read: 10, Created: 1, Rejected: 9},
			want:   []string{"s10|n||true"},
			rejects: []string{"2/2+16 sku empty", "3/3+21 name empty", "4/4+27 status bad_boolean",
				"5/5+38 name missing_column", "6/6+41  field_count", "7/7+54  bad_quote", "8/8+62 name invalid_utf8",
				"9/9+70 name bad_character", "10/10+78 sku too_long"},
		},
		{
			name:   "ignore: what exists is left alone, the first record of a SKU wins",
			before: "sku,name\ns1,old\n",
			text:   "sku,name\ns1,new\ns2,first\ns2,second\ns1,again\n s2 ,third\n",
			counts: progress.Counts{Read: 5, Created: 1, Skipped: 1, Superseded: 3},
			want:   []string{"s1|old||false", "s2|first||false"},
			lost:   []string{"4->3", "5->2", "6->3"},
		},
		{
			name:    "update: the last record of a SKU wins, what is the same is not written",
			before:  "sku,name,description,status\ns1,old,d,1\ns2,same,d,1\n",
			text:    "sku,name\ns1,new\ns2,x\ns3,first\ns3,last\ns2,same\n",
			options: importer.Options{Mode: products.Update},
			counts:  progress.Counts{Read: 5, Created: 1, Updated: 1, Unchanged: 1, Superseded: 2},
			want:    []string{"s1|new|d|true", "s2|same|d|true", "s3|last||false"},
			lost:    []string{"3->6", "4->5"},
		},
		{
			name:    "update: an empty description clears it, an empty status leaves it",
			before:  "sku,name,description,status\ns1,n,d,1\n",
			text:    "sku,name,description,status\ns1,n,,\n",
			options: importer.Options{Mode: products.Update},
			counts:  progress.Counts{Read: 1, Updated: 1},
			want:    []string{"s1|n||true"},
		},
		{
			name:    "an invalid record doesn't supersede",
			text:    "sku,name\ns1,good\ns1,\n",
			options: importer.Options{Mode: products.Update},
			counts:  progress.Counts{Read: 2, Created: 1, Rejected: 1},
			want:    []string{"s1|good||false"},
			rejects: []string{"3/3+17 name empty"},
		},
		{
			name:    "no header: by position",
			text:    "Shirt,s1,Blue\nShoe,s2,Red\n",
			options: importer.Options{Header: importer.HeaderNo},
			counts:  progress.Counts{Read: 2, Created: 2},
			want:    []string{"s1|Shirt|Blue|false", "s2|Shoe|Red|false"},
		},
		{
			name:    "a header to pass over",
			text:    "foo,bar,baz\nShoe,s2,Red\n",
			options: importer.Options{Header: importer.HeaderSkip},
			counts:  progress.Counts{Read: 1, Created: 1},
			want:    []string{"s2|Shoe|Red|false"},
		},
		{
			name:    "an explicit mapping, by name and by number",
			text:    "sku,Article,name,Label\nx,s1,y,l1\n",
			options: importer.Options{Map: map[string]string{"sku": "article", "name": "4"}},
			counts:  progress.Counts{Read: 1, Created: 1},
			want:    []string{"s1|l1||false"},
		},
		{
			name:   "columns at the end that nobody needs may be missing",
			text:   "sku,name,a,b\ns1,n\ns2,n,1,2\ns3,n\n",
			counts: progress.Counts{Read: 3, Created: 3},
			want:   []string{"s1|n||false", "s2|n||false", "s3|n||false"},
		},
		{
			name:   "going on after a stray quote",
			text:   "sku,name\ns1,ok\ns2,\"never closed\ns3,ok\ns4,ok\n",
			counts: progress.Counts{Read: 4, Created: 3, Rejected: 1},
			want:   []string{"s1|ok||false", "s3|ok||false", "s4|ok||false"}, rejects: []string{"3/3+15  bad_quote"},
		},
		{
			name:   "the escape for spreadsheets is removed, and nothing else",
			text:   "sku,name,description\n'-1,'=1+1,''@x\ns2,'quoted',it's\n",
			counts: progress.Counts{Read: 2, Created: 2},
			want:   []string{"-1|=1+1|'@x|false", "s2|'quoted'|it's|false"},
		},
		{
			name:    "dry run",
			before:  "sku,name\ns1,old\n",
			text:    "sku,name\ns1,new\ns2,n\ns2,m\n,x\n",
			options: importer.Options{DryRun: true, Mode: products.Update},
			counts:  progress.Counts{Read: 4, Created: 1, Updated: 1, Superseded: 1, Rejected: 1},
			want:    []string{"s1|old||false"},
			rejects: []string{"5/5+26 sku empty"},
			lost:    []string{"3->4"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := memory.New(memory.Options{}).Products()
			if c.before != "" {
				_, _, err := doImport(t, store, c.before, importer.Options{})
				require.NoError(t, err)
			}
			got, result, err := doImport(t, store, c.text, c.options)
			require.NoError(t, err)
			require.Equal(t, c.counts, got.counts)
			require.Equal(t, c.want, catalogue(t, store))
			require.Equal(t, c.rejects, got.rejects)
			require.Equal(t, c.lost, got.lost)
			require.EqualValues(t, len(c.text), result.Bytes, "the whole file is behind the import")
			require.Positive(t, result.Elapsed)
		})
	}
}

func TestReasonsNameFieldRuleAndValue(t *testing.T) {
	text := "SKU,Title,Published\ns1,  ,1\n" + strings.Repeat("ä", 256) + ",n,1\ns3,n,perhaps\ns4\n"
	got, _, err := doImport(t, memory.New(memory.Options{}).Products(), text, importer.Options{})
	require.NoError(t, err)
	for i, words := range [][]string{
		{"name", "empty"}, {"sku", "255 characters", "256", "ä"}, {"Published", `"perhaps"`, "yes"},
		{"1 of 3 fields", "Title"},
	} {
		for _, word := range words {
			require.Contains(t, got.reasons[i], word)
		}
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, text string
		options    importer.Options
		words      []string
	}{
		{"empty", "", importer.Options{}, []string{"is empty"}},
		{"only line ends", "\n\r\n\n", importer.Options{}, []string{"is empty"}},
		{"no known name", "a,b\n1,2\n", importer.Options{}, []string{`"a", "b"`, "sku and name"}},
		{"no SKU", "name,price\n1,2\n", importer.Options{}, []string{"no column for sku", `"name", "price"`}},
		{"two columns of one name", "sku,name,Name\n1,2,3\n", importer.Options{}, []string{"columns 2 and 3", "name"}},
		{"a mapping to nowhere", "sku,name\n", importer.Options{Map: map[string]string{"status": "Live"}},
			[]string{`"Live"`, "status"}},
		{"one column for two fields", "sku,name\n",
			importer.Options{Map: map[string]string{"status": "name", "name": "name"}}, []string{`"name"`, "both"}},
		{"too few columns without a header", "x\n", importer.Options{Header: importer.HeaderNo},
			[]string{"name,sku,description", "has 1"}},
		{"binary", "MZ\x00\x00\x00\x00\x01\n", importer.Options{}, []string{"binary"}},
		{"a picture", "\x89PNG\r\n\x1a\n", importer.Options{}, []string{"picture"}},
		{"gzip", "\x1f\x8b\x08", importer.Options{}, []string{"gzip"}},
		{"UTF-16 with a mark that the encoding contradicts", "\xff\xfes\x00k\x00",
			importer.Options{Encoding: charset.UTF8}, []string{"utf-16le", "utf-8"}},
		{"a header that is no text", "sku,na\xffme\n", importer.Options{}, []string{"column 2", "UTF-8"}},
		{"a quote in the header", "sku,na\"me\n", importer.Options{}, []string{"line 1, its first record"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := &countingStore{Store: memory.New(memory.Options{}).Products()}
			_, _, err := doImport(t, store, c.text, c.options)
			require.ErrorIs(t, err, importer.ErrInput)
			for _, word := range c.words {
				require.ErrorContains(t, err, word)
			}
			require.NotContains(t, err.Error(), "\n", "one line")
			require.Zero(t, store.batches, "nothing is written")
		})
	}
}

func TestBadOptionsAreNamed(t *testing.T) {
	for field, o := range map[string]importer.Options{
		"Writers":        {Writers: -1},
		"BatchRecords":   {BatchRecords: 2_000_000},
		"MaxRecordBytes": {MaxRecordBytes: 1},
		"Delimiter":      {Delimiter: '"'},
		"Mode":           {Mode: 7},
		"Header":         {Header: 9},
		"Extra":          {Extra: 9},
		"LeaveOut":       {LeaveOut: []string{"a", " "}},
		"Encoding":       {Encoding: 99},
		"Quote":          {Quote: 'x'},
		"Escape":         {Escape: 'x'},
		"MaxRejects":     {MaxRejects: &importer.RejectLimit{Share: 2}},
		"Map":            {Map: map[string]string{"price": "x"}},
	} {
		_, err := importer.Run(t.Context(), importer.Bytes("sku,name\n"), memory.New(memory.Options{}).Products(), o)
		require.ErrorContains(t, err, "Options."+field)
		var bad *importer.OptionError
		require.ErrorAs(t, o.Validate(products.Standard()), &bad)
		require.Equal(t, field, bad.Field)
		require.Equal(t, err.Error(), bad.Error())
	}
	require.NoError(t, importer.Options{}.Validate(products.Standard()))
	_, err := importer.Run(t.Context(), nil, memory.New(memory.Options{}).Products(), importer.Options{})
	require.ErrorContains(t, err, "no source")
	_, err = importer.Run(t.Context(), importer.Bytes("x"), nil, importer.Options{})
	require.ErrorContains(t, err, "no store")
}

func TestLimitOnRejects(t *testing.T) {
	text := "sku,name\n" + strings.Repeat(",bad\n", 10) + strings.Repeat("s,good\n", 90)
	for limit, fails := range map[string]bool{"9": true, "10": false, "9.9%": true, "10%": false, "0": true,
		"100%": false} {
		var l importer.RejectLimit
		require.NoError(t, l.UnmarshalText([]byte(limit)))
		store := &countingStore{Store: memory.New(memory.Options{}).Products()}
		_, result, err := doImport(t, store, text, importer.Options{MaxRejects: &l})
		if !fails {
			require.NoError(t, err, limit)
			require.EqualValues(t, 10, result.Rejects[importer.CodeEmpty])
			continue
		}
		require.ErrorIs(t, err, importer.ErrTooManyRejects, limit)
		require.Zero(t, store.batches, "nothing is written")
	}
}

// countingStore counts the batches, and can do something before each.
type countingStore struct {
	importer.Store
	batches int
	before  func(*products.Batch) error
}

func (s *countingStore) WriteBatch(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
	s.batches++
	if s.before != nil {
		if err := s.before(b); err != nil {
			return nil, err
		}
	}
	return s.Store.WriteBatch(ctx, b)
}

func lines(n int) string {
	var b strings.Builder
	b.WriteString("sku,name\n")
	for i := range n {
		fmt.Fprintf(&b, "s%d,n\n", i)
	}
	return b.String()
}

func TestStoreErrorEndsTheImport(t *testing.T) {
	db := memory.New(memory.Options{})
	broken := errors.New("disk on fire")
	store := &countingStore{Store: db.Products(), before: func(b *products.Batch) error {
		if b.Number == 3 {
			return broken
		}
		return nil
	}}
	_, result, err := doImport(t, store, lines(100), importer.Options{BatchRecords: 10, Writers: 1})
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "batch 3, lines 22 to 31")
	require.EqualValues(t, 20, result.Created, "the result counts what was committed")
	require.Len(t, catalogue(t, db.Products()), 20)
}

func TestCancelEndsTheImport(t *testing.T) {
	db := memory.New(memory.Options{})
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("changed my mind")
	store := &countingStore{Store: db.Products(), before: func(b *products.Batch) error {
		if b.Number == 3 {
			cancel(why)
		}
		return nil
	}}
	result, err := importer.Run(ctx, importer.Bytes(lines(1000)), store, importer.Options{BatchRecords: 10, Writers: 1})
	require.ErrorIs(t, err, why)
	require.EqualValues(t, len(catalogue(t, db.Products())), result.Created)
	require.Less(t, result.Created, int64(1000))

	store.batches = 0
	_, err = importer.Run(ctx, importer.Bytes(lines(10)), store, importer.Options{})
	require.ErrorIs(t, err, why)
	require.Zero(t, store.batches)
}

// hanging is a source whose Read waits until it is closed.
type hanging struct{ closed chan struct{} }

func (h *hanging) Open(context.Context) (io.ReadCloser, error) { return h, nil }
func (h *hanging) Size() int64                                 { return -1 }
func (h *hanging) Read([]byte) (int, error)                    { <-h.closed; return 0, io.ErrClosedPipe }
func (h *hanging) Close() error {
	select {
	case <-h.closed:
	default:
		close(h.closed)
	}
	return nil
}

func TestCancelEndsAReadThatHangs(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	source := &hanging{closed: make(chan struct{})}
	done := make(chan error)
	go func() {
		_, err := importer.Run(ctx, source, memory.New(memory.Options{}).Products(), importer.Options{})
		done <- err
	}()
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}

// shifting gives other bytes each time.
type shifting struct{ opened int }

func (s *shifting) Open(context.Context) (io.ReadCloser, error) {
	s.opened++
	return io.NopCloser(strings.NewReader(fmt.Sprintf("sku,name\ns%d,n\n", s.opened))), nil
}
func (s *shifting) Size() int64 { return -1 }

func TestSourceThatChangesIsNoticed(t *testing.T) {
	_, err := importer.Run(t.Context(), &shifting{}, memory.New(memory.Options{}).Products(), importer.Options{})
	require.ErrorIs(t, err, importer.ErrSourceChanged)
}

func TestFunctionErrorsEndTheImport(t *testing.T) {
	full := errors.New("no space left")
	for name, o := range map[string]importer.Options{
		"OnHeader":     {OnHeader: func([]string) error { return full }},
		"OnDialect":    {OnDialect: func(importer.Dialect) error { return full }},
		"OnReject":     {OnReject: func(importer.Reject) error { return full }},
		"OnSuperseded": {OnSuperseded: func(importer.Superseded) error { return full }},
		"Notifier":     {Notifier: notifier(func(context.Context, importer.Changes) error { return full })},
	} {
		db := memory.New(memory.Options{})
		_, err := importer.Run(t.Context(), importer.Bytes("sku,name\ns,n\ns,n\n,n\n"), db.Products(), o)
		require.ErrorIs(t, err, full, name)
		require.Empty(t, catalogue(t, db.Products()), name)
	}
}

type notifier func(context.Context, importer.Changes) error

func (f notifier) NotifyBatch(ctx context.Context, c importer.Changes) error { return f(ctx, c) }

func TestNotifierIsToldWhatChanged(t *testing.T) {
	store := memory.New(memory.Options{}).Products()
	var told []string
	o := importer.Options{Mode: products.Update, Writers: 1, BatchRecords: 2,
		Notifier: notifier(func(_ context.Context, c importer.Changes) error {
			for _, p := range c.Created {
				told = append(told, fmt.Sprintf("%d created %s v%d", c.Batch, p.SKU, p.Version))
			}
			for _, p := range c.Updated {
				told = append(told, fmt.Sprintf("%d updated %s v%d", c.Batch, p.SKU, p.Version))
			}
			return nil
		})}
	_, _, err := doImport(t, store, "sku,name\na,1\nb,1\nc,1\n", o)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"1 created a v1", "1 created b v1", "2 created c v1"}, told)
	told = nil
	_, _, err = doImport(t, store, "sku,name\na,1\nb,1\nc,2\n", o)
	require.NoError(t, err)
	require.Equal(t, []string{"2 updated c v2"}, told, "nothing is told of what is unchanged")
	told = nil
	o.DryRun = true
	_, _, err = doImport(t, store, "sku,name\na,9\n", o)
	require.NoError(t, err)
	require.Empty(t, told, "nor in a dry run")
}

// listener is a notifier that wants to know at times.
type listener struct {
	notifier
	wants func() (bool, error)
}

func (l listener) Wants(context.Context) (bool, error) { return l.wants() }

// wanting is a store that counts the batches whose changes are wanted.
type wanting struct {
	importer.Store
	wanted []bool
}

func (w *wanting) WriteBatch(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
	w.wanted = append(w.wanted, b.Changed != nil)
	return w.Store.WriteBatch(ctx, b)
}

func TestListenerIsAskedForEveryBatch(t *testing.T) {
	store := &wanting{Store: memory.New(memory.Options{}).Products()}
	var asked, told int
	o := importer.Options{Writers: 1, BatchRecords: 2, Notifier: listener{
		func(context.Context, importer.Changes) error { told++; return nil },
		func() (bool, error) { asked++; return asked == 2, nil },
	}}
	_, err := importer.Run(t.Context(), importer.Bytes("sku,name\na,1\nb,1\nc,1\nd,1\ne,1\n"), store, o)
	require.NoError(t, err)
	require.Equal(t, []bool{false, true, false}, store.wanted)
	require.Equal(t, 1, told)

	failed := errors.New("nobody knows")
	o.Notifier = listener{nil, func() (bool, error) { return false, failed }}
	_, err = importer.Run(t.Context(), importer.Bytes("sku,name\nf,1\n"), store, o)
	require.ErrorIs(t, err, failed)
	o.DryRun = true
	_, err = importer.Run(t.Context(), importer.Bytes("sku,name\nf,1\n"), store, o)
	require.NoError(t, err, "a dry run asks nobody")
}

// TestNotifierComesLast makes sure that a batch holds what the notifier locks for as short as can be.
func TestNotifierComesLast(t *testing.T) {
	var order []string
	_, _, err := doImport(t, memory.New(memory.Options{}).Products(), "sku,name\na,1\n", importer.Options{
		Notifier: notifier(func(context.Context, importer.Changes) error {
			order = append(order,
				"notify")
			return nil
		}),
		Checkpoints: importer.Checkpoints{Save: func(context.Context, importer.Commit) error {
			order = append(order, "checkpoint")
			return nil
		}},
	})
	require.NoError(t, err)
	require.Equal(t, []string{"checkpoint", "notify"}, order)
}

func TestProgressNeverGoesBack(t *testing.T) {
	for name, o := range map[string]importer.Options{"success": {},
		"failure": {Notifier: notifier(func(context.Context, importer.Changes) error { return io.ErrUnexpectedEOF })}} {
		var events []progress.Event
		o.Progress = progress.Func(func(_ context.Context, e progress.Event) { events = append(events, e) })
		o.BatchRecords = 50
		text := lines(1000)
		_, result, err := doImport(t, memory.New(memory.Options{}).Products(), text, o)
		require.Equal(t, name == "failure", err != nil)
		require.Equal(t, progress.Checking, events[0].Phase)
		for i := 1; i < len(events); i++ {
			a, b := events[i-1], events[i]
			require.False(t, a.Phase.Terminal(), "nothing follows the terminal event")
			if a.Phase == b.Phase {
				require.LessOrEqual(t, a.Bytes, b.Bytes)
				require.LessOrEqual(t, a.Read, b.Read)
			}
		}
		last := events[len(events)-1]
		require.True(t, last.Phase.Terminal())
		require.Equal(t, result.Counts, last.Counts)
		require.EqualValues(t, len(text), last.TotalBytes)
	}
}
