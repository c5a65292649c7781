package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/products"
)

// Find returns the product with the key as the store holds it, or [products.ErrNotFound]. ID, Version and times are not
// looked at.
type Find func(ctx context.Context, key string) (products.Product, error)

// FindIn returns a Find for stores that can be read.
func FindIn(store products.Reader) Find {
	return func(ctx context.Context, key string) (products.Product, error) {
		page, err := store.List(ctx, products.Query{SKU: key})
		switch {
		case err != nil:
			return products.Product{}, err
		case len(page.Products) == 0:
			return products.Product{}, products.ErrNotFound
		case len(page.Products) > 1:
			return products.Product{}, fmt.Errorf("the key %q is there %d times", key, len(page.Products))
		}
		return page.Products[0], nil
	}
}

// RunBatchWriter runs the suite of a store that imports write to: what importer.Store asks for, and nothing beyond it.
// open returns an empty store with the fields, for one case, and the way to look into it; what it opens it closes in
// t.Cleanup. The store's key rule is its own choice. A store whose fields are too passes over the fields that it is
// given: then the cases about others than those of products.Standard, which every store has here, are skipped. In all
// cases a field of one name has one type and one scale.
//
// No SKU comes twice in a batch here, as in imports. A whole [products.Store] has to take that too, see [Run].
func RunBatchWriter(t *testing.T, open func(t *testing.T, fields *products.Schema) (products.BatchWriter, Find)) {
	for _, c := range batchWriterCases {
		t.Run(c.name, func(t *testing.T) {
			store, find := open(t, c.schema())
			if c.fields != nil && !hasFields(store.Schema(), c.fields) {
				t.Skip("the store's fields are others")
			}
			if c.attributes && !store.Schema().KeepsAttributes() {
				t.Skip("the store keeps no attributes")
			}
			c.run(&batchCheck{T: casetest.T{TestingT: t}, store: answering{store}, find: find})
		})
	}
}

// answering is a store without whose answer a case can't go on: it fails where a batch that was written has none.
type answering struct{ store products.BatchWriter }

func (a answering) KeyRule() products.KeyRule { return a.store.KeyRule() }

func (a answering) Schema() *products.Schema { return a.store.Schema() }

func (a answering) WriteBatch(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
	if !a.Schema().KeepsAttributes() && len(b.Columns.Attributes) > 0 {
		b = withoutAttributes(b)
	}
	result, err := a.store.WriteBatch(ctx, b)
	switch {
	case err != nil:
		return nil, err
	case result == nil:
		return nil, errors.New("a batch that was written has no result")
	case len(result.Outcomes) != len(b.Records):
		return nil, fmt.Errorf("there is one outcome for each record: %d for %d", len(result.Outcomes), len(b.Records))
	}
	return result, nil
}

// hasFields reports whether a store has the fields of its own schema's that are asked for, in the same form.
func hasFields(have, asked *products.Schema) bool {
	for _, f := range asked.All() {
		if own := have.Find(f.Name); own == nil || !own.SameStorage(f) {
			return false
		}
	}
	return true
}

// withoutAttributes returns what is left of a batch for a store that keeps no attributes.
func withoutAttributes(b *products.Batch) *products.Batch {
	less := *b
	less.Columns.Attributes, less.Records = nil, slices.Clone(b.Records)
	for i := range less.Records {
		less.Records[i].Values = less.Records[i].Values[:len(b.Columns.Fields)]
	}
	return &less
}

// batchWriterCase is one promise of a store that imports write to.
type batchWriterCase struct {
	name string
	// attributes: the case is about these.
	attributes bool
	fields     *products.Schema // of the store, nil for those of products.Standard
	run        func(c *batchCheck)
}

func (c *batchWriterCase) schema() *products.Schema { return cmp.Or(c.fields, products.Standard()) }

// batchCheck is such a case at work on its store.
type batchCheck struct {
	casetest.T
	store products.BatchWriter
	find  Find
}

