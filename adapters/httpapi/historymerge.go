package httpapi

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// Bounds of what is looked at for a page of a history: how many imports, how many of these at a time, and how many more
// than fit on it, since imports that are done at the same time change a product in another order than they began.
const (
	historyImports       = 100
	historyImportsAtOnce = 10
	historyImportsMore   = 8
)

// historyEntry is a change of a product: a single one, or what a job did.
type historyEntry struct {
	single *products.HistoryEntry
	change *job.ProductChange
	job    *job.Job
}

// rank says how new the change is: by the product's versions, which tell what came after what, whoever did it. A
// product that is deleted keeps its last version.
func (e *historyEntry) rank() (version int64, deletion bool) {
	switch {
	case e.change != nil:
		return e.change.Version, e.change.Kind == job.ChangeDeleted
	case e.single.Kind == products.AllDeleted:
		return 1<<63 - 1, true
	}
	return e.single.Version, e.single.Kind == products.WasDeleted
}

// newer compares entries: those that are newer come first.
func newer(x, y historyEntry) int {
	v, deletes := x.rank()
	w, alsoDeletes := y.rank()
	switch c := cmp.Compare(w, v); {
	case c != 0 || deletes == alsoDeletes:
		return c
	case deletes:
		return -1
	}
	return 1
}

// history returns at most limit of a product's entries behind the place, the newest first, and the place behind them,
// nil where there are no more. There may be fewer, even none, and more behind them. The SKU is what the asker says that
// a product had which is gone.
func (a *API) history(ctx context.Context, id int64, sku string, place historyPlace, limit int) (page []historyEntry,
	next *historyPlace, err error) {
	found, err := a.options.History.ListHistory(ctx, products.HistoryQuery{ProductID: id, Before: place.Single,
		Limit: limit + 1})
	if err != nil {
		return nil, nil, err
	}
	first, gone := place.SKU == "", false
	if first {
		if place.SKU, gone, err = a.skuOf(ctx, id, sku, found); err != nil {
			return nil, nil, err
		}
	}
	imports, last, err := a.importsOf(ctx, id, place, limit+historyImportsMore)
	if err != nil {
		return nil, nil, err
	}
	singles := make([]historyEntry, len(found))
	for i := range found {
		singles[i].single = &found[i]
	}
	all := slices.SortedStableFunc(slices.Values(slices.Concat(singles, imports)), newer)
	if gone && len(all) == 0 && last == nil {
		return nil, nil, products.ErrNotFound // nothing says that there was one
	}
	if gone && len(all) > 0 {
		if _, deleted := all[0].rank(); !deleted {
			// It was deleted with all others, which has no version.
			with, err := a.deletedWithAll(ctx, &all[0], found)
			if err != nil {
				return nil, nil, err
			}
			all = slices.Concat(with, all)
		}
	}
	complete := upTo(all, imports, last)
	n := min(limit, complete)
	for n > 0 && !inOrder(all[:n], imports) {
		n--
	}
	if n == 0 && complete > 0 { // they are in another order than their imports throughout
		all = merged(singles, imports)
		complete = upTo(all, imports, last)
		n = min(limit, complete)
	}
	return a.cut(all, imports, place, n, last)
}

// skuOf returns the product's SKU, or its last one once it is gone: what a single change tells, or the asker says,
// ErrNotFound else.
func (a *API) skuOf(ctx context.Context, id int64, said string, found []products.HistoryEntry) (sku string, gone bool,
	err error) {
	p, err := a.products.Get(ctx, id)
	switch {
	case !errors.Is(err, products.ErrNotFound):
		return p.SKU, false, err
	case len(found) > 0:
		return found[0].SKU, true, nil
	case said != "":
		return said, true, nil
	}
	return "", false, newProblem(http.StatusNotFound, "not_found", "there is no such product; what imports and undos "+
		"did to one that was deleted is found by its SKU: say sku=")
}

