package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/products-importer/products-importer/products"
)

// setters take the fields of a JSON object, by name. An error says of which type a value has to be: "a string".
type setters map[string]func(raw json.RawMessage) error

// readObject reads the body as one JSON object, strictly: a field that is unknown, comes twice or has another type than
// it should is an error that names it, and nothing may follow the object. Names count by every character. Within the
// fields no name comes twice in an object either, and no text has an escape that is no character.
func (a *API) readObject(w http.ResponseWriter, r *http.Request, contentTypes []string, fields setters) error {
	return a.readObjectOf(w, r, a.options.MaxBodyBytes, contentTypes, fields)
}

// readSettings is readObject for what is short.
func (a *API) readSettings(w http.ResponseWriter, r *http.Request, contentTypes []string, fields setters) error {
	const most = 64 << 10
	return a.readObjectOf(w, r, min(most, a.options.MaxBodyBytes), contentTypes, fields)
}

// readObjectOf is readObject of a body of at most so many bytes.
func (a *API) readObjectOf(w http.ResponseWriter, r *http.Request, most int64, contentTypes []string, fields setters) error {
	if err := checkContentType(r, contentTypes); err != nil {
		return err
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		p := newProblem(http.StatusUnsupportedMediaType, "content_encoding", fmt.Sprintf("the Content-Encoding %q isn't taken here", products.Shorten(encoding)))
		p.header = http.Header{"Accept-Encoding": {"identity"}}
		return p
	}
	body, err := a.readBody(http.MaxBytesReader(w, r.Body, most), r)
	extendDeadline(w, requestTime+writeTime) // the answer is due from here on
	if err != nil {
		return bodyProblem(err)
	}
	return parseObject(body, fields)
}

// checkContentType wants the body to be of one of the types; without a Content-Type it is believed to be.
func checkContentType(r *http.Request, want []string) error {
	given := r.Header.Get("Content-Type")
	if given == "" {
		return nil
	}
	mediaType, parameters, err := mime.ParseMediaType(given)
	if charset := strings.ToLower(parameters["charset"]); err == nil && slices.Contains(want, mediaType) && (charset == "" || charset == "utf-8") {
		return nil
	}
	return newProblem(http.StatusUnsupportedMediaType, "content_type", fmt.Sprintf("the Content-Type must be %s, not %q", strings.Join(want, " or "), products.Shorten(given)))
}

// malformed says that the body is no JSON.
func malformed(format string, a ...any) error {
	return newProblem(http.StatusBadRequest, "malformed_json", "the body is not the JSON that is wanted: "+fmt.Sprintf(format, a...))
}

// parseObject reads an object's fields into the setters, and collects every field that is wrong.
func parseObject(body []byte, fields setters) error {
	if !utf8.Valid(body) {
		return malformed("it is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	start, err := d.Token()
	switch {
	case errors.Is(err, io.EOF):
		return malformed("it is empty")
	case err != nil:
		return malformed("%v", err)
	case start != json.Delim('{'):
		return malformed("it must be an object")
	}
	var wrong []products.FieldError
	fail := func(field, code, format string, a ...any) {
		wrong = append(wrong, products.FieldError{Field: field, Code: code, Message: fmt.Sprintf(format, a...)})
	}
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return malformed("%v", jsonError(err))
		}
		name, _ := token.(string) // the decoder lets nothing else be a name
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return malformed("%v", jsonError(err))
		}
		set, known := fields[name]
		shown := products.Shorten(name)
		switch {
		case seen[name]:
			fail(shown, codeTwice, "%s is given twice", shown)
		case !known:
			fail(shown, codeUnknown, "there is no field %q: want %s", shown, strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		default:
			err := checkValue(raw)
			if err == nil {
				err = set(raw)
			}
			var inner *innerError
			if errors.As(err, &inner) {
				at := shown
				if inner.name != "" {
					at = products.Shorten(name + "[" + inner.name + "]")
				}
				fail(at, inner.code, "%s %s", at, inner.message)
			} else if err != nil {
				fail(shown, codeType, "%s must be %v", shown, err)
			}
		}
		seen[name] = true
		const most = 20
		if len(wrong) >= most {
			return fieldProblems(wrong)
		}
	}
	if _, err := d.Token(); err != nil {
		return malformed("%v", jsonError(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return malformed("something follows the object")
	}
	return fieldProblems(wrong)
}

// jsonError names the end of the text as what it is.
func jsonError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends too early")
	}
	return err
}

// fieldProblems returns the problem with the fields, nil for none.
func fieldProblems(wrong []products.FieldError) error {
	if len(wrong) == 0 {
		return nil
	}
	return newFieldProblem(wrong)
}

func newFieldProblem(wrong []products.FieldError) *Problem {
	p := newProblem(http.StatusUnprocessableEntity, "invalid_field", wrong[0].Message)
	if len(wrong) > 1 {
		p.Detail = fmt.Sprintf("%s (and %d more)", p.Detail, len(wrong)-1)
	}
	p.Errors = wrong
	return p
}

// innerError says that a value inside a field is wrong, or, without a name, the field's own.
type innerError struct{ name, code, message string }

func (e *innerError) Error() string { return e.message }
