package httpapi

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/products-importer/products-importer/importer/charset"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// parseCharset returns the encoding that a Content-Type's charset names, Auto for an empty one. ASCII is a part of
// UTF-8.
func parseCharset(name string) (charset.Encoding, error) {
	if slices.Contains([]string{"us-ascii", "ascii"}, strings.ToLower(name)) {
		return charset.UTF8, nil
	}
	var encoding charset.Encoding
	if err := encoding.UnmarshalText([]byte(name)); err != nil {
		return 0, newProblem(http.StatusUnsupportedMediaType, "charset", fmt.Sprintf(
			"the charset %q of the Content-Type is none that is read: say another one, or leave it out",
			products.Shorten(name)))
	}
	return encoding, nil
}

// setCharset sets the encoding of an import to what the file's Content-Type says. It is a problem where the settings
// say another one.
func (a *API) setCharset(s *job.Settings, name string) error {
	encoding, err := parseCharset(name)
	if err != nil || encoding == charset.Auto {
		return err
	}
	given := *s
	given.Fields = a.schema
	o, err := given.Options()
	switch {
	case err != nil:
		return err
	case o.Encoding != charset.Auto && o.Encoding != encoding:
		return fieldProblem(http.StatusUnprocessableEntity, "encoding", codeValue, fmt.Sprintf(
			"encoding says %s, but the charset of the Content-Type %s: leave one of them out", o.Encoding, encoding))
	}
	s.Encoding = encoding.String()
	return nil
}

// charsetBytes is how much of a file is held against the charset of its Content-Type.
const charsetBytes = 64 << 10

// checkCharset returns the file, once its beginning is in the encoding that its Content-Type says. Which encoding the
// file has is said when it is imported; so only UTF-8 can be said here, which nothing else looks like.
func checkCharset(file io.Reader, name string) (io.Reader, error) {
	encoding, err := parseCharset(name)
	switch {
	case err != nil:
		return nil, err
	case encoding == charset.Auto:
		return file, nil
	case encoding != charset.UTF8:
		return nil, newProblem(http.StatusUnsupportedMediaType, "charset", fmt.Sprintf("the charset %s of the Content-Type "+
			"isn't kept with an upload: leave it out here, and say encoding=%[1]s where it is imported", encoding))
	}
	in := bufio.NewReaderSize(file, charsetBytes)
	start, err := in.Peek(charsetBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if at := notUTF8(start, err != nil); at >= 0 {
		return nil, newProblem(http.StatusUnprocessableEntity, "charset", fmt.Sprintf("the charset of the Content-Type says "+
			"%s, but byte %d of the file is no such text: say another one, or leave it out", encoding, at+1))
	}
	return in, nil
}

// notUTF8 returns where the text isn't UTF-8, or has a NUL, as UTF-16 has; -1 for nowhere. A text that isn't whole may
// end in the middle of a character.
func notUTF8(text []byte, whole bool) int {
	if nul := bytes.IndexByte(text, 0); nul >= 0 {
		if at := notUTF8(text[:nul], true); at >= 0 {
			return at
		}
		return nul
	}
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size == 1 {
			if !whole && !utf8.FullRune(text[at:]) {
				return -1
			}
			return at
		}
		at += size
	}
	return -1
}
