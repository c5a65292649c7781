package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// differing writes a batch with its Differences, and returns its outcomes and what the store told.
func differing(ctx context.Context, write func(ctx context.Context, b *products.Batch) (*products.BatchResult, error),
	b products.Batch) (outcomes []products.Outcome, told []products.Difference, err error) {
	committing := false
	b.Differences = func() func(context.Context, []products.Difference) error {
		told, committing = nil, false
		return func(ctx context.Context, part []products.Difference) error {
			if ctx == nil {
				return errors.New("no context for Differences")
			}
			if committing {
				return errors.New("tells of differences behind BeforeCommit")
			}
			if err := checkDifferences(part); err != nil {
				return err
			}
			told = append(told, owned(part)...)
			return nil
		}
	}
	if !b.DryRun {
		b.BeforeCommit = func(context.Context, *products.BatchResult) error { committing = true; return nil }
	}
	result, err := write(ctx, &b)
	if err != nil {
		return nil, nil, err
	}
	return result.Outcomes, told, nil
}

// owned copies differences, which are the store's.
func owned(part []products.Difference) []products.Difference {
	part = slices.Clone(part)
	for i := range part {
		for _, p := range []**products.Product{&part[i].Before, &part[i].After} {
			if *p != nil {
				own := (*p).Owned()
				*p = &own
			}
		}
	}
	return part
}

// checkDifferences returns what is wrong with a part.
func checkDifferences(part []products.Difference) error {
	bytes := 0
	for _, d := range part {
		for _, p := range []*products.Product{d.Before, d.After} {
			if p != nil {
				bytes += p.Bytes()
			}
		}
		if d.Before == nil && d.After == nil {
			return errors.New("tells of a difference without a product")
		}
	}
	switch {
	case len(part) == 0:
		return errors.New("tells of no difference")
	case len(part) > 1 && bytes > products.PartBytes:
		return fmt.Errorf("tells of %d bytes at once, more than PartBytes", bytes)
	case len(part) > products.PartDifferences:
		return fmt.Errorf("tells of %d differences at once, more than PartDifferences", len(part))
	}
	return nil
}

// brief is what is compared of differences: names before and after.
func brief(told []products.Difference) (all []string) {
	for _, d := range told {
		text := d.Key + ":"
		if d.Before != nil {
			text += d.Before.Name
		}
		text += ">"
		if d.After != nil {
			text += d.After.Name
		}
		all = append(all, text)
	}
	return all
}

// tryDiffering is differing for a batch that must be written.
func (c *batchCheck) tryDiffering(b products.Batch) ([]products.Outcome, []products.Difference) {
	c.Helper()
	outcomes, told, err := differing(c.Context(), c.store.WriteBatch, b)
	require.NoError(c, err, "a batch with Differences is written")
	return outcomes, told
}

