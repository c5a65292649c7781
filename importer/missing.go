package importer

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/products-importer/products-importer/products"
)

// MissingMode is what happens to products that a file doesn't have: see [Options].Missing.
type MissingMode uint8

const (
	// MissingKeep leaves them alone.
	MissingKeep MissingMode = iota
	// MissingDeactivate sets the status of those that are active to false.
	MissingDeactivate
	// MissingDelete deletes them.
	MissingDelete
)

var missingModes = []string{"keep", "deactivate", "delete"}

// String returns keep, deactivate or delete.
func (m MissingMode) String() string { return wordOf(missingModes, uint8(m), "MissingMode") }

// MarshalText returns String.
func (m MissingMode) MarshalText() ([]byte, error) {
	return textOf(missingModes, uint8(m), "mode for missing products")
}

// UnmarshalText takes what String returns.
func (m *MissingMode) UnmarshalText(text []byte) error {
	i, err := indexOf(missingModes, text, "mode for missing products")
	if err == nil {
		*m = MissingMode(i)
	}
	return err
}

// MissingLimit is how many products may be missing in a file: beyond that the import fails.
type MissingLimit struct {
	// Count is the most products that may be missing; with Share it doesn't count.
	Count int64
	// Share is the largest part of the products within the scope that may be missing, above 0 and at most 1; 0 for
	// Count.
	Share float64
}

// String returns a count, "100", or a share, "2.5%".
func (l MissingLimit) String() string { return RejectLimit(l).String() }

// MarshalText returns String.
func (l MissingLimit) MarshalText() ([]byte, error) {
	if !l.valid() {
		return nil, fmt.Errorf("bad limit of missing products: count %d, share %g", l.Count, l.Share)
	}
	return []byte(l.String()), nil
}

// UnmarshalText takes what String returns, and 0% for 0.
func (l *MissingLimit) UnmarshalText(text []byte) error {
	if (*RejectLimit)(l).UnmarshalText(text) != nil {
		return fmt.Errorf("bad limit of missing products %q: want a count like 100, or a share like 2.5%%",
			products.Shorten(string(text)))
	}
	return nil
}

func (l *MissingLimit) valid() bool { return (*RejectLimit)(l).valid() }

// allowed is how many of so many products may be missing.
func (l *MissingLimit) allowed(of int64) int64 {
	if l.Share == 0 {
		return l.Count
	}
	return int64(math.Floor(l.Share*float64(of) + 1e-6)) // 0.29 * 100 is less than 29
}

// tooMany is the error for so many products that are missing.
func (l *MissingLimit) tooMany(missing, of int64) error {
	limit := ""
	if l.Share > 0 {
		limit = " (" + l.String() + ")"
	}
	return fmt.Errorf("%w: %d of %d within the scope, and at most %d may be%s; nothing was written", ErrTooManyMissing,
		missing, of, l.allowed(of), limit)
}

// defaultMaxMissing is Options.MaxMissing where it is nil.
var defaultMaxMissing = MissingLimit{Share: 0.05}

// validateMissing checks the options of what is missing.
func (o *Options) validateMissing(schema *products.Schema) error {
	switch {
	case int(o.Missing) >= len(missingModes):
		return badOption("Missing", "is unknown: %d", o.Missing)
	case o.Missing != MissingKeep && schema.IsTable():
		return badOption("Missing", "must be keep: a table of one's own is only written by files")
	case o.Missing == MissingKeep && o.MaxMissing != nil:
		return badOption("MaxMissing", "bounds how many products may be missing, but missing=keep keeps them all")
	case o.Missing == MissingKeep && len(o.Scope) > 0:
		return badOption("Scope", "says which products may be missing, but missing=keep keeps them all")
	case o.Missing != MissingKeep && o.Checkpoints.Save != nil && o.Checkpoints.KeepMissing == nil:
		return badOption("Checkpoints", "must have a KeepMissing where Missing is %v", o.Missing)
	case o.MaxMissing != nil && !o.MaxMissing.valid():
		return badOption("MaxMissing", "is out of bounds: count %d, share %g", o.MaxMissing.Count, o.MaxMissing.Share)
	}
	if o.MaxMissing == nil {
		o.MaxMissing = &defaultMaxMissing
	}
	_, err := o.scope(schema)
	return err
}

// scope returns the query of the products that may be missing.
func (o *Options) scope(schema *products.Schema) (q products.Query, err error) {
	for _, text := range o.Scope {
		if q, err = q.Filter(schema, text); err != nil {
			var wrong *products.QueryError
			if errors.As(err, &wrong) {
				return q, badOption("Scope", "has a filter that can't be taken: %s", wrong.Message)
			}
			return q, err
		}
	}
	if o.Missing != MissingDeactivate {
		return q, nil
	}
	if q.Status != nil && !*q.Status {
		return q, badOption("Scope", "has only products that aren't active, and missing=deactivate deactivates those that are")
	}
	active := true
	q.Status = &active
	return q, nil
}

// MissingPlan is what an import decided to deactivate or delete before it wrote anything.
type MissingPlan struct {
	// Products are ascending by key.
	Products []products.KeyVersion
}

// missingAtOnce is how many missing products a batch has. It is the same in all versions: a resumed import finds its
// batches by number.
const missingAtOnce = 1_000

// batches are those of the plan.
func (p *MissingPlan) batches() [][]products.KeyVersion {
	if p == nil {
		return nil
	}
	return slices.Collect(slices.Chunk(p.Products, missingAtOnce))
}
