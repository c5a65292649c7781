package httpapi

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/products-importer/products-importer/products"
)

// ProductHistory is the handler of GET /products/{id}/history, what was changed of a product, when, and by whom.
func (a *API) ProductHistory() http.Handler {
	return a.ofProducts(historyPath, methods{http.MethodGet: a.handle(a.getHistory)})
}

// changing returns a context for changing products that says who does.
func changing(ctx context.Context) context.Context { return products.WithUser(ctx, asker(ctx)) }

// historyView is an entry of a product's history.
type historyView struct {
	ID      int64     `json:"id"`
	Kind    string    `json:"kind"`
	At      time.Time `json:"at"`
	User    *string   `json:"user"`
	SKU     *string   `json:"sku"`
	Version *int64    `json:"version"` // null where all products were deleted
	// Fields are those that changed, by name, and Attributes likewise.
	Fields     map[string]fieldChangeView `json:"fields"`
	Attributes map[string]fieldChangeView `json:"attributes"`
}

// historyKinds are the words for the kinds of changes. A product went with all others too.
var historyKinds = map[products.ChangeKind]string{products.WasCreated: "created", products.WasUpdated: "updated",
	products.WasDeleted: "deleted", products.AllDeleted: "deleted"}

func (a *API) viewOfEntry(e *products.HistoryEntry) historyView {
	v := historyView{ID: e.ID, Kind: historyKinds[e.Kind], At: e.At, User: optional(e.User), SKU: optional(e.SKU),
		Version: optional(e.Version)}
	v.Fields, v.Attributes = a.viewOfFields(e.Fields)
	return v
}

// viewOfFields returns the fields and the attributes that changed, by name.
func (a *API) viewOfFields(changes []products.FieldChange) (fields, attributes map[string]fieldChangeView) {
	fields, attributes = map[string]fieldChangeView{}, map[string]fieldChangeView{}
	for i := range changes {
		f := &changes[i]
		if name, is := f.Attribute(); is {
			attributes[name] = fieldChangeView{f.Before, f.After}
			continue
		}
		field := a.schema.Find(f.Name)
		fields[f.Name] = fieldChangeView{fieldJSON(field, f.Before), fieldJSON(field, f.After)}
	}
	return fields, attributes
}

func (a *API) getHistory(w http.ResponseWriter, r *http.Request) error {
	id, err := pathNumber(r, products.ErrNotFound)
	if err != nil {
		return err
	}
	const most = 100 // of entries, of which each may be as large as two products
	p := readParameters(r, "limit", "before")
	limit := p.number("limit", 1, most, products.DefaultLimit)
	before := int64(p.number("before", 1, math.MaxInt, 0))
	switch {
	case p.err != nil:
		return p.err
	case a.options.History == nil:
		return newProblem(http.StatusNotFound, "no_history", "the history of products isn't kept")
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	h, err := a.reads.read(ctx)
	if err != nil {
		return err
	}
	defer h.release()
	entries, err := a.history(ctx, products.HistoryQuery{ProductID: id, Before: before, Limit: limit + 1})
	if err != nil {
		return err
	}
	var body struct {
		Next    *string       `json:"next"`
		Results []historyView `json:"results"`
	}
	body.Results = []historyView{}
	for i := range entries[:min(len(entries), limit)] {
		body.Results = append(body.Results, a.viewOfEntry(&entries[i]))
	}
	if len(entries) > limit {
		body.Next = a.link(r, historyPath, p, map[string]string{"before": strconv.FormatInt(entries[limit-1].ID, 10)})
	}
	writeJSON(w, http.StatusOK, "application/json", &body)
	return nil
}

// history returns a product's entries, the newest first.
func (a *API) history(ctx context.Context, q products.HistoryQuery) ([]products.HistoryEntry, error) {
	entries, err := a.options.History.ListHistory(ctx, q)
	if err != nil || q.Before > 0 {
		return entries, err
	}
	_, err = a.products.Get(ctx, q.ProductID)
	switch {
	case err == nil:
		return entries, nil
	case !errors.Is(err, products.ErrNotFound):
		return nil, err
	case len(entries) == 0:
		return nil, err
	case entries[0].Kind == products.WasDeleted:
		return entries, nil
	}
	// It is not there, and wasn't deleted alone: perhaps it was with all others.
	all, err := a.options.History.ListHistory(ctx, products.HistoryQuery{Limit: 1_000})
	if err != nil {
		return nil, err
	}
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].ID > entries[0].ID {
			all[i].SKU = entries[0].SKU
			return append([]products.HistoryEntry{all[i]}, entries...), nil
		}
	}
	return entries, nil
}