var differenceCases = []batchWriterCase{
	{name: "differences/what a batch does to each product", run: func(c *batchCheck) {
		c.everyWay(func(mode products.Mode, expectNew bool, prefix string) {
			c.write(c.batch(mode, expectNew, prefix, "before", "b", "e", "f"))
			c.write(c.batch(mode, expectNew, prefix, "after", "d"))
			b := c.batch(mode, expectNew, prefix, "after", "g", "e", "a", "d", "b", "c")
			key := func(sku, names string) string { return c.store.KeyRule().Key(prefix+sku) + ":" + names }
			want := []string{key("a", ">after"), key("c", ">after"), key("g", ">after")}
			if mode == products.Update {
				want = []string{key("a", ">after"), key("b", "before>after"), key("c", ">after"),
					key("e", "before>after"), key("g", ">after")}
			}
			b.DryRun = true
			dry, told := c.tryDiffering(*b)
			require.Equal(c, want, brief(told),
				"Differences is told of what a dry run would create and update, before and after, in the order of the keys")
			c.requireName("before", "a dry run with Differences writes no product", prefix+"b", prefix+"e", prefix+"f")
			c.requireNone("a dry run with Differences writes no product", b.Records[:1])
			b.DryRun = false
			outcomes, told := c.tryDiffering(*b)
			require.Equal(c, dry, outcomes, "a dry run finds the outcomes of the real one")
			require.Equal(c, want, brief(told),
				"Differences is told of what was created and updated, before and after, in the order of the keys")
			_, told = c.tryDiffering(*b)
			require.Empty(c, told, "Differences is told of nothing where nothing changes")
			_, told = c.tryDiffering(*c.batch(mode, expectNew, prefix, ""))
			require.Empty(c, told, "Differences is told of nothing of a batch without records")
		})
	}},
	{name: "differences/everything that a batch sets", attributes: true, run: func(c *batchCheck) {
		b := products.Batch{Mode: products.Update, Columns: keep(c.columns("name", "description", "status"), "color"),
			Records: []products.Record{c.record("x", "one", "first", "true", "red")}}
		for i, want := range []products.Product{
			{SKU: "x", Name: "one", Description: "first", Status: true, Attributes: map[string]string{"color": "red"}},
			{SKU: "x", Name: "two", Attributes: map[string]string{}},
		} {
			_, told := c.tryDiffering(b)
			require.Len(c, told, 1, "Differences is told of each product once")
			got := content(*told[0].After)
			require.Equal(c, content(want), got, "After has what the batch sets")
			if i == 1 {
				require.Equal(c, "first", told[0].Before.Description, "Before has what the batch sets, as it was")
				require.True(c, told[0].Before.Status, "Before has what the batch sets, as it was")
				require.Equal(c, "red", told[0].Before.Attributes["color"], "Before has what the batch sets, as it was")
			}
			b.Records = []products.Record{c.record("x", "two", "", "false", "")}
		}
	}},
	{name: "differences/an error rolls the batch back", run: func(c *batchCheck) {
		c.everyWay(func(mode products.Mode, expectNew bool, prefix string) {
			c.write(c.batch(mode, expectNew, prefix, "before", "exists"))
			for _, dry := range []bool{true, false} {
				fails, calls := errors.New("can't keep differences"), 0
				b := c.batch(mode, expectNew, prefix, "after", "new", "exists")
				b.DryRun = dry
				b.Differences = func() func(context.Context, []products.Difference) error {
					return func(context.Context, []products.Difference) error { calls++; return fails }
				}
				_, err := c.store.WriteBatch(c.Context(), b)
				require.ErrorIs(c, err, fails, "WriteBatch returns the error of what Differences returned")
				require.Equal(c, 1, calls, "a batch that Differences refuses is not tried again")
				c.requireNone("an error of Differences leaves nothing", b.Records[:1])
				c.requireName("before", "an error of Differences leaves nothing", prefix+"exists")
			}
		})
	}},
	{name: "differences/are told in parts", run: func(c *batchCheck) {
		const n = 11
		large := sized("", 900_000)
		b := c.batch(products.Update, false, "", "")
		for name := range large.Attributes {
			b.Columns.Attributes = append(b.Columns.Attributes, name)
		}
		for i := range n {
			r := c.record(fmt.Sprintf("p-%02d", i), "before")
			for _, name := range b.Columns.Attributes {
				r.Values = append(r.Values, large.Attributes[name])
			}
			b.Records = append(b.Records, r)
		}
		_, told := c.tryDiffering(*b)
		require.Len(c, told, n, "Differences is told of every product that was created")
		for i := range b.Records {
			b.Records[i].Values[0] = "after"
			for k := range b.Columns.Attributes {
				b.Records[i].Values[k+1] = strings.ToUpper(b.Records[i].Values[k+1])
			}
		}
		_, told = c.tryDiffering(*b)
		require.Len(c, told, n, "Differences is told of every product that was updated")
		small := c.batch(products.Update, false, "", "")
		for i := range products.PartDifferences + 1 {
			small.Records = append(small.Records, c.record(fmt.Sprintf("s-%05d", i), "before"))
		}
		slices.Reverse(small.Records)
		_, told = c.tryDiffering(*small)
		require.Len(c, told, len(small.Records), "Differences is told of every product that was created")
		byKey := func(a, b products.Difference) int { return strings.Compare(a.Key, b.Key) }
		require.True(c, slices.IsSortedFunc(told, byKey), "the parts come in the order of the keys")
	}},
}

// differenceWholeCases are about what only a whole store has.
var differenceWholeCases = []Case{
	{Name: "differences/IDs and versions", run: func(c *check) {
		c.eitherWay(func(expectNew bool) {
			p := c.create(products.Product{Name: "before", SKU: "b", Description: "d", Attributes: map[string]string{"a": "1"}})
			b := products.Batch{Mode: products.Update, ExpectNew: expectNew, Columns: c.columns("name"),
				Records: []products.Record{c.record("c", "first"), c.record("b", "after"), c.record("a", "new"),
					c.record("c", "last")}}
			for _, dry := range []bool{true, false} {
				b.DryRun = dry
				_, told, err := differing(c.Context(), c.store.WriteBatch, b)
				require.NoError(c, err)
				require.Equal(c, []string{"a:>new", "b:before>after", "c:>last"}, brief(told),
					"Differences is told of each product once, in the order of the keys, and of no record that is superseded")
				require.EqualValues(c, 1, told[0].After.Version, "a product that is created has version 1")
				require.Equal(c, p.ID, told[1].Before.ID, "Before has the ID")
				require.Equal(c, p.ID, told[1].After.ID, "After has the ID")
				require.Equal(c, p.Version, told[1].Before.Version, "Before has the version before")
				require.Equal(c, p.Version+1, told[1].After.Version, "After has the version after")
				if dry {
					require.Zero(c, told[0].After.ID, "what a dry run would create has no ID")
					continue
				}
				for _, at := range []int{0, 2} {
					require.Equal(c, c.only(told[at].After.SKU).ID, told[at].After.ID,
						"what was created is told with its ID")
				}
			}
		})
	}},
}
