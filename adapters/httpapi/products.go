package httpapi

import (
	"context"
	"math"
	"net/http"
	"strconv"

	"github.com/products-importer/products-importer/products"
)

// Products is the handler of GET /products/, the list, and of POST /products/, which creates a product.
func (a *API) Products() http.Handler {
	return a.ofProducts(productsPath, methods{
		http.MethodGet: a.handle(a.listProducts), http.MethodPost: a.handle(a.createProduct),
	})
}

// Product is the handler of GET, PUT, PATCH and DELETE /products/{id}, one product.
func (a *API) Product() http.Handler {
	return a.ofProducts(productPath, methods{
		http.MethodGet: a.handle(a.getProduct), http.MethodPut: a.handle(a.putProduct),
		http.MethodPatch: a.handle(a.patchProduct), http.MethodDelete: a.handle(a.deleteProduct),
	})
}

// DeleteAll is the handler of DELETE /delete_all/, which deletes every product in one transaction.
func (a *API) DeleteAll() http.Handler {
	return a.ofProducts(deleteAllPath, methods{http.MethodDelete: a.handle(func(w http.ResponseWriter,
		r *http.Request) error {
		if p := readParameters(r); p.err != nil {
			return p.err
		}
		ctx, cancel, err := a.startLong(w, r, deleteAllTime)
		if err != nil {
			return err
		}
		defer cancel()
		if _, err := a.products.DeleteAll(changing(ctx)); err != nil {
			return err
		}
		a.counts.forget()
		w.WriteHeader(http.StatusNoContent)
		return nil
	})})
}

func (a *API) listProducts(w http.ResponseWriter, r *http.Request) error {
	p := a.readFilters(r, "limit", "offset", "cursor", "ordering", "count")
	if p.err != nil {
		return p.err
	}
	q := p.filters()
	q.Order, q.Cursor = p.text("ordering"), p.text("cursor")
	q.Limit = p.number("limit", 1, products.MaxLimit, products.DefaultLimit)
	q.Offset = p.number("offset", 0, math.MaxInt32, 0)
	byCursor := p.has("cursor")
	if byCursor && q.Offset > 0 {
		p.fail("cursor", codeValue, "offset and cursor can't be combined")
	}
	wantCount := !byCursor
	if q.CountUpTo = exactCount; q.Search != "" {
		q.CountUpTo = exactSearchCount
	}
	if p.text("count") == "exact" {
		wantCount, q.CountUpTo = true, 0
	} else if count := p.booleanOr("count", "true, false or exact"); count != nil {
		wantCount = *count
	}
	if p.err != nil {
		return p.err
	}
	ctx, h, err := a.startRead(r)
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
			return a.offsetLinks(r, productsPath, p, q.Limit, q.Offset, more)
		case more:
			return a.link(r, productsPath, p, map[string]string{"cursor": cursor, "offset": ""}), nil
		}
		return nil, nil
	})
}

func (a *API) createProduct(w http.ResponseWriter, r *http.Request) error {
	product, err := a.readProduct(w, r, true)
	if err != nil {
		return err
	}
	ctx, h, err := a.startRead(r)
	if err != nil {
		return err
	}
	defer h.release()
	product, err = a.products.Create(changing(ctx), product)
	if err != nil {
		return a.refusedFields(err)
	}
	h.shrink(product.Bytes())
	a.counts.forget()
	a.setLocation(w, r, productsPath, productPath, strconv.FormatInt(product.ID, 10))
	writeProduct(w, http.StatusCreated, &product)
	return nil
}

func (a *API) getProduct(w http.ResponseWriter, r *http.Request) error {
	id, err := pathNumber(r, products.ErrNotFound)
	if err != nil {
		return err
	}
	ctx, h, err := a.startRead(r)
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
	if none, given := readTags(r.Header, "If-None-Match"); given && none.matches(etag(product.Version)) {
		w.Header().Set("ETag", etag(product.Version))
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if match, given := readTags(r.Header, "If-Match"); given && !match.matches(etag(product.Version)) {
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
	product, err := a.readProduct(w, r, false)
	if err != nil {
		return err
	}
	attributes := make(map[string]*string, len(product.Attributes))
	for name, value := range product.Attributes {
		attributes[name] = &value
	}
	return a.changeProduct(w, r, id, products.Patch{
		Name: &product.Name, SKU: &product.SKU, Description: &product.Description, Status: &product.Status,
		Fields: product.Fields, ReplaceFields: true, Attributes: attributes, ReplaceAttributes: true,
	})
}

func (a *API) patchProduct(w http.ResponseWriter, r *http.Request) error {
	id, err := pathNumber(r, products.ErrNotFound)
	if err != nil {
		return err
	}
	var patch products.Patch
	if err := a.readObject(w, r, []string{"application/merge-patch+json", "application/json"},
		patchSetters(&patch, a.schema)); err != nil {
		return err
	}
	return a.changeProduct(w, r, id, patch)
}

func (a *API) changeProduct(w http.ResponseWriter, r *http.Request, id int64, patch products.Patch) error {
	ctx, h, err := a.startRead(r)
	if err != nil {
		return err
	}
	defer h.release()
	version, err := a.productPrecondition(ctx, r, id)
	if err != nil {
		return err
	}
	product, err := a.products.Update(changing(ctx), id, version, patch)
	if err != nil {
		return a.refusedFields(err)
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
	ctx, h, err := a.startRead(r)
	if err != nil {
		return err
	}
	defer h.release()
	version, err := a.productPrecondition(ctx, r, id)
	if err != nil {
		return err
	}
	if err := a.products.Delete(changing(ctx), id, version); err != nil {
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
