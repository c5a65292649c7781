package importer

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/products-importer/products-importer/importer/decompress"
	"github.com/products-importer/products-importer/importer/internal/refuse"
)

var (
	// ErrInput: the file can't be imported as it is; the error says why. Nothing was written.
	ErrInput = refuse.ErrInput
	// ErrTooLarge: a compressed file is longer without its compression than it may be. It is an ErrInput.
	ErrTooLarge = decompress.ErrTooLarge
	// ErrTooManyMissing: the file lacks more products than Options.MaxMissing allows. Nothing was written.
	ErrTooManyMissing = errors.New("importer: too many products are missing in the file")
	// ErrSourceChanged: the source gave other bytes the second time. What was committed until then stays.
	ErrSourceChanged = errors.New("importer: the source changed while it was imported")
	// ErrStopped: Options.Stop was closed before the end.
	ErrStopped = errors.New("importer: stopped")
	// ErrTooManyRejects: more records were rejected than Options.MaxRejects allows. Nothing was written.
	ErrTooManyRejects = errors.New("importer: too many rejected records")
	// ErrStoreContract: the store did not do what [Store] and [products.Batch] ask of it; the error says what. The
	// batch that it names may have been written, without its checkpoint or its events.
	ErrStoreContract = errors.New("the store broke the contract of importer.Store and products.Batch")
)

// HeaderError says that the first record is no usable header. It is an ErrInput.
type HeaderError struct {
	// Found are the columns that the file has.
	Found []string
	// Missing are the fields for which there is none.
	Missing []string
	// Needed are the fields for which every such file needs a column.
	Needed []string
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
		fmt.Fprintf(&b, "; did you mean %s for %s?", refuse.Names([]string{e.Suggestions[field]}), field)
	}
	if len(e.Needed) > 0 {
		fmt.Fprintf(&b, "; needed: %s", strings.Join(e.Needed, " and "))
	}
	fmt.Fprintf(&b, "; found: %s", refuse.Names(e.Found))
	return b.String()
}

func (e *HeaderError) Unwrap() error { return ErrInput }
