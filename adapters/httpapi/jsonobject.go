package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/products-importer/products-importer/products"
)

// malformed returns the problem with a body that is not the JSON that is wanted.
func malformed(format string, a ...any) error {
	return newProblem(http.StatusBadRequest, "malformed_json", "the body is not the JSON that is wanted: "+
		fmt.Sprintf(format, a...))
}

// mostWrong is how many fields of an object are named at most as wrong, before anything is said of the others.
const mostWrong = 20

// parseObject gives an object's fields to the setters, and returns a problem that names every field that is wrong.
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
			fail(shown, codeUnknown, "there is no field %q: want %s", shown,
				strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		default:
			err := checkValue(raw)
			if err == nil {
				err = set(raw)
			}
			wrong = append(wrong, valueErrors(name, err)...)
		}
		seen[name] = true
		if len(wrong) >= mostWrong {
			return fieldProblems(wrong[:mostWrong])
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

// valueErrors returns what the error of a setter says about the field of that name.
func valueErrors(name string, err error) []products.FieldError {
	at := products.Shorten(name)
	var several fieldErrors
	var inner *innerError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &several):
		return several
	case errors.As(err, &inner):
		switch {
		case inner.name != "" && name == fieldsName:
			at = ownField(products.Shorten(inner.name))
		case inner.name != "":
			at = products.Shorten(name + "[" + inner.name + "]")
		}
		return []products.FieldError{{Field: at, Code: inner.code, Message: at + " " + inner.message}}
	}
	return []products.FieldError{{Field: at, Code: codeType, Message: fmt.Sprintf("%s must be %v", at, err)}}
}

// jsonError replaces the errors for text that ends too early by one that says so.
func jsonError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends too early")
	}
	return err
}
