package httpapi

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/products-importer/products-importer/products"
)

// bodyTime is how long a JSON body may take: it holds memory meanwhile.
const bodyTime = 2 * time.Minute

// readObject reads the body as one JSON object, strictly: a field that is unknown, comes twice or has the wrong type is
// an error that names it, and nothing may follow the object. Names are compared exactly, case included. Inside the
// values, too, no object has a name twice, and no string an escape that is half of a character.
func (a *API) readObject(w http.ResponseWriter, r *http.Request, contentTypes []string, fields setters) error {
	return a.readObjectOf(w, r, a.options.MaxBodyBytes, contentTypes, fields)
}

// readSettings is readObject for short bodies.
func (a *API) readSettings(w http.ResponseWriter, r *http.Request, contentTypes []string, fields setters) error {
	const most = 64 << 10
	return a.readObjectOf(w, r, min(most, a.options.MaxBodyBytes), contentTypes, fields)
}

// readObjectOf is readObject of a body of at most so many bytes.
func (a *API) readObjectOf(w http.ResponseWriter, r *http.Request, most int64, contentTypes []string,
	fields setters) error {
	if err := checkContentType(r, contentTypes); err != nil {
		return err
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		p := newProblem(http.StatusUnsupportedMediaType, "content_encoding",
			fmt.Sprintf("the Content-Encoding %q isn't taken here", products.Shorten(encoding)))
		p.Header = http.Header{"Accept-Encoding": {"identity"}}
		return p
	}
	body, err := a.readBody(http.MaxBytesReader(w, r.Body, most), r)
	extendDeadline(w, requestTime+writeTime) // the answer is due from here on
	if err != nil {
		return bodyProblem(err)
	}
	return parseObject(body, fields)
}

// checkContentType returns a problem unless the body's type is one of those wanted, in UTF-8, or isn't given.
func checkContentType(r *http.Request, want []string) error {
	given := r.Header.Get("Content-Type")
	if given == "" {
		return nil
	}
	mediaType, parameters, err := mime.ParseMediaType(given)
	if charset := strings.ToLower(parameters["charset"]); err == nil && slices.Contains(want, mediaType) &&
		(charset == "" || charset == "utf-8") {
		return nil
	}
	return newProblem(http.StatusUnsupportedMediaType, "content_type",
		fmt.Sprintf("the Content-Type must be %s, not %q", strings.Join(want, " or "), products.Shorten(given)))
}

// readOptionalObject is readSettings for a body that may be left out.
func (a *API) readOptionalObject(w http.ResponseWriter, r *http.Request, fields setters) error {
	if r.ContentLength == 0 {
		return nil
	}
	return a.readSettings(w, r, []string{"application/json"}, fields)
}

// readBody reads the whole body of a request. The memory that it holds grows with the bytes that have arrived, whatever
// the Content-Length.
func (a *API) readBody(in io.Reader, r *http.Request) ([]byte, error) {
	held, _ := r.Context().Value(bodyShareKey{}).(*bodyShare)
	if held == nil { // without a body
		return nil, nil
	}
	size := func(want int64) int64 { // one more than there is, to see the end
		if r.ContentLength >= 0 {
			want = min(want, r.ContentLength+1)
		}
		return want
	}
	body := make([]byte, 0, size(freeBody))
	until := time.Now().Add(bodyTime)
	for {
		if have := int64(len(body)); have == int64(cap(body)) {
			want := max(size(2*have), have+1)
			if err := held.take(want - max(have, freeBody)); err != nil {
				return nil, err
			}
			body = append(make([]byte, 0, want), body...)
		}
		n, err := in.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case errors.Is(err, io.EOF):
			return body, nil
		case err != nil:
			return nil, err
		case time.Now().After(until):
			return nil, os.ErrDeadlineExceeded
		}
	}
}
