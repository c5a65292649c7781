package httpapi

import (
	"math"
	"net/http"
	"strconv"
)

// pageOf is a page of a list.
type pageOf[V any] struct {
	Count    *int64  `json:"count"` // null where they weren't counted
	Rough    bool    `json:"count_estimated,omitempty"`
	Next     *string `json:"next"`
	Previous *string `json:"previous"`
	Results  []V     `json:"results"`
}

// offsetLinks returns the links of a page by limit and offset.
func (a *API) offsetLinks(r *http.Request, list routePath, p *parameters, limit, offset int,
	more bool) (next, previous *string) {
	if more && offset <= math.MaxInt32-limit {
		next = a.link(r, list, p, map[string]string{"offset": strconv.Itoa(offset + limit)})
	}
	if offset > 0 {
		before := ""
		if offset > limit {
			before = strconv.Itoa(offset - limit)
		}
		previous = a.link(r, list, p, map[string]string{"offset": before})
	}
	return next, previous
}

// writePage answers with a page of a list that is asked for by limit and offset, and has so many entries in all.
func writePage[E, V any](a *API, w http.ResponseWriter, r *http.Request, list routePath, p *parameters,
	limit, offset int, count int64, page []E, view func(e *E) V) {
	body := pageOf[V]{Count: &count, Results: make([]V, len(page))}
	for i := range page {
		body.Results[i] = view(&page[i])
	}
	body.Next, body.Previous = a.offsetLinks(r, list, p, limit, offset, int64(offset)+int64(len(page)) < count &&
		len(page) > 0)
	writeJSON(w, http.StatusOK, "application/json", &body)
}