// everyWay runs f with each mode, and each value of the hint Batch.ExpectNew. SKUs begin with prefix, so that they are
// new each time.
func (c *batchCheck) everyWay(f func(mode products.Mode, expectNew bool, prefix string)) {
	for _, mode := range both {
		for _, expectNew := range []bool{false, true} {
			f(mode, expectNew, fmt.Sprintf("%v-%t-", mode, expectNew))
		}
	}
}

// columns are those of a batch that sets fields of the store.
func (c *batchCheck) columns(names ...string) products.Columns {
	return columnsOf(c.T, c.store, names...)
}

// record makes a record of a batch, with a value for each column.
func (c *batchCheck) record(sku string, values ...string) products.Record {
	return record(c.store, sku, values...)
}

// batch makes a batch of records with these SKUs, behind the prefix, and one name. It sets nothing else.
func (c *batchCheck) batch(mode products.Mode, expectNew bool, prefix, name string, skus ...string) *products.Batch {
	b := &products.Batch{Mode: mode, ExpectNew: expectNew, Columns: c.columns("name")}
	for _, sku := range skus {
		b.Records = append(b.Records, c.record(prefix+sku, name))
	}
	return b
}

// calls are those that a store made of a batch's functions.
type calls struct {
	beforeCommit     int
	outcomes         []products.Outcome
	created, updated []products.Product
}

// write writes a batch that must be accepted, and returns its outcomes and the calls that the store made.
func (c *batchCheck) write(b *products.Batch) ([]products.Outcome, calls) {
	c.Helper()
	var made calls
	watched := *b
	watched.BeforeCommit = func(ctx context.Context, result *products.BatchResult) error {
		if ctx == nil {
			return errors.New("no context for BeforeCommit")
		}
		made = calls{beforeCommit: made.beforeCommit + 1, outcomes: slices.Clone(result.Outcomes)}
		return nil
	}
	watched.Changed = func(ctx context.Context, created, updated []products.Product) error {
		if made.beforeCommit == 0 {
			return errors.New("calls Changed before BeforeCommit")
		}
		if err := checkPart(ctx, created, updated); err != nil {
			return err
		}
		made.created, made.updated = append(made.created, created...), append(made.updated, updated...)
		return nil
	}
	result, err := c.store.WriteBatch(c.Context(), &watched)
	require.NoError(c, err, "a batch of valid records is written")
	return result.Outcomes, made
}

// require wants the product with the SKU to be stored just so.
func (c *batchCheck) require(want products.Product, promise string) {
	c.Helper()
	got, err := c.find(c.Context(), c.store.KeyRule().Key(want.SKU))
	require.NoError(c, err, "%s: the product %q is stored", promise, want.SKU)
	if !c.store.Schema().KeepsAttributes() {
		want.Attributes = nil
	}
	require.Equal(c, content(want), content(got), promise)
}

// requireName is require for a product of which nothing but the name counts.
func (c *batchCheck) requireName(name, promise string, skus ...string) {
	c.Helper()
	for _, sku := range skus {
		c.require(products.Product{Name: name, SKU: sku}, promise)
	}
}

// requireNone wants no product with any of the SKUs to be stored.
func (c *batchCheck) requireNone(promise string, records []products.Record) {
	c.Helper()
	for i := range records {
		_, err := c.find(c.Context(), records[i].Key)
		require.ErrorIs(c, err, products.ErrNotFound, "%s: %q", promise, records[i].SKU)
	}
}

// requireChanges wants products that Changed was given to be as they are stored.
func (c *batchCheck) requireChanges(changes []products.Product, skus ...string) {
	c.Helper()
	var got []string
	for i := range changes {
		got = append(got, changes[i].SKU)
		c.require(changes[i], "Changed is given products as they are stored now")
	}
	require.ElementsMatch(c, skus, got, "Changed is given each product that was created or updated, once")
}

// sum is how many of the outcomes are each of those that are wanted.
func sum(outcomes []products.Outcome, want products.Outcome) int {
	return int((&products.BatchResult{Outcomes: outcomes}).Count(want))
}

