package httpapi

import (
	"fmt"
	"net/http"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// The codes of fields that are wrong before any rule of products applies.
const (
	codeMissing = "missing"
	codeType    = "wrong_type"
	codeUnknown = "unknown"
	codeTwice   = "duplicate"
	codeValue   = "bad_value"
	codeExists  = "exists"
)

// fieldProblem returns a problem with one field or parameter, whose message is also the detail.
func fieldProblem(status int, field, code, message string) *Problem {
	p := newProblem(status, "invalid_field", message)
	p.Errors = []products.FieldError{{Field: field, Code: code, Message: message}}
	return p
}

// badParameter returns the problem for a query parameter that is wrong.
func badParameter(name, code, message string) *Problem {
	return fieldProblem(http.StatusBadRequest, name, code, message)
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

// fieldsOf returns the fields of an error of package webhooks as those of a problem.
func fieldsOf(invalid *webhooks.ValidationError) []products.FieldError {
	fields := make([]products.FieldError, len(invalid.Fields))
	for i, f := range invalid.Fields {
		fields[i] = products.FieldError(f)
	}
	return fields
}
