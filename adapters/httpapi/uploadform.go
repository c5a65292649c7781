package httpapi

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// fileField is the name of the form's field that has the file.
const fileField = "file"

// fileFields are the names that it may have: those that forms for several files have too.
var fileFields = []string{fileField, "file[]", "files", "files[]"}

// nextFile returns the form's next part that has a file, nil for none. It passes over what else forms have, such as
// tokens, but not what would be a setting if it stood in the query.
func nextFile(form *multipart.Reader) (*multipart.Part, error) {
	for {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil, nil
		case err != nil:
			return nil, formProblem(err)
		}
		name := part.FormName()
		shortened := products.Shorten(name)
		_, disposition, _ := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
		_, sent := disposition["filename"]
		switch encoding := part.Header.Get("Content-Transfer-Encoding"); {
		case sent && part.FileName() == "":
			continue // where no file was chosen
		case slices.Contains(fileFields, name) && !plainTransfer(encoding):
			return nil, newProblem(http.StatusUnsupportedMediaType, "content_encoding", fmt.Sprintf(
				"the file in a form must be sent as it is, without the Content-Transfer-Encoding %q",
				products.Shorten(encoding)))
		case slices.Contains(fileFields, name):
			return part, nil
		case sent:
			return nil, fieldProblem(http.StatusUnprocessableEntity, shortened, codeUnknown, fmt.Sprintf(
				"the form has its file in the field %q: it must be %q", shortened, fileField))
		case isSetting(name):
			return nil, fieldProblem(http.StatusUnprocessableEntity, shortened, codeUnknown, fmt.Sprintf(
				"the form has the field %q, but settings stand in the query", shortened))
		}
	}
}

// plainTransfer reports whether a part with the Content-Transfer-Encoding is as it was: quoted-printable is undone
// while the part is read, and then it has none.
func plainTransfer(encoding string) bool {
	return slices.Contains([]string{"", "7bit", "8bit", "binary"}, strings.ToLower(strings.TrimSpace(encoding)))
}

// isSetting reports whether a parameter of an import has the name.
func isSetting(name string) bool {
	return name == "priority" || name == profileName ||
		slices.ContainsFunc(importSettings, func(k setting) bool { return k.name == name })
}

// onlyFile reads a part of a form, and fails if another file follows.
type onlyFile struct {
	form *multipart.Reader
	part *multipart.Part
	err  error // how it ended
}

func (p *onlyFile) Read(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.part.Read(b)
	switch {
	case errors.Is(err, io.EOF):
		p.err = p.end()
	case err != nil:
		p.err = formProblem(err)
	}
	return n, p.err
}

// end returns io.EOF if no file follows.
func (p *onlyFile) end() error {
	next, err := nextFile(p.form)
	switch {
	case err != nil:
		return err
	case next == nil:
		return io.EOF
	}
	return fieldProblem(http.StatusUnprocessableEntity, products.Shorten(next.FormName()), codeTwice,
		fmt.Sprintf("the form has two files, %q and %q: send one at a time",
			products.Shorten(fileName(p.part.FileName())), products.Shorten(fileName(next.FileName()))))
}

// formProblem returns the problem for a form that couldn't be read, or the body's own.
func formProblem(err error) error {
	if problemOf(err).Status != http.StatusInternalServerError {
		return err
	}
	p := newProblem(http.StatusBadRequest, "malformed_form", "the form is malformed, or ends too early")
	p.cause = err
	return p
}
