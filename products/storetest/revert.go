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

// reverter returns the store as a Reverter; a case about that passes where it is none.
func (c *check) reverter() products.Reverter {
	r, _ := c.store.(products.Reverter)
	return r
}

// revert takes back what must be taken back, and returns the outcomes, what was told and what Changed was given.
func (c *check) revert(dry bool, reverts ...products.Revert) ([]products.Outcome, []string, [3][]products.Product) {
	c.Helper()
	var told []string
	var changed [3][]products.Product
	committing := false
	b := &products.RevertBatch{Reverts: reverts, DryRun: dry}
	b.Differences = func() func(context.Context, []products.Difference) error {
		told, changed, committing = nil, [3][]products.Product{}, false
		return func(_ context.Context, part []products.Difference) error {
			if committing {
				return errors.New("tells of differences behind BeforeCommit")
			}
			for _, text := range part {
				told = append(told, brief([]products.Difference{text})[0]+text.Kept)
			}
			return nil
		}
	}
	b.BeforeCommit = func(context.Context, *products.BatchResult) error {
		if dry {
			return errors.New("BeforeCommit is called in a dry run")
		}
		committing = true
		return nil
	}
	b.Changed = func(_ context.Context, created, updated, deleted []products.Product) error {
		if !committing {
			return errors.New("calls Changed before BeforeCommit")
		}
		for i, part := range [][]products.Product{created, updated, deleted} {
			changed[i] = append(changed[i], part...)
		}
		return nil
	}
	result, err := c.reverter().RevertBatch(c.Context(), b)
	require.NoError(c, err, "a batch is taken back")
	return result.Outcomes, told, changed
}

// back is the revert that brings a product back that was deleted.
func back(p products.Product) products.Revert {
	p.Version++
	return products.Revert{Key: p.SKU, ID: p.ID, Product: &p}
}

const (
	deleted = products.Deleted
	kept    = products.Kept
)

