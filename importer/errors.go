package importer

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

var (
	// ErrInput: the file can't be imported as it is; the error says why. Nothing was written.
	ErrInput = errors.New("cannot be imported")
	// ErrTooLarge: a compressed file is longer without its compression than it may be. It is an ErrInput.
	ErrTooLarge = errors.New("importer: too large")
	// ErrSourceChanged: the source gave other bytes the second time. What was committed until then stays.
	ErrSourceChanged = errors.New("importer: the source changed while it was imported")
	// ErrStopped: Options.Stop was closed before the end.
	ErrStopped = errors.New("importer: stopped")
	// ErrTooManyRejects: more records were rejected than Options.MaxRejects allows. Nothing was written.
	ErrTooManyRejects = errors.New("importer: too many rejected records")
)

// HeaderError says that the first record is no usable header. It is an ErrInput.
type HeaderError struct {
	// Found are the columns that the file has.
	Found []string
	// Missing are the fields for which there is none.
	Missing []string
	// Suggestions have for some fields the column that may be meant, as Options.Map names it.
	Suggestions map[string]string
	// Detail is a sentence about what else is wrong, or empty.
	Detail string
}

func (e *HeaderError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the file %v: ", ErrInput)
	if e.Detail != "" {
		b.WriteString(e.Detail)
	} else {
		fmt.Fprintf(&b, "the header has no column for %s", strings.Join(e.Missing, " and none for "))
	}
	for _, field := range slices.Sorted(maps.Keys(e.Suggestions)) {
		fmt.Fprintf(&b, "; did you mean %s for %s?", quoteList([]string{e.Suggestions[field]}), field)
	}
	fmt.Fprintf(&b, "; needed: sku and name; found: %s", quoteList(e.Found))
	return b.String()
}

func (e *HeaderError) Unwrap() error { return ErrInput }

// quoteList writes names for people, the first dozen of them.
func quoteList(names []string) string {
	const most = 12
	var b strings.Builder
	for i, name := range names {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(names)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		if len(name) > 60 {
			name = strings.ToValidUTF8(name[:60], "") + "..."
		}
		fmt.Fprintf(&b, "%q", name)
	}
	return b.String()
}

// sizeError is an ErrTooLarge.
type sizeError struct{ text string }

func (e *sizeError) Error() string   { return inputError("%s", e.text).Error() }
func (e *sizeError) Unwrap() []error { return []error{ErrInput, ErrTooLarge} }

func inputError(format string, a ...any) error {
	return fmt.Errorf("the file %w: %s", ErrInput, fmt.Sprintf(format, a...))
}
