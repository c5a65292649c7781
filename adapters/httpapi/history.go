package httpapi

import (
	"context"
	"net/http"
	"time"

	jobs "github.com/products-importer/products-importer/importer/job/driver"
	"github.com/products-importer/products-importer/products"
)

// ProductHistory is the handler of GET /products/{id}/history, what was changed of a product, when, and by whom: one at
// a time, by imports and by undos.
func (a *API) ProductHistory() http.Handler {
	return a.ofProducts(historyPath, methods{http.MethodGet: a.handle(a.getHistory)})
}

// changing returns a context for changing products that says who does.
func changing(ctx context.Context) context.Context { return products.WithUser(ctx, asker(ctx)) }

// historyView is an entry of a product's history.
type historyView struct {
	ID      *int64    `json:"id"` // null for what an import did
	Kind    string    `json:"kind"`
	At      time.Time `json:"at"`
	User    *string   `json:"user"`
	SKU     *string   `json:"sku"`
	Version *int64    `json:"version"` // null where all products were deleted
	// Import is the one that did it, null for a single change.
	Import *historyImport `json:"import"`
	// Fields are those that changed, by name, and Attributes likewise.
	Fields     map[string]fieldChangeView `json:"fields"`
	Attributes map[string]fieldChangeView `json:"attributes"`
}

// historyImport says which import, or undo, changed a product.
type historyImport struct {
	ID       string `json:"id"`
	FileName string `json:"file_name"`
	// Undo is the import that was undone, null for one that was none.
	Undo *string `json:"undo"`
	// URL is where the import is, null where that isn't known.
	URL *string `json:"url"`
}

// historyKinds are the words for the kinds of changes. A product went with all others too.
var historyKinds = map[products.ChangeKind]string{products.WasCreated: "created", products.WasUpdated: "updated",
	products.WasDeleted: "deleted", products.AllDeleted: "deleted"}

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

// historyPlace is a place in a product's history, behind which it goes on.
type historyPlace struct {
	// Single is the ID of the last single change before the place, Import that of the last import; nothing for none.
	Single int64  `json:"single,omitempty"`
	Import string `json:"import,omitempty"`
	// SKU is what the product had there, and Version, unless 0, the one before which it had it.
	SKU     string `json:"sku,omitempty"`
	Version int64  `json:"version,omitempty"`
}

// valid reports whether a place can be one.
func (h *historyPlace) valid() bool {
	return h.Single >= 0 && h.SKU != "" && (h.Import == "" || jobs.IsID(h.Import))
}

func (a *API) getHistory(w http.ResponseWriter, r *http.Request) error {
	id, err := pathNumber(r, products.ErrNotFound)
	if err != nil {
		return err
	}
	const most = 100 // of entries, of which each may be as large as two products
	p := readParameters(r, "limit", "cursor", "sku")
	limit, place := p.number("limit", 1, most, products.DefaultLimit), placeOf(p, (*historyPlace).valid)
	switch {
	case p.err != nil:
		return p.err
	case a.options.History == nil:
		return newProblem(http.StatusNotFound, "no_history", "the history of products isn't kept")
	}
	ctx, h, err := a.startRead(r)
	if err != nil {
		return err
	}
	defer h.release()
	entries, next, err := a.history(ctx, id, p.text("sku"), place, limit)
	if err != nil {
		return err
	}
	var body struct {
		Next    *string       `json:"next"`
		Results []historyView `json:"results"`
	}
	body.Results = make([]historyView, len(entries))
	for i := range entries {
		body.Results[i] = a.viewOfEntry(r, &entries[i])
	}
	if next != nil {
		body.Next = a.link(r, historyPath, p, map[string]string{"cursor": cursorOf(next)})
	}
	writeJSON(w, http.StatusOK, "application/json", &body)
	return nil
}

func (a *API) viewOfEntry(r *http.Request, e *historyEntry) historyView {
	var v historyView
	if s := e.single; s != nil {
		v = historyView{ID: &s.ID, Kind: historyKinds[s.Kind], At: s.At, User: optional(s.User), SKU: optional(s.SKU),
			Version: optional(s.Version)}
		v.Fields, v.Attributes = a.viewOfFields(s.Fields)
		return v
	}
	c, j := e.change, e.job
	v = historyView{Kind: string(c.Kind), At: c.At, User: optional(j.User), SKU: &c.SKU, Version: &c.Version,
		Import: &historyImport{ID: j.ID, FileName: j.FileName, Undo: optional(j.Settings.Undo)}}
	if prefix, known := a.mount(r, historyPath); known {
		url := a.origin(r) + prefix + importPath.with(j.ID)
		v.Import.URL = &url
	}
	v.Fields, v.Attributes = a.viewOfFields(c.Fields)
	return v
}
