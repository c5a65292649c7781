package importer

import (
	"fmt"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// batch is a stretch of the file, and what the store is given of it.
type batch struct {
	given products.Batch
	// counts are those of the records in the stretch that are not in the batch.
	counts progress.Counts
	// originals are given.Records as the file has them; none where nobody is told of those that the store refuses.
	originals originals
	bytes     int64 // of text
	from, to  int64 // offsets in the text
	calls     calls // of its functions, by the store
	// differing is the latest attempt of those that asked for Batch.Differences, nil before.
	differing *differing
}

// total adds what became of the batch's records to what is known of the others in its stretch of the file.
func (b *batch) total(result *products.BatchResult) (progress.Counts, error) {
	counts := b.counts
	if result == nil || len(result.Outcomes) != len(b.given.Records) {
		return counts, fmt.Errorf("%w: it gave no outcome for some records", ErrStoreContract)
	}
	counts.Read += int64(len(b.given.Records))
	for _, o := range result.Outcomes {
		switch o {
		case products.Created:
			counts.Created++
		case products.Updated:
			counts.Updated++
		case products.Unchanged:
			counts.Unchanged++
		case products.Skipped:
			counts.Skipped++
		case products.Superseded:
			counts.Superseded++
		case products.Refused:
			counts.Rejected++
		default:
			return counts, fmt.Errorf("%w: it gave an unknown outcome: %v", ErrStoreContract, o)
		}
	}
	return counts, nil
}

// fail says in which batch, and where in the file, an error occurred.
func (b *batch) fail(err error) error {
	if len(b.given.Records) == 0 {
		return fmt.Errorf("importer: batch %d: %w", b.given.Number, err)
	}
	return fmt.Errorf("importer: batch %d, lines %d to %d: %w", b.given.Number, b.given.Records[0].Line,
		b.given.Records[len(b.given.Records)-1].Line, err)
}