var batchWriterCases = slices.Concat(recordCases, callCases, ownCases, differenceCases, []batchWriterCase{
	{name: "context/one that has ended", run: func(c *batchCheck) {
		ctx, cancel := context.WithCancel(c.Context())
		cancel()
		c.everyWay(func(mode products.Mode, expectNew bool, prefix string) {
			b := c.batch(mode, expectNew, prefix, "name", "a", "b")
			_, err := c.store.WriteBatch(ctx, b)
			require.ErrorIs(c, err, context.Canceled, "WriteBatch returns the error of a context that has ended")
			c.requireNone("a batch whose context has ended leaves nothing", b.Records)
		})
	}},
	{name: "context/one that ends before the commit", run: func(c *batchCheck) {
		c.everyWay(func(mode products.Mode, expectNew bool, prefix string) {
			ctx, cancel := context.WithCancel(c.Context())
			b := c.batch(mode, expectNew, prefix, "name", "a", "b")
			b.BeforeCommit = func(context.Context, *products.BatchResult) error { cancel(); return nil }
			_, err := c.store.WriteBatch(ctx, b)
			require.ErrorIs(c, err, context.Canceled,
				"WriteBatch returns the error of a context that ends before the commit")
			c.requireNone("a batch whose context ends before the commit leaves nothing", b.Records)
			b.BeforeCommit = nil
			outcomes, _ := c.write(b)
			require.Equal(c, 2, sum(outcomes, created), "a cancelled batch can be written again")
		})
	}},
	{name: "concurrent/several batches at a time", run: func(c *batchCheck) {
		const writers, n = 4, 50
		c.everyWay(func(mode products.Mode, expectNew bool, prefix string) {
			var outcomes [writers][]products.Outcome
			c.Together(writers, "batches that meet over the same SKUs are all written, and never deadlock",
				func(ctx context.Context, w int) error {
					b := c.batch(mode, expectNew, "", "")
					for i := range n {
						if w%2 == 1 {
							i = n - 1 - i
						}
						b.Records = append(b.Records, c.record(fmt.Sprint(prefix, i), fmt.Sprint("writer ", w)),
							c.record(fmt.Sprint(prefix, w, " alone ", i), "alone"))
					}
					result, err := c.store.WriteBatch(ctx, b)
					if err == nil {
						outcomes[w] = result.Outcomes
					}
					return err
				})
			all := slices.Concat(outcomes[:]...)
			require.Equal(c, n+writers*n, sum(all, created), "each SKU is created by one batch, and by that alone")
			rest := map[products.Mode]products.Outcome{products.Ignore: skipped, products.Update: updated}[mode]
			require.Equal(c, (writers-1)*n, sum(all, rest), "the other batches skip or update it")
			first, err := c.find(c.Context(), c.store.KeyRule().Key(prefix+"0"))
			require.NoError(c, err)
			for i := range n {
				c.requireName(first.Name, "all products are those of one batch, the last one in mode update",
					fmt.Sprint(prefix, i))
			}
		})
	}},
})

