package httpapi

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/products-importer/products-importer/products"
)

const (
	// pieceBytes is how many bytes of products a request reads at a time; one that is larger comes alone.
	pieceBytes = products.MaxBytes
	// pieceRows is how many products a request asks for at first, before it is known how large they are.
	pieceRows = 256
)

// pieces are the products that a query matches, to be asked for piece by piece.
type pieces struct {
	query products.Query // of the next piece; its Limit is of all
	rows  int            // at most of the next piece
	more  bool
}

func newPieces(q products.Query) *pieces { return &pieces{q, pieceRows, true} }

// ask returns the query for the next piece, of at most so many bytes.
func (p *pieces) ask(bytes int) products.Query {
	q := p.query
	q.Limit, q.MaxBytes = min(q.Limit, p.rows), bytes
	return q
}

// got records that a piece was read, and returns its bytes. The next query asks for as many products as will probably
// fit, so that the store reads few that don't.
func (p *pieces) got(page *products.Page) int {
	n, bytes := len(page.Products), 1
	for i := range page.Products {
		bytes += page.Products[i].Bytes()
	}
	p.query.Limit -= n
	p.query.Cursor, p.query.Offset, p.query.SkipCount = page.Next, 0, true
	p.more = page.Next != ""
	if n > 0 {
		p.rows = min(max(pieceBytes/4*n/bytes, 2), products.MaxLimit)
	}
	return bytes
}

// end reports whether the query's Limit is reached, or there are no more products.
func (p *pieces) end() bool { return !p.more || p.query.Limit <= 0 }

// busyTime is how long a response that has begun waits for a store that is busy, and busyPause how long between two
// tries.
const busyTime, busyPause = time.Minute, 250 * time.Millisecond

// nextPiece reads a piece after the first. It waits longer for a busy store than the first one did, since a failure
// would waste what the client has received.
func (a *API) nextPiece(r *http.Request, q products.Query) (page products.Page, err error) {
	for began := time.Now(); ; {
		ctx, cancel := withTimeout(r, requestTime)
		page, err = a.products.List(ctx, q)
		cancel()
		if !errors.Is(err, products.ErrBusy) || time.Since(began) > busyTime {
			return page, err
		}
		select {
		case <-time.After(busyPause):
		case <-r.Context().Done():
			return page, r.Context().Err()
		}
	}
}

// writeList answers with the products, of which page is the first piece. If they are few they are written at once, and
// else as they are read.
func (a *API) writeList(w http.ResponseWriter, r *http.Request, h *readShare, p *pieces, page products.Page,
	links func(more bool, cursor string) (next, previous *string)) error {
	var count *int64
	if page.Count >= 0 {
		count = &page.Count
	}
	next := func(bytes int) (products.Page, error) { return a.nextPiece(r, p.ask(bytes)) }
	all := page.Products
	bytes := p.got(&page)
	for !p.end() && bytes < pieceBytes/2 {
		more, err := next(pieceBytes - bytes)
		if err != nil {
			return err
		}
		bytes += p.got(&more)
		all = append(all, more.Products...)
	}
	if p.end() {
		if err := h.keep(r.Context(), bytes); err != nil {
			return err
		}
		list := pageOf[products.Product]{Count: count, Rough: page.CountEstimated, Results: all}
		list.Next, list.Previous = links(p.more, p.query.Cursor)
		writeJSON(w, http.StatusOK, "application/json", &list)
		return nil
	}
	if err := h.keep(r.Context(), pieceBytes); err != nil {
		return err
	}
	out := newStreamedResponse(w, func(h http.Header) { h.Set("Content-Type", "application/json") })
	return out.end(func() error {
		values := json.NewEncoder(out)
		values.SetEscapeHTML(false)
		put := func(text string, value any) error {
			if _, err := io.WriteString(out, text); err != nil {
				return err
			}
			return values.Encode(value)
		}
		if err := put(`{"count":`, count); err != nil {
			return err
		}
		before := `,"results":[`
		if page.CountEstimated {
			before = `,"count_estimated":true` + before
		}
		for len(all) > 0 {
			for i := range all {
				if err := put(before, &all[i]); err != nil {
					return err
				}
				before, all[i] = ",", products.Product{} // what is written goes
			}
			for all = nil; len(all) == 0 && !p.end(); {
				page, err := next(pieceBytes)
				if err != nil {
					return err
				}
				p.got(&page)
				all = page.Products
			}
		}
		next, previous := links(p.more, p.query.Cursor)
		if err := put(`],"next":`, next); err != nil {
			return err
		}
		if err := put(`,"previous":`, previous); err != nil {
			return err
		}
		_, err := io.WriteString(out, "}\n")
		return err
	}())
}
