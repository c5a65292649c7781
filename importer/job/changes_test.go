package job_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// changes are those that a job has kept, each in one line.
func (w *world) changes(id string, query job.ChangeQuery) (all []string) {
	w.t.Helper()
	require.NoError(w.t, w.service.EachChange(w.t.Context(), id, query, func(c *job.Change, _ job.ChangePlace) (bool, error) {
		text := fmt.Sprint(c.Kind, " ", c.SKU, " v", c.Version)
		for _, f := range c.Fields {
			text += " " + f.Name + ":"
			for i, value := range []*string{f.Before, f.After} {
				if i == 1 {
					text += ">"
				}
				if value != nil {
					text += *value
				}
			}
		}
		all = append(all, text+c.Reason)
		return true, nil
	}))
	return all
}

// TestChangesOfAnImport: what an import does to each product is kept, and a dry run says the same.
func TestChangesOfAnImport(t *testing.T) {
	w := newWorld(t)
	r := w.runner(nil, nil, nil, job.RunnerOptions{})
	w.submit("sku,name,color\nb,old,red\nc,same,red\n", job.Settings{Extra: "keep", Changes: job.ChangesNone})
	none := w.work(r)
	_, _, err := w.service.Changes(t.Context(), none.ID, job.ChangeQuery{}, 10)
	require.ErrorIs(t, err, job.ErrNoChanges)

	text := "sku,name,description,color\nd,new,x,\nb,new,,blue\na,new,,red\nc,same,,red\n"
	settings := job.Settings{Mode: products.Update, Extra: "keep", Changes: job.ChangesAll}
	settings.DryRun = true
	w.submit(text, settings)
	dry := w.work(r)
	settings.DryRun = false
	w.submit(text, settings)
	real := w.work(r)
	want := []string{"created a v1 name:>new status:>false attributes.color:>red",
		"updated b v2 name:old>new attributes.color:red>blue", "created d v1 name:>new description:>x status:>false"}
	require.Equal(t, want, w.changes(real.ID, job.ChangeQuery{}))
	require.Equal(t, want, w.changes(dry.ID, job.ChangeQuery{}), "a dry run's changes are the real run's")

	for query, want := range map[string][]string{"": want, "kind created": {want[0], want[2]}, "kind deleted": nil,
		"description": want[2:], "attributes.color": want[:2], "nothing": nil} {
		q := job.ChangeQuery{Field: query}
		if kind, is := strings.CutPrefix(query, "kind "); is {
			q = job.ChangeQuery{Kinds: []job.ChangeKind{job.ChangeKind(kind)}}
		}
		require.Equal(t, want, w.changes(real.ID, q), query)
	}

	query := job.ChangeQuery{}
	for i := range 3 {
		page, next, err := w.service.Changes(t.Context(), real.ID, query, 1)
		require.NoError(t, err)
		require.Equal(t, []string{"a", "b", "d"}[i], page[0].SKU)
		require.NotZero(t, page[0].ID)
		require.Equal(t, i == 2, next == nil)
		if next != nil {
			query.After = *next
		}
	}
	for _, limit := range []int{0, job.MaxChanges + 1} {
		_, _, err := w.service.Changes(t.Context(), real.ID, job.ChangeQuery{}, limit)
		require.Error(t, err)
	}
	_, _, err = w.service.Changes(t.Context(), "nobody's", job.ChangeQuery{}, 1)
	require.ErrorIs(t, err, job.ErrNotFound)
}

// TestPagesOfChangesAreBounded by bytes too.
func TestPagesOfChangesAreBounded(t *testing.T) {
	w := newWorld(t)
	text := "sku,name,description\n"
	for i := range 40 {
		text += fmt.Sprintf("%02d,n,%s\n", i, strings.Repeat("d", 60_000))
	}
	w.submit(text, job.Settings{Changes: job.ChangesAll})
	j := w.work(w.runner(nil, nil, nil, job.RunnerOptions{}))
	n, query := 0, job.ChangeQuery{}
	for pages := 0; ; pages++ {
		page, next, err := w.service.Changes(t.Context(), j.ID, query, job.MaxChanges)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page), 17)
		n += len(page)
		if next == nil {
			require.Equal(t, 2, pages)
			break
		}
		query.After = *next
	}
	require.Equal(t, 40, n)
}

// TestResumedImportKeepsChangesOnce: of a dry run too, which begins from the start.
func TestResumedImportKeepsChangesOnce(t *testing.T) {
	for _, dry := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.submit(catalogue(1, 100), job.Settings{DryRun: dry, Changes: job.ChangesAll})
			writes := 0
			failing := &interruptedStore{Products: w.db.Products(), before: func() error {
				if writes++; writes == 3 {
					return products.ErrUnavailable
				}
				return nil
			}}
			j := w.work(w.runner(nil, nil, failing, job.RunnerOptions{Writers: 1}))
			require.Equal(t, job.Pending, j.State)
			require.Len(t, w.changes(j.ID, job.ChangeQuery{}), 40)
			time.Sleep(time.Minute)
			j = w.work(w.runner(nil, nil, nil, job.RunnerOptions{}))
			require.Equal(t, job.Success, j.State)
			require.Len(t, w.changes(j.ID, job.ChangeQuery{}), int(j.Event.Created))
		})
	}
}

// interruptedStore fails before some batches.
type interruptedStore struct {
	*memory.Products
	before func() error
}

func (s *interruptedStore) WriteBatch(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
	if err := s.before(); err != nil {
		return nil, err
	}
	return s.Products.WriteBatch(ctx, b)
}

// TestChangesOfAProduct: its history over several imports, the youngest first.
func TestChangesOfAProduct(t *testing.T) {
	w := newWorld(t)
	r := w.runner(nil, nil, nil, job.RunnerOptions{})
	var ids []string
	for i := range 3 {
		w.submit(fmt.Sprintf("sku,name\na,x\nb,%d\nc,y\n", i), job.Settings{Mode: products.Update, Changes: job.ChangesAll})
		ids = append([]string{w.work(r).ID}, ids...)
		w.submit("sku,name\nb,dry\n", job.Settings{Mode: products.Update, DryRun: true})
		w.work(r)
	}
	found, next, err := w.service.ChangesOf(t.Context(), " b ", "", 2)
	require.NoError(t, err)
	require.Len(t, found, 2)
	require.Equal(t, []string{ids[0], ids[1]}, []string{found[0].JobID, found[1].JobID})
	require.Equal(t, "1", *found[0].Fields[0].Before)
	rest, next, err := w.service.ChangesOf(t.Context(), "b", next, 2)
	require.NoError(t, err)
	require.Empty(t, next)
	require.Len(t, rest, 1)
	require.Equal(t, job.ChangeCreated, rest[0].Kind)
	_, _, err = w.service.ChangesOf(t.Context(), "b", "", 0)
	require.Error(t, err)
}

// TestChangesSetting: what it may be.
func TestChangesSetting(t *testing.T) {
	_, err := job.Settings{Changes: "some"}.Options()
	var wrong *job.SettingsError
	require.ErrorAs(t, err, &wrong)
	require.Equal(t, job.SettingsError{Field: "changes", Message: `unknown changes "some": want none or all`}, *wrong)
}
