package httpapi

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// Imports is the handler of the history: GET.
func (a *API) Imports() http.Handler { return methods{http.MethodGet: a.handle(a.listImports)} }

// Import is the handler of one import: GET. The pattern that it is mounted under has {id}.
func (a *API) Import() http.Handler { return methods{http.MethodGet: a.handle(a.getImport)} }

// Cancel is the handler that asks for the end of an import: POST. The pattern that it is mounted under has {id}.
func (a *API) Cancel() http.Handler { return methods{http.MethodPost: a.handle(a.cancelImport)} }

// Rejects is the handler of the rejected records as CSV: GET. The pattern that it is mounted under has {id}.
func (a *API) Rejects() http.Handler { return methods{http.MethodGet: a.handle(a.getRejects)} }

// Superseded is the handler of the superseded records as CSV: GET. The pattern that it is mounted under has {id}.
func (a *API) Superseded() http.Handler {
	return methods{http.MethodGet: a.handle(a.getSuperseded)}
}

// states are those that the history can be asked for.
var states = []job.State{job.Pending, job.Started, job.Progress, job.Success, job.Failure, job.Revoked}

func (a *API) listImports(w http.ResponseWriter, r *http.Request) error {
	p := readParameters(r, "limit", "offset", "state...")
	limit, offset := p.number("limit", 1, 1_000, products.DefaultLimit), p.number("offset", 0, math.MaxInt32, 0)
	wanted := readStates(p, states, strings.ToUpper)
	if p.err != nil {
		return p.err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	jobs, count, err := a.jobs.List(ctx, limit, offset, wanted...)
	if err != nil {
		return err
	}
	writePage(a, w, r, "/imports/", p, limit, offset, count, jobs, viewOf)
	return nil
}

func (a *API) getImport(w http.ResponseWriter, r *http.Request) error {
	id, err := importID(r.PathValue("id"))
	if err != nil {
		return err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	j, err := a.jobs.Get(ctx, id)
	if err != nil {
		return err
	}
	view := viewOf(&j)
	writeJSON(w, http.StatusOK, "application/json", &view)
	return nil
}

func (a *API) cancelImport(w http.ResponseWriter, r *http.Request) error {
	id, err := importID(r.PathValue("id"))
	if err != nil {
		return err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	j, err := a.jobs.Cancel(ctx, id)
	if err != nil {
		return err
	}
	view := viewOf(&j)
	w.Header().Set("Location", a.location("/imports/%s", j.ID))
	writeJSON(w, http.StatusAccepted, "application/json", &view)
	return nil
}

func (a *API) getRejects(w http.ResponseWriter, r *http.Request) error {
	return a.report(w, r, "rejects", a.jobs.Rejects)
}

func (a *API) getSuperseded(w http.ResponseWriter, r *http.Request) error {
	return a.report(w, r, "superseded", a.jobs.Superseded)
}

// report sends what write finds in the file of an import.
func (a *API) report(w http.ResponseWriter, r *http.Request, name string, write func(ctx context.Context, id string, w io.Writer) error) error {
	id, err := importID(r.PathValue("id"))
	if err != nil {
		return err
	}
	ctx, cancel := withTimeout(r, requestTime)
	j, err := a.jobs.Get(ctx, id)
	cancel()
	if err != nil {
		return err
	}
	if j.Upload == "" {
		return newProblem(http.StatusNotFound, "file_gone", "the import's file was deleted, and its "+name+" with it")
	}
	file := newCSVResponse(w, name+"-"+id+".csv")
	// The file is read again to find them, and a client that is slow to take them is waited for piece by piece.
	err = write(r.Context(), id, file)
	return file.end(err)
}

// importID wants a UUID, so that no store is asked for what can't be one.
func importID(text string) (string, error) {
	id := strings.ToLower(text)
	ok := len(id) == 36
	for i := 0; ok && i < len(id); i++ {
		switch c := id[i]; i {
		case 8, 13, 18, 23:
			ok = c == '-'
		default:
			ok = c >= '0' && c <= '9' || c >= 'a' && c <= 'f'
		}
	}
	if !ok {
		return "", fmt.Errorf("%w: %q", job.ErrNotFound, products.Shorten(text))
	}
	return id, nil
}

// streamed is a response on its way to the client whose header leaves with its first bytes, so that what fails before them
// is answered as a problem, and what fails behind them cuts the response off.
type streamed struct {
	w       http.ResponseWriter
	buffer  *bufio.Writer
	header  func(h http.Header)
	begun   bool
	written error
}

// newStreamed returns a response; header sets its headers.
func newStreamed(w http.ResponseWriter, header func(h http.Header)) *streamed {
	c := &streamed{w: w, header: header}
	c.buffer = bufio.NewWriterSize(writerFunc(c.send), 64<<10)
	return c
}

// newCSVResponse returns a response that is a CSV file.
func newCSVResponse(w http.ResponseWriter, name string) *streamed {
	return newStreamed(w, func(h http.Header) {
		h.Set("Content-Type", "text/csv; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
		h.Set("Cache-Control", "private, no-store")
	})
}

// Write buffers.
func (c *streamed) Write(p []byte) (int, error) { return c.buffer.Write(p) }

// mostSent is how much a client has writeTime for.
const mostSent = 256 << 10

func (c *streamed) send(p []byte) (sent int, err error) {
	if !c.begun {
		c.begun = true
		c.header(c.w.Header())
		c.w.WriteHeader(http.StatusOK)
	}
	for err == nil && sent < len(p) {
		extendDeadline(c.w, writeTime)
		var n int
		n, err = c.w.Write(p[sent:min(len(p), sent+mostSent)])
		sent += n
	}
	c.written = errors.Join(c.written, err)
	return sent, err
}

// end finishes the response, with an error as far as that can be told the client.
func (c *streamed) end(err error) error {
	if err != nil && !c.begun {
		extendDeadline(c.w, writeTime)
		return err
	}
	if err == nil {
		if c.buffer.Buffered() == 0 && !c.begun {
			_, err = c.send(nil) // an empty file
		} else {
			err = c.buffer.Flush()
		}
	}
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_ = http.NewResponseController(c.w).SetWriteDeadline(time.Time{})
	return nil
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

var _ io.Writer = (*streamed)(nil)