// recordCases are about what becomes of records.
var recordCases = []batchWriterCase{
	{name: "records/what is new is created", run: func(c *batchCheck) {
		c.everyWay(func(mode products.Mode, expectNew bool, prefix string) {
			b := c.batch(mode, expectNew, prefix, "name", "c", "a", "b")
			b.Columns = keep(c.columns("name", "description", "status"), "color", "size")
			for i := range b.Records {
				b.Records[i].Values = []string{"name", fmt.Sprint("description ", i), []string{"", "true", "false"}[i],
					"", fmt.Sprint(i)}
			}
			outcomes, made := c.write(b)
			require.Equal(c, []products.Outcome{created, created, created}, outcomes,
				"a record whose SKU is new is created, the hint ExpectNew right or wrong")
			for i := range b.Records {
				r := &b.Records[i]
				c.require(products.Product{SKU: r.SKU, Name: "name", Description: r.Values[1], Status: i == 1,
					Attributes: map[string]string{"size": fmt.Sprint(i)}},
					"a created product is what the record says; an empty attribute is none")
			}
			c.requireChanges(made.created, prefix+"a", prefix+"b", prefix+"c")
			require.Empty(c, made.updated, "nothing was updated")
		})
	}},
	{name: "records/what exists is left alone or updated, as the mode says", run: func(c *batchCheck) {
		c.everyWay(func(mode products.Mode, expectNew bool, prefix string) {
			c.write(c.batch(mode, expectNew, prefix, "same", "same"))
			c.write(c.batch(mode, expectNew, prefix, "before", "differs", "other"))
			b := c.batch(mode, expectNew, prefix, "after", "new", "differs", "same")
			b.Records[2].Values[0] = "same"
			outcomes, made := c.write(b)
			want, name := []products.Outcome{created, skipped, skipped}, "before"
			if mode == products.Update {
				want, name = []products.Outcome{created, updated, unchanged}, "after"
				c.requireChanges(made.updated, prefix+"differs")
			}
			require.Equal(c, want, outcomes, "outcomes come in the order of the records")
			c.requireChanges(made.created, prefix+"new")
			c.requireName("after", "a new record is created", prefix+"new")
			c.requireName("same", "a product that is just so already is left alone", prefix+"same")
			c.requireName(name, "mode ignore leaves alone what exists, mode update overwrites it", prefix+"differs")
			c.requireName("before", "a product without a record is left alone", prefix+"other")
			outcomes, made = c.write(b)
			require.NotContains(c, outcomes, created, "the same batch again changes nothing")
			require.NotContains(c, outcomes, updated, "the same batch again changes nothing")
			require.Empty(c, slices.Concat(made.created, made.updated), "Changed isn't called where nothing changed")
		})
	}},
	{name: "records/an absent column never changes a product", run: func(c *batchCheck) {
		full := products.Product{SKU: "full", Name: "before", Description: "d", Status: true,
			Attributes: map[string]string{"a": "1", "b": "2"}}
		c.write(&products.Batch{Columns: keep(c.columns("name", "description", "status"), "a", "b"),
			Records: []products.Record{c.record("full", "before", "d", "true", "1", "2")}})
		c.require(full, "a created product is what the record says")

		outcomes, _ := c.write(c.batch(products.Update, false, "", "after", "full"))
		require.Equal(c, []products.Outcome{updated}, outcomes)
		full.Name = "after"
		c.require(full, "a column that is absent never changes a product")

		outcomes, _ = c.write(&products.Batch{Mode: products.Update,
			Columns: keep(c.columns("description", "status"), "c", "b"),
			Records: []products.Record{c.record("full", "", "", "3", "")}})
		require.Equal(c, []products.Outcome{updated}, outcomes)
		full.Description, full.Attributes = "", map[string]string{"a": "1", "c": "3"}
		c.require(full, "an empty description clears, a record without a status keeps it, attributes are merged and an "+
			"empty one is removed")
	}},
	{name: "records/SKUs are the same by the store's rule", run: func(c *batchCheck) {
		c.write(c.batch(products.Update, false, "", "before", composed))
		b := c.batch(products.Update, true, "", "after", decomposed)
		outcomes, _ := c.write(b)
		if c.store.KeyRule().Key(composed) == c.store.KeyRule().Key(decomposed) {
			require.Equal(c, []products.Outcome{updated}, outcomes,
				"records are distinguished by their Key, not by their SKU")
		} else {
			require.Equal(c, []products.Outcome{created}, outcomes,
				"KeyRule is the rule by which the store compares SKUs")
		}
		c.requireName("after", "mode update takes over how the SKU is written", decomposed)
		c.write(c.batch(products.Update, false, "", "lower", "x-a"))
		outcomes, _ = c.write(c.batch(products.Update, false, "", "upper", "X-A"))
		want := map[products.KeyRule]products.Outcome{products.ExactKeys: created, products.FoldedKeys: updated,
			products.PlainKeys: created, products.LowerKeys: updated}
		require.Equal(c, want[c.store.KeyRule()], outcomes[0], "KeyRule is the rule by which the store compares SKUs")
	}},
	{name: "records/text comes back as it went in", run: func(c *batchCheck) {
		b := &products.Batch{Mode: products.Update, Columns: keep(c.columns("name", "description"), "plain",
			"x\t\"y\"\\N")}
		for i, text := range odd {
			b.Records = append(b.Records, c.record(fmt.Sprint("x", text, i), "x"+text, text, text, "x"+text))
		}
		for range 2 { // created, then updated
			c.write(b)
			for i, text := range odd {
				r := &b.Records[i]
				c.require(products.Product{SKU: r.SKU, Name: r.Values[0], Description: r.Values[1],
					Attributes: map[string]string{"plain": text, "x\t\"y\"\\N": "x" + text}},
					fmt.Sprintf("text comes back as it went in: %q", text))
				r.Values[0], r.Values[1] = text+"x", text+text
			}
		}
		name, description := strings.Repeat("é", products.MaxName), strings.Repeat("😀", products.MaxDescription)
		c.write(&products.Batch{Columns: c.columns("name", "description"),
			Records: []products.Record{c.record("long", name, description)}})
		c.require(products.Product{SKU: "long", Name: name, Description: description},
			"text is stored up to the longest that is valid")
	}},
	{name: "records/a product that would grow too large is refused", attributes: true, run: func(c *batchCheck) {
		large := sized("large", products.MaxBytes-100)
		b := c.batch(products.Update, false, "", "Lamp", "large", "small")
		for name, value := range large.Attributes {
			b.Columns.Attributes = append(b.Columns.Attributes, name)
			b.Records[0].Values = append(b.Records[0].Values, value)
			b.Records[1].Values = append(b.Records[1].Values, "")
		}
		c.write(b)
		c.require(large, "a product of nearly MaxBytes is stored")
		for _, dry := range []bool{true, false} {
			b = &products.Batch{Mode: products.Update, DryRun: dry, Columns: c.columns("name", "description"),
				Records: []products.Record{c.record("large", "Lamp", strings.Repeat("d", 101)),
					c.record("small", "Lamp", "d")}}
			var outcomes []products.Outcome
			if dry {
				result, err := c.store.WriteBatch(c.Context(), b)
				require.NoError(c, err, "a dry run of valid records succeeds")
				outcomes = result.Outcomes
			} else {
				outcomes, _ = c.write(b)
			}
			require.Equal(c, []products.Outcome{refused, updated}, outcomes,
				"a record is refused by which a product would outgrow MaxBytes, see Product.Outgrows, and others are "+
					"written")
			c.require(large, "a product whose record is refused is left alone")
		}
		c.require(products.Product{SKU: "small", Name: "Lamp", Description: "d"}, "other records are written")
	}},
	{name: "records/are only read, and not kept", run: func(c *batchCheck) {
		b := c.batch(products.Ignore, false, "", "name", "a", "b", "c")
		b.Columns.Attributes = []string{"color"}
		for i := range b.Records {
			b.Records[i].Values = []string{"name", "red"}
		}
		before := cloneRecords(b.Records)
		_, made := c.write(b)
		require.Equal(c, before, b.Records, "a store doesn't change the records")
		require.Len(c, made.created, len(b.Records), "Changed is called with every product that was created")
		for i := range b.Records {
			b.Records[i].Values[0], b.Records[i].Values[1] = "reused", "reused"
			made.created[i].Attributes["color"] = "changed"
		}
		for _, sku := range []string{"a", "b", "c"} {
			c.require(products.Product{SKU: sku, Name: "name", Attributes: map[string]string{"color": "red"}},
				"a store keeps neither the slice of records nor what it gives to Changed")
		}
	}},
}

