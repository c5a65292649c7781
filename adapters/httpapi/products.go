package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"

	"github.com/products-importer/products-importer/products"
)

// Products is the handler of the list: GET and POST. See the route /products/ of the OpenAPI document.
func (a *API) Products() http.Handler {
	return methods{http.MethodGet: a.handle(a.listProducts), http.MethodPost: a.handle(a.createProduct)}
}

// Product is the handler of one product: GET, PUT, PATCH and DELETE. The pattern that it is mounted under has {id}.
func (a *API) Product() http.Handler {
	return methods{
		http.MethodGet: a.handle(a.getProduct), http.MethodPut: a.handle(a.putProduct),
		http.MethodPatch: a.handle(a.patchProduct), http.MethodDelete: a.handle(a.deleteProduct),
	}
}

// DeleteAll is the handler that removes every product, in one transaction: DELETE.
func (a *API) DeleteAll() http.Handler {
	return methods{http.MethodDelete: a.handle(func(w http.ResponseWriter, r *http.Request) error {
		if p := readParameters(r); p.err != nil {
			return p.err
		}
		extendDeadline(w, deleteAllTime)
		ctx, cancel := withTimeout(r, deleteAllTime)
		defer cancel()
		if _, err := a.products.DeleteAll(ctx); err != nil {
			return err
		}
		a.counts.forget()
		w.WriteHeader(http.StatusNoContent)
		return nil
	})}
}