var revertCases = []Case{
	{Name: "revert/what nobody has changed since", run: func(c *check) {
		if c.reverter() == nil {
			return
		}
		made := c.create(products.Product{Name: "made", SKU: "c", Attributes: map[string]string{"x": "1"}})
		changed := c.create(products.Product{Name: "after", SKU: "b", Description: "d", Status: true,
			Attributes: map[string]string{"gone": "", "same": "s"}})
		same := c.create(products.Product{Name: "same", SKU: "d"})
		gone := c.create(products.Product{Name: "gone", SKU: "a", Description: "ä\n", Attributes: map[string]string{"y": ""}})
		require.NoError(c, c.store.Delete(c.Context(), gone.ID, 0))
		patch := products.Patch{Name: ptr("before"), Description: ptr(""), Status: ptr(false),
			Attributes: map[string]*string{"gone": nil, "new": ptr("")}}
		reverts := []products.Revert{{Key: "c", ID: made.ID, Version: 1},
			{Key: "b", ID: changed.ID, Version: 1, Patch: &patch},
			{Key: "d", ID: same.ID, Version: 1, Patch: &products.Patch{Name: ptr("same")}}, back(gone)}
		for _, dry := range []bool{true, false} {
			before := c.all()
			outcomes, told, sent := c.revert(dry, reverts...)
			require.Equal(c, []products.Outcome{deleted, updated, unchanged, created}, outcomes,
				"outcomes come in the order of the reverts")
			require.Equal(c, []string{"a:>gone", "b:after>before", "c:made>"}, told,
				"Differences is told of what is taken back, in the order of the keys")
			if dry {
				c.requireAll(before, "a dry run takes nothing back")
				require.Empty(c, sent, "a dry run calls Changed with nothing")
				continue
			}
			require.Len(c, sent[0], 1, "Changed is given what was brought back")
			require.Len(c, sent[1], 1, "Changed is given what was updated")
			require.Len(c, sent[2], 1, "Changed is given what was deleted")
			c.requireSame(made, sent[2][0], "what was deleted is given as it was")
			c.requireChanges(append(sent[0], sent[1]...))
		}
		got := c.get(changed.ID)
		want := changed
		want.Name, want.Description, want.Status = "before", "", false
		want.Attributes = map[string]string{"same": "s", "new": ""}
		c.requireContent(want, got, "a product gets back what it had, and keeps the rest")
		require.EqualValues(c, 2, got.Version, "the version goes on")
		require.True(c, got.CreatedAt.Equal(changed.CreatedAt), "created_at stays")
		again := c.get(gone.ID)
		c.requireContent(gone, again, "a product that is brought back is what it was")
		require.EqualValues(c, 2, again.Version, "the version of a product that is brought back goes on")
		require.True(c, again.CreatedAt.Equal(gone.CreatedAt), "a product that is brought back was created when it was")
		_, err := c.store.Get(c.Context(), made.ID)
		require.ErrorIs(c, err, products.ErrNotFound, "what was created is deleted")
		c.requireSame(same, c.get(same.ID), "what is as it was is not written")
		next := c.create(products.Product{Name: "n", SKU: "next"})
		require.Greater(c, next.ID, gone.ID, "an ID is not given again")
	}},
	{Name: "revert/what somebody has changed is kept", run: func(c *check) {
		if c.reverter() == nil {
			return
		}
		a := c.create(products.Product{Name: "made", SKU: "a"})
		b := c.create(products.Product{Name: "after", SKU: "b"})
		gone := c.create(products.Product{Name: "gone", SKU: "c"})
		d := c.create(products.Product{Name: "deleted", SKU: "d"})
		e := c.create(products.Product{Name: "renamed", SKU: "e"})
		for _, p := range []products.Product{a, b} {
			_, err := c.store.Update(c.Context(), p.ID, 0, products.Patch{Description: ptr("by hand")})
			require.NoError(c, err)
		}
		for _, id := range []int64{gone.ID, d.ID} {
			require.NoError(c, c.store.Delete(c.Context(), id, 0))
		}
		c.create(products.Product{Name: "another", SKU: "c"})
		_, err := c.store.Update(c.Context(), e.ID, 0, products.Patch{SKU: ptr("f")})
		require.NoError(c, err)
		patch := &products.Patch{Name: ptr("before")}
		reverts := []products.Revert{{Key: "a", ID: a.ID, Version: 1}, {Key: "b", ID: b.ID, Version: 1, Patch: patch},
			back(gone), {Key: "d", ID: d.ID, Version: 1, Patch: patch}, back(e)}
		before := c.all()
		for _, dry := range []bool{true, false} {
			outcomes, told, sent := c.revert(dry, reverts...)
			require.Equal(c, []products.Outcome{kept, kept, kept, kept, kept}, outcomes,
				"what somebody has changed since is kept")
			require.Len(c, told, 5, "Differences is told of what is kept")
			for i, reason := range []string{"changed", "changed", "exists", "deleted", "exists"} {
				require.Contains(c, told[i], reason, "Differences is told why it is kept")
			}
			require.Empty(c, sent, "Changed isn't called where nothing changed")
			c.requireAll(before, "what is kept is left alone")
		}
	}},
	{Name: "revert/of one kind", run: func(c *check) {
		if c.reverter() == nil {
			return
		}
		for _, deletes := range []bool{true, false} {
			for _, among := range []string{"none", "given back", "large"} {
				c.clear()
				c.revertAlike(deletes, among)
			}
		}
	}},
	{Name: "revert/one after the other", run: func(c *check) {
		if c.reverter() == nil {
			return
		}
		// Each product has the names v1, v2 and so on, by its version, while nothing is taken back.
		change := func(id int64, name string) int64 {
			p, err := c.store.Update(c.Context(), id, 0, products.Patch{Name: ptr(name)})
			require.NoError(c, err)
			return p.Version
		}
		undo := func(id, version int64, name string) products.Revert {
			return products.Revert{Key: c.get(id).SKU, ID: id, Version: version,
				Patch: &products.Patch{Name: ptr(name)}}
		}
		requireUndone := func(r products.Revert, want products.Outcome, name string, version int64, promise string) {
			c.Helper()
			for _, dry := range []bool{true, false} {
				outcomes, _, _ := c.revert(dry, r)
				require.Equal(c, []products.Outcome{want}, outcomes, promise)
			}
			got := c.get(r.ID)
			require.Equal(c, name, got.Name, promise)
			require.Equal(c, version, got.Version, promise)
		}
		a := c.create(products.Product{Name: "v1", SKU: "a"}).ID
		change(a, "v2")
		change(a, "v3")
		requireUndone(undo(a, 3, "v2"), updated, "v2", 4, "what was changed last is taken back")
		requireUndone(undo(a, 3, "v2"), unchanged, "v2", 4, "what has back what it had is not changed again")
		change(a, "v5")
		change(a, "v6")
		requireUndone(undo(a, 6, "v5"), updated, "v5", 7, "changes are taken back one after the other")
		requireUndone(undo(a, 5, "v2"), updated, "v2", 8, "changes are taken back one after the other")
		requireUndone(undo(a, 8, "v5"), updated, "v5", 9, "what was taken back is taken back")
		requireUndone(undo(a, 5, "v2"), updated, "v2", 10, "it can be taken back again then")
		requireUndone(undo(a, 6, "v5"), kept, "v2", 10, "what was taken back before is not taken back again")
		requireUndone(undo(a, 2, "v1"), updated, "v1", 11,
			"what an undo gave back counts as untouched, however many changes there were in between")
		c.write(products.Batch{Mode: products.Update, Columns: c.columns("name"),
			Records: []products.Record{c.record("a", "v12")}})
		requireUndone(undo(a, 12, "v1"), updated, "v1", 13, "what an import changed is taken back")
		made := products.Revert{Key: "a", ID: a, Version: 1}
		outcomes, _, _ := c.revert(false, made)
		require.Equal(c, []products.Outcome{deleted}, outcomes, "what has back what it was created with is deleted")

		b := c.create(products.Product{Name: "v1", SKU: "b"}).ID
		change(b, "v2")
		change(b, "v3")
		requireUndone(undo(b, 3, "v2"), updated, "v2", 4, "what was changed last is taken back")
		_, err := c.store.Update(c.Context(), b, 0, products.Patch{Description: ptr("by hand")})
		require.NoError(c, err)
		requireUndone(undo(b, 2, "v1"), kept, "v2", 5, "what somebody has changed in between is kept")
		_, err = c.store.Update(c.Context(), b, 0, products.Patch{Description: ptr("")})
		require.NoError(c, err)
		requireUndone(undo(b, 2, "v1"), kept, "v2", 6, "what somebody has changed back by hand is kept")
	}},
	{Name: "revert/what was deleted remembers", run: func(c *check) {
		if c.reverter() == nil {
			return
		}
		p := c.create(products.Product{Name: "v1", SKU: "a"})
		_, err := c.store.Update(c.Context(), p.ID, 0, products.Patch{Name: ptr("v2")})
		require.NoError(c, err)
		outcomes, _, _ := c.revert(false, products.Revert{Key: "a", ID: p.ID, Version: 2,
			Patch: &products.Patch{Name: ptr("v1")}})
		require.Equal(c, []products.Outcome{updated}, outcomes)
		for version := int64(3); version < 6; version++ {
			var told []products.Difference
			result, err := c.reverter().RevertBatch(c.Context(), &products.RevertBatch{
				Reverts: []products.Revert{{Key: "a", ID: p.ID, Version: 1}},
				Differences: func() func(context.Context, []products.Difference) error {
					told = nil
					return func(_ context.Context, part []products.Difference) error {
						told = append(told, owned(part)...)
						return nil
					}
				}})
			require.NoError(c, err)
			require.Equal(c, []products.Outcome{deleted}, result.Outcomes,
				"what has back what it was created with is deleted, after it was brought back too")
			require.Len(c, told, 1)
			again := *told[0].Before
			require.Equal(c, version, again.Version)
			again.Version++
			outcomes, _, _ := c.revert(false, products.Revert{Key: "a", ID: p.ID, Product: &again,
				Restored: told[0].Restored})
			require.Equal(c, []products.Outcome{created}, outcomes)
		}
	}},
	{Name: "revert/onward", run: func(c *check) {
		if c.reverter() == nil {
			return
		}
		p := c.create(products.Product{Name: "v1", SKU: "a", Status: true})
		_, err := c.store.Update(c.Context(), p.ID, 0, products.Patch{Name: ptr("v2")})
		require.NoError(c, err)
		onward := products.Revert{Key: "a", ID: p.ID, Version: 2, Patch: &products.Patch{Status: ptr(false)},
			Onward: true}
		for _, dry := range []bool{true, false} {
			outcomes, _, _ := c.revert(dry, onward)
			require.Equal(c, []products.Outcome{updated}, outcomes, "an onward change is made")
		}
		require.False(c, c.get(p.ID).Status, "an onward change is made")
		outcomes, _, _ := c.revert(false, onward, products.Revert{Key: "b", ID: p.ID + 1, Version: 1, Onward: true})
		require.Equal(c, []products.Outcome{kept, kept}, outcomes, "an onward change is made of the version that is named")
		for _, r := range []products.Revert{{Key: "a", ID: p.ID, Version: 1},
			{Key: "a", ID: p.ID, Version: 2, Patch: &products.Patch{Name: ptr("v1")}}} {
			outcomes, _, _ := c.revert(false, r)
			require.Equal(c, []products.Outcome{kept}, outcomes, "what an onward change made is the same as no earlier version")
		}
		outcomes, _, _ = c.revert(false, products.Revert{Key: "a", ID: p.ID, Version: 3,
			Patch: &products.Patch{Status: ptr(true)}})
		require.Equal(c, []products.Outcome{updated}, outcomes, "an onward change is taken back")
		outcomes, _, _ = c.revert(false, products.Revert{Key: "a", ID: p.ID, Version: 2, Patch: &products.Patch{Name: ptr("v1")}})
		require.Equal(c, []products.Outcome{updated}, outcomes, "and then what was changed before it")
		outcomes, _, _ = c.revert(false, onward)
		require.Equal(c, []products.Outcome{kept}, outcomes, "an onward change is none that was made before")
	}},
	{Name: "revert/an error leaves nothing", run: func(c *check) {
		if c.reverter() == nil {
			return
		}
		gone := c.create(products.Product{Name: "gone", SKU: "g"})
		require.NoError(c, c.store.Delete(c.Context(), gone.ID, 0))
		var reverts []products.Revert
		for i := range 3 {
			p := c.create(products.Product{Name: "made", SKU: fmt.Sprint(i)})
			reverts = append(reverts, products.Revert{Key: p.SKU, ID: p.ID, Version: 1})
		}
		reverts[1].Patch = &products.Patch{Name: ptr("before")}
		reverts = append(reverts, back(gone))
		before, fails := c.all(), errors.New("it fails")
		for name, b := range map[string]products.RevertBatch{
			"BeforeCommit": {BeforeCommit: func(context.Context, *products.BatchResult) error { return fails }},
			"Changed":      {Changed: func(_ context.Context, _, _, _ []products.Product) error { return fails }},
			"Differences": {Differences: func() func(context.Context, []products.Difference) error {
				return func(context.Context, []products.Difference) error { return fails }
			}},
		} {
			b.Reverts = reverts
			_, err := c.reverter().RevertBatch(c.Context(), &b)
			require.ErrorIs(c, err, fails, "the error of %s is returned", name)
			c.requireAll(before, "an error of "+name+" leaves nothing")
		}
		ctx, cancel := context.WithCancel(c.Context())
		cancel()
		_, err := c.reverter().RevertBatch(ctx, &products.RevertBatch{Reverts: reverts})
		require.ErrorIs(c, err, context.Canceled, "the error of a context that has ended is returned")
		c.requireAll(before, "a batch whose context has ended leaves nothing")
		outcomes, _, _ := c.revert(false, reverts...)
		require.Equal(c, []products.Outcome{deleted, updated, deleted, created}, outcomes,
			"what was rolled back can be taken back again")
	}},
	{Name: "revert/large batches", run: func(c *check) {
		if c.reverter() == nil {
			return
		}
		const n = 6_000
		c.write(products.Batch{Columns: c.columns("name"), Records: c.records(n, "p-", "name")})
		all := c.all()
		reverts := make([]products.Revert, n)
		for i, p := range all {
			reverts[i] = products.Revert{Key: p.SKU, ID: p.ID, Version: 1}
		}
		result, told, sent := c.revert(false, reverts...)
		require.EqualValues(c, n, (&products.BatchResult{Outcomes: result}).Count(deleted), "everything is deleted")
		require.Len(c, told, n, "Differences is told of everything")
		require.Len(c, sent[2], n, "Changed is given everything")
		c.requireAll(nil, "everything is deleted")
		for i, p := range all {
			reverts[i] = back(p)
		}
		result, _, _ = c.revert(false, reverts...)
		require.EqualValues(c, n, (&products.BatchResult{Outcomes: result}).Count(created),
			"everything is brought back")
		for i := range all {
			all[i].Version++
		}
		got := c.all()
		require.Len(c, got, n, "everything is brought back")
		for i := range got {
			require.Equal(c, all[i].ID, got[i].ID, "everything is brought back with its ID")
			c.requireContent(all[i], got[i], "everything is brought back as it was")
		}
	}},
	{Name: "revert/beside others", run: func(c *check) {
		if c.reverter() == nil {
			return
		}
		patch := &products.Patch{Name: ptr("before")}
		for _, patches := range [][2]*products.Patch{{patch, nil}, {patch, patch}, {nil, nil}} {
			c.clear()
			c.revertBesideOthers(patches)
		}
	}},
}