// callCases are about the calls that a store makes.
var callCases = []batchWriterCase{
	{name: "calls/BeforeCommit is called with every outcome", run: func(c *batchCheck) {
		c.everyWay(func(mode products.Mode, expectNew bool, prefix string) {
			b := c.batch(mode, expectNew, prefix, "name", "a", "b")
			for range 2 { // the second time nothing changes
				outcomes, made := c.write(b)
				require.Positive(c, made.beforeCommit, "BeforeCommit is called, also where nothing changes")
				require.Equal(c, outcomes, made.outcomes, "BeforeCommit is called with the outcomes that are returned")
			}
			_, made := c.write(c.batch(mode, expectNew, "", ""))
			require.Positive(c, made.beforeCommit, "BeforeCommit is called for a batch without records too")
			_, err := c.store.WriteBatch(c.Context(), c.batch(mode, expectNew, prefix, "name", "c"))
			require.NoError(c, err, "a batch without functions is written")
			c.requireName("name", "a batch without functions is written", prefix+"c")
		})
	}},
	{name: "calls/an error rolls the batch back", run: func(c *batchCheck) {
		c.everyWay(func(mode products.Mode, expectNew bool, prefix string) {
			c.write(c.batch(mode, expectNew, prefix, "before", "exists"))
			for _, function := range []string{"BeforeCommit", "Changed"} {
				fails, attempts := errors.New(function+" fails"), 0
				b := c.batch(mode, expectNew, prefix, "after", "new", "exists")
				b.BeforeCommit = func(context.Context, *products.BatchResult) error {
					if function == "BeforeCommit" {
						attempts++
						return fails
					}
					return nil
				}
				b.Changed = func(context.Context, []products.Product, []products.Product) error {
					attempts++
					return fails
				}
				_, err := c.store.WriteBatch(c.Context(), b)
				require.ErrorIs(c, err, fails, "WriteBatch returns the error of %s", function)
				require.Equal(c, 1, attempts, "a batch that %s refuses is not tried again", function)
				c.requireNone("an error of "+function+" leaves nothing", b.Records[:1])
				c.requireName("before", "an error of "+function+" leaves nothing", prefix+"exists")
			}
			outcomes, _ := c.write(c.batch(mode, expectNew, prefix, "after", "new"))
			require.Equal(c, []products.Outcome{created}, outcomes, "what was rolled back can be written again")
		})
	}},
	{name: "calls/a dry run writes nothing, and calls nothing", run: func(c *batchCheck) {
		c.everyWay(func(mode products.Mode, expectNew bool, prefix string) {
			c.write(c.batch(mode, expectNew, prefix, "same", "same"))
			c.write(c.batch(mode, expectNew, prefix, "before", "differs"))
			b := c.batch(mode, expectNew, prefix, "after", "new", "differs", "same")
			b.Records[2].Values[0] = "same"
			called := errors.New("a function of the batch was called in a dry run")
			b.DryRun = true
			b.BeforeCommit = func(context.Context, *products.BatchResult) error { return called }
			b.Changed = func(context.Context, []products.Product, []products.Product) error { return called }
			result, err := c.store.WriteBatch(c.Context(), b)
			require.NoError(c, err, "a dry run calls no function of the batch")
			c.requireNone("a dry run writes nothing", b.Records[:1])
			c.requireName("before", "a dry run writes nothing", prefix+"differs")
			b.DryRun = false
			outcomes, _ := c.write(b)
			require.Equal(c, outcomes, result.Outcomes, "a dry run finds the outcomes of the real one")
		})
	}},
	{name: "calls/Changed is called in parts", run: func(c *batchCheck) {
		const n = 11
		large := sized("", 900_000)
		b := c.batch(products.Update, false, "", "")
		for name := range large.Attributes {
			b.Columns.Attributes = append(b.Columns.Attributes, name)
		}
		var skus []string
		for i := range n {
			skus = append(skus, fmt.Sprint("p-", i))
			r := c.record(skus[i], "before")
			for _, name := range b.Columns.Attributes {
				r.Values = append(r.Values, large.Attributes[name])
			}
			b.Records = append(b.Records, r)
		}
		_, made := c.write(b)
		c.requireChanges(made.created, skus...)
		_, made = c.write(c.batch(products.Update, false, "", "after", skus...)) // small records of large products
		c.requireChanges(made.updated, skus...)
	}},
}
