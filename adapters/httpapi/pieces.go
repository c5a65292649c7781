package httpapi

import (
	"context"
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
	// smallBytes is what a response may hold of products beside those that are written piece by piece.
	smallBytes = 64 << 10
)

// reads bounds the products that all responses together hold in memory. While a request reads products it holds room for
// the largest. What it got is mostly small, and then it keeps room for that; else it moves to those that are being
// written: so clients that are slow to take much don't keep others from little.
type reads struct {
	reading, writing *budget
}

func newReads(bytes int64) reads { return reads{newBudget(bytes / 2), newBudget(bytes / 2)} }

// held is what one request holds.
type held struct {
	of    *reads
	share *share
}

// read takes room for one piece. The caller gives it back by release.
func (r *reads) read(ctx context.Context) (*held, error) {
	s, err := r.reading.take(ctx, pieceBytes)
	return &held{r, s}, err
}

// stream takes room for a response that is read and written piece by piece.
func (r *reads) stream(ctx context.Context) (*held, error) {
	s, err := r.writing.take(ctx, pieceBytes)
	return &held{r, s}, err
}

// keep gives back what is not needed for so many bytes that are to be written.
func (h *held) keep(ctx context.Context, bytes int) error {
	if bytes <= smallBytes {
		h.share.shrink(int64(bytes))
		return nil
	}
	s, err := h.of.writing.take(ctx, int64(min(bytes, pieceBytes)))
	if err != nil {
		return err
	}
	h.share.release()
	h.share = s
	return nil
}

// shrink gives back what so many bytes don't need. It can't fail: it is for what was done already, and is only told.
func (h *held) shrink(bytes int) { h.share.shrink(int64(bytes)) }

func (h *held) release() { h.share.release() }

// pieces are the products that a query matches, to be asked for piece by piece.
type pieces struct {
	query products.Query // of the next piece; its Limit is of all
	rows  int            // at most of the next piece
	more  bool
}

func newPieces(q products.Query) *pieces { return &pieces{q, pieceRows, true} }

// ask is the query for the next piece, of at most so many bytes.
func (p *pieces) ask(bytes int) products.Query {
	q := p.query
	q.Limit, q.MaxBytes = min(q.Limit, p.rows), bytes
	return q
}

// got takes note of a piece and returns its bytes. The next one asks for as many products as probably fit, so that few are
// looked at in vain.
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

// end tells whether the query's Limit is reached, or there is no more.
func (p *pieces) end() bool { return !p.more || p.query.Limit <= 0 }

// busyTime is how long a response that has begun waits for a store that is busy, and busyPause how long between two tries.
const busyTime, busyPause = time.Minute, 250 * time.Millisecond

// nextPiece reads a piece behind the first. It has more patience with a store that is busy than who has got nothing yet:
// what the client has received would be in vain.
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

// writeList answers with the products, from the first piece on. Few enough are one piece; else they are written as they are
// read.
func (a *API) writeList(w http.ResponseWriter, r *http.Request, h *held, p *pieces, page products.Page, links func(more bool, cursor string) (next, previous *string)) error {
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
		list := pageOf[products.Product]{Count: count, Results: all}
		list.Next, list.Previous = links(p.more, p.query.Cursor)
		writeJSON(w, http.StatusOK, "application/json", &list)
		return nil
	}
	if err := h.keep(r.Context(), pieceBytes); err != nil {
		return err
	}
	out := newStreamed(w, func(h http.Header) { h.Set("Content-Type", "application/json") })
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