// revertAlike takes back what is all to be deleted, or all to be updated: what nobody has changed since and, among it,
// what somebody has, and a product of another kind.
func (c *check) revertAlike(deletes bool, among string) {
	c.Helper()
	want, patch := updated, &products.Patch{Name: ptr("before")}
	if deletes {
		want, patch = deleted, nil
	}
	var made []products.Product
	var reverts []products.Revert
	for _, sku := range []string{"f", "e", "d", "c", "b", "a"} {
		p := products.Product{Name: "made", SKU: sku}
		if sku == "c" && among == "large" {
			p.Description = strings.Repeat("ä", 20_000)
		}
		p = c.create(p)
		made = append(made, p)
		reverts = append(reverts, products.Revert{Key: sku, ID: p.ID, Version: 1, Patch: patch})
	}
	change := func(id int64, p products.Patch) {
		_, err := c.store.Update(c.Context(), id, 0, p)
		require.NoError(c, err)
	}
	if among == "given back" {
		change(made[3].ID, products.Patch{Name: ptr("changed")})
		outcomes, _, _ := c.revert(false, products.Revert{Key: "c", ID: made[3].ID, Version: 2,
			Patch: &products.Patch{Name: ptr("made")}})
		require.Equal(c, []products.Outcome{updated}, outcomes)
		made[3] = c.get(made[3].ID)
	}
	change(made[4].ID, products.Patch{Description: ptr("by hand")})
	for _, p := range made[1:3] {
		require.NoError(c, c.store.Delete(c.Context(), p.ID, 0))
	}
	c.create(products.Product{Name: "another", SKU: "e"})
	before := c.all()
	for _, dry := range []bool{true, false} {
		outcomes, told, sent := c.revert(dry, reverts...)
		require.Equal(c, []products.Outcome{want, kept, kept, want, kept, want}, outcomes,
			"what nobody has changed since is taken back, and the rest is kept")
		after := ""
		if !deletes {
			after = "before"
		}
		for i, reason := range map[int]string{1: "changed", 3: "deleted", 4: "changed"} {
			require.True(c, strings.HasSuffix(told[i], reason), "Differences is told why it is kept")
			told[i] = told[i][:1]
		}
		require.Equal(c, []string{"a:made>" + after, "b", "c:made>" + after, "d", "e", "f:made>" + after}, told,
			"Differences is told of everything, in the order of the keys")
		if dry {
			c.requireAll(before, "a dry run takes nothing back")
			continue
		}
		require.Empty(c, sent[0], "Changed is given what was changed")
		if !deletes {
			require.Len(c, sent[1], 3, "Changed is given what was updated")
			c.requireChanges(sent[1])
			continue
		}
		require.Len(c, sent[2], 3, "Changed is given what was deleted")
		for _, got := range sent[2] {
			at := slices.IndexFunc(made, func(p products.Product) bool { return p.ID == got.ID })
			c.requireSame(made[at], got, "what was deleted is given as it was")
		}
	}
	for _, i := range []int{0, 3, 5} {
		got, err := c.store.Get(c.Context(), made[i].ID)
		if deletes {
			require.ErrorIs(c, err, products.ErrNotFound, "what was created is deleted")
			continue
		}
		require.NoError(c, err)
		require.Equal(c, "before", got.Name, "a product gets back what it had")
		require.Equal(c, made[i].Description, got.Description, "and keeps the rest")
		require.Equal(c, made[i].Version+1, got.Version, "the version goes on")
	}
	require.Equal(c, "by hand", c.get(made[4].ID).Description, "what somebody has changed since is left alone")
	require.Equal(c, "another", c.only("e").Name, "what somebody has changed since is left alone")
}