// importsOf returns what jobs did to the product, in the order of the jobs, the youngest first: about as many as are
// wanted. The last job that was looked at is nil where there are no more.
func (a *API) importsOf(ctx context.Context, id int64, place historyPlace, want int) (all []historyEntry,
	last *job.Job, err error) {
	var changes []job.ProductChange
	below := place.Import
	for looked := 0; len(changes) < want && looked < historyImports; looked += historyImportsAtOnce {
		found, next, err := a.jobs.ChangesOf(ctx, place.SKU, below, historyImportsAtOnce)
		if err != nil {
			return nil, nil, err
		}
		for _, c := range found {
			if c.ID == id && c.Kind != job.ChangeKept && (place.Version == 0 || c.Version < place.Version) {
				changes = append(changes, c)
			}
		}
		if below = next; below == "" {
			break
		}
	}
	var ids []string
	if below != "" {
		ids = append(ids, below)
	}
	for i := range changes {
		ids = append(ids, changes[i].JobID)
	}
	found, err := a.reader.GetMany(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	byID := make(map[string]*job.Job, len(found))
	for i := range found {
		byID[found[i].ID] = &found[i]
	}
	for i := range changes {
		if j := byID[changes[i].JobID]; j != nil { // else its changes went with it meanwhile
			changes[i].At = timeOfChange(&changes[i], j)
			all = append(all, historyEntry{change: &changes[i], job: j})
		}
	}
	if last = byID[below]; last == nil && below != "" {
		last = &job.Job{ID: below}
	}
	return all, last, nil
}

// timeOfChange is when it was made, as well as that is known.
func timeOfChange(c *job.ProductChange, j *job.Job) time.Time {
	for _, at := range []time.Time{c.At, j.FinishedAt, j.StartedAt} {
		if !at.IsZero() {
			return at
		}
	}
	return j.CreatedAt
}

// deletedWithAll returns the deletion of all products with which one went whose newest entry is given.
func (a *API) deletedWithAll(ctx context.Context, newest *historyEntry,
	found []products.HistoryEntry) ([]historyEntry, error) {
	single := newest.single
	if single == nil && len(found) > 0 { // an import was the last one, which has no place among single changes
		single = &found[0]
	}
	all, err := a.options.History.ListHistory(ctx, products.HistoryQuery{Limit: 1_000})
	if err != nil {
		return nil, err
	}
	for i := len(all) - 1; i >= 0; i-- {
		switch {
		case single == nil && all[i].At.After(newest.change.At):
			all[i].SKU = newest.change.SKU
		case single != nil && all[i].ID > single.ID:
			all[i].SKU = single.SKU
		default:
			continue
		}
		return []historyEntry{{single: &all[i]}}, nil
	}
	return nil, nil
}

// upTo returns how many of the entries there are before the first that jobs may come before that weren't looked at: a
// single change that is older than the last job that was.
func upTo(all, imports []historyEntry, last *job.Job) int {
	if last == nil {
		return len(all)
	}
	left := len(imports)
	for i := range all {
		if all[i].single == nil {
			left--
		} else if left == 0 && all[i].single.At.Before(last.CreatedAt) {
			return i
		}
	}
	return len(all)
}

// inOrder reports whether the jobs on the page are the first of those that were found, so that there is one of them
// behind which the next page goes on.
func inOrder(page, imports []historyEntry) bool {
	n := 0
	for i := range page {
		if page[i].job != nil {
			n++
		}
	}
	for i := range imports[:n] {
		if !slices.ContainsFunc(page, func(e historyEntry) bool { return e.job == imports[i].job }) {
			return false
		}
	}
	return true
}

// merged puts single changes and imports together, without changing the order of either.
func merged(singles, imports []historyEntry) (all []historyEntry) {
	for len(singles) > 0 && len(imports) > 0 {
		if newer(singles[0], imports[0]) <= 0 {
			all, singles = append(all, singles[0]), singles[1:]
		} else {
			all, imports = append(all, imports[0]), imports[1:]
		}
	}
	return slices.Concat(all, singles, imports)
}

// cut returns the first n entries, or fewer where the product had another SKU before, and the place behind them.
func (a *API) cut(all, imports []historyEntry, place historyPlace, n int, last *job.Job) ([]historyEntry,
	*historyPlace, error) {
	done := 0 // of the imports
	for i := range all[:n] {
		s := all[i].single
		if s == nil {
			done++
			continue
		}
		place.Single = s.ID
		if before := skuBefore(s); before != "" {
			return all[:i+1], &historyPlace{Single: s.ID, SKU: before, Version: s.Version}, nil
		}
	}
	switch {
	case n == len(all) && last == nil:
		return all, nil, nil
	case done == len(imports) && last != nil:
		place.Import = last.ID
	case done > 0:
		place.Import = imports[done-1].job.ID
	}
	return all[:n], &place, nil
}

// skuBefore returns the SKU that a product had before a change that gave it another one.
func skuBefore(e *products.HistoryEntry) string {
	for i := range e.Fields {
		if f := &e.Fields[i]; f.Name == skuChange && f.Before != nil && e.Kind == products.WasUpdated {
			return *f.Before
		}
	}
	return ""
}