func (a *API) listProducts(w http.ResponseWriter, r *http.Request) error {
	p := readParameters(r, "limit", "offset", "cursor", "name", "sku", "status", "search", "ordering", "count")
	if p.err != nil {
		return p.err
	}
	q := products.Query{
		Name: p.text("name"), SKU: p.text("sku"), Search: p.text("search"), Status: p.boolean("status"),
		Order: p.text("ordering"), Cursor: p.text("cursor"),
		Limit:  p.number("limit", 1, products.MaxLimit, products.DefaultLimit),
		Offset: p.number("offset", 0, math.MaxInt32, 0),
	}
	byCursor := p.has("cursor")
	count := p.boolean("count")
	if p.err != nil {
		return p.err
	}
	wantCount := !byCursor
	if count != nil {
		wantCount = *count
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	h, err := a.reads.read(ctx)
	if err != nil {
		return err
	}
	defer h.release()
	all := newPieces(q)
	page, err := a.counts.list(ctx, a.products, all.ask(pieceBytes), wantCount)
	if err != nil {
		return err
	}
	return a.writeList(w, r, h, all, page, func(more bool, cursor string) (next, previous *string) {
		switch {
		case !byCursor:
			return a.offsetLinks(r, "/products/", p, q.Limit, q.Offset, more)
		case more:
			return a.link(r, "/products/", p, map[string]string{"cursor": cursor, "offset": ""}), nil
		}
		return nil, nil
	})
}

func (a *API) createProduct(w http.ResponseWriter, r *http.Request) error {
	product, err := a.readProduct(w, r)
	if err != nil {
		return err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	h, err := a.reads.read(ctx)
	if err != nil {
		return err
	}
	defer h.release()
	product, err = a.products.Create(ctx, product)
	if err != nil {
		return err
	}
	h.shrink(product.Bytes())
	a.counts.forget()
	w.Header().Set("Location", a.location("/products/%d", product.ID))
	writeProduct(w, http.StatusCreated, &product)
	return nil
}

func (a *API) getProduct(w http.ResponseWriter, r *http.Request) error {
	id, err := pathNumber(r, products.ErrNotFound)
	if err != nil {
		return err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	h, err := a.reads.read(ctx)
	if err != nil {
		return err
	}
	defer h.release()
	product, err := a.products.Get(ctx, id)
	if err != nil {
		return err
	}
	if err := h.keep(ctx, product.Bytes()); err != nil {
		return err
	}
	if none, given := readTags(r.Header, "If-None-Match"); given && none.matchesWeakly(etag(product.Version)) {
		w.Header().Set("ETag", etag(product.Version))
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if match, given := readTags(r.Header, "If-Match"); given && !match.matchesStrongly(etag(product.Version)) {
		return products.ErrVersion
	}
	writeProduct(w, http.StatusOK, &product)
	return nil
}

func (a *API) putProduct(w http.ResponseWriter, r *http.Request) error {
	id, err := pathNumber(r, products.ErrNotFound)
	if err != nil {
		return err
	}
	product, err := a.readProduct(w, r)
	if err != nil {
		return err
	}
	attributes := make(map[string]*string, len(product.Attributes))
	for name, value := range product.Attributes {
		attributes[name] = &value
	}
	return a.changeProduct(w, r, id, products.Patch{
		Name: &product.Name, SKU: &product.SKU, Description: &product.Description, Status: &product.Status,
		Attributes: attributes, ReplaceAttributes: true,
	})
}

func (a *API) patchProduct(w http.ResponseWriter, r *http.Request) error {
	id, err := pathNumber(r, products.ErrNotFound)
	if err != nil {
		return err
	}
	var patch products.Patch
	if err := a.readObject(w, r, []string{"application/merge-patch+json", "application/json"}, patchSetters(&patch)); err != nil {
		return err
	}
	return a.changeProduct(w, r, id, patch)
}

func (a *API) changeProduct(w http.ResponseWriter, r *http.Request, id int64, patch products.Patch) error {
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	h, err := a.reads.read(ctx)
	if err != nil {
		return err
	}
	defer h.release()
	version, err := a.productPrecondition(ctx, r, id)
	if err != nil {
		return err
	}
	product, err := a.products.Update(ctx, id, version, patch)
	if err != nil {
		return err
	}
	h.shrink(product.Bytes())
	a.counts.forget()
	writeProduct(w, http.StatusOK, &product)
	return nil
}

func (a *API) deleteProduct(w http.ResponseWriter, r *http.Request) error {
	id, err := pathNumber(r, products.ErrNotFound)
	if err != nil {
		return err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	h, err := a.reads.read(ctx)
	if err != nil {
		return err
	}
	defer h.release()
	version, err := a.productPrecondition(ctx, r, id)
	if err != nil {
		return err
	}
	if err := a.products.Delete(ctx, id, version); err != nil {
		return err
	}
	a.counts.forget()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *API) productPrecondition(ctx context.Context, r *http.Request, id int64) (version int64, err error) {
	return precondition(r.Header, products.ErrVersion, func() (int64, error) {
		product, err := a.products.Get(ctx, id)
		return product.Version, err
	})
}

func writeProduct(w http.ResponseWriter, status int, product *products.Product) {
	w.Header().Set("ETag", etag(product.Version))
	writeJSON(w, status, "application/json", product)
}

// pathNumber reads the path's ID, a positive number; what is none can't be found.
func pathNumber(r *http.Request, notFound error) (int64, error) {
	text := r.PathValue("id")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 || strconv.FormatInt(id, 10) != text {
		return 0, fmt.Errorf("%w: %q", notFound, products.Shorten(text))
	}
	return id, nil
}

// readProduct reads a whole product: name and sku must be there, what else is absent or null is empty.
func (a *API) readProduct(w http.ResponseWriter, r *http.Request) (product products.Product, err error) {
	var patch products.Patch
	if err := a.readObject(w, r, []string{"application/json"}, patchSetters(&patch)); err != nil {
		return product, err
	}
	var missing []products.FieldError
	for _, field := range []struct {
		name  string
		value *string
	}{{"name", patch.Name}, {"sku", patch.SKU}} {
		if field.value == nil {
			missing = append(missing, products.FieldError{Field: field.name, Code: codeMissing, Message: field.name + " is missing"})
		}
	}
	return patch.Apply(products.Product{}), fieldProblems(missing)
}

// patchSetters read the fields of a product into the patch. Those that belong to the server are taken and forgotten, so
// that a client can send back what it got.
func patchSetters(patch *products.Patch) setters {
	return setters{
		"id": ignoreSetter, "version": ignoreSetter, "created_at": ignoreSetter, "updated_at": ignoreSetter,
		"name": textSetter(&patch.Name), "sku": textSetter(&patch.SKU),
		"description": clearableSetter(&patch.Description), "status": boolSetter(&patch.Status),
		"attributes": func(raw json.RawMessage) error {
			if isNull(raw) {
				patch.ReplaceAttributes = true
				return nil
			}
			return readAttributes(raw, patch)
		},
	}
}

// readAttributes reads an object of strings; a null removes the attribute.
func readAttributes(raw json.RawMessage, patch *products.Patch) error {
	var values map[string]json.RawMessage
	if json.Unmarshal(raw, &values) != nil {
		return errors.New("an object of strings, or null")
	}
	patch.Attributes = make(map[string]*string, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		if isNull(value) {
			patch.Attributes[name] = nil
			continue
		}
		var text string
		if json.Unmarshal(value, &text) != nil {
			return &innerError{name, codeType, "must be a string or null"}
		}
		patch.Attributes[name] = &text
	}
	return nil
}