// revertBesideOthers takes back, with these patches by turns, what others write meanwhile.
func (c *check) revertBesideOthers(patches [2]*products.Patch) {
	c.Helper()
	const n = 40
	c.write(products.Batch{Columns: c.columns("name"), Records: c.records(n, "p-", "imported")})
	var reverts []products.Revert
	all := c.all()
	for i, p := range all {
		reverts = append(reverts, products.Revert{Key: p.SKU, ID: p.ID, Version: 1, Patch: patches[i%2]})
	}
	var result *products.BatchResult
	edited := make([]bool, n)
	c.Together(3, "an undo, an import and single edits meet over the same products, and never deadlock",
		func(ctx context.Context, w int) (err error) {
			switch w {
			case 0:
				result, err = c.reverter().RevertBatch(ctx, &products.RevertBatch{Reverts: reverts})
			case 1:
				b := products.Batch{Mode: products.Existing, Columns: c.columns("description")}
				for i := range n / 4 {
					b.Records = append(b.Records, c.record(fmt.Sprint("p-", n-1-i), "imported again"))
				}
				_, err = c.store.WriteBatch(ctx, &b)
			case 2:
				for i := range n / 2 {
					_, err := c.store.Update(ctx, all[i].ID, 0, products.Patch{Description: ptr("by hand")})
					if err != nil && !errors.Is(err, products.ErrNotFound) {
						return err
					}
					edited[i] = err == nil
				}
			}
			return err
		})
	for i, p := range all {
		got, err := c.store.Get(c.Context(), p.ID)
		switch {
		case result.Outcomes[i] == deleted:
			require.ErrorIs(c, err, products.ErrNotFound, "what was deleted is gone")
			require.False(c, edited[i], "an edit that succeeded is never lost")
		case edited[i]:
			require.NoError(c, err, "an edit that succeeded is never lost")
			require.Equal(c, "by hand", got.Description, "an edit that succeeded is never lost")
		}
		if err == nil && result.Outcomes[i] == kept {
			require.Equal(c, "imported", got.Name, "what is kept is left alone")
		}
	}
}
