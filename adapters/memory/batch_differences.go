package memory

import (
	"context"
	"slices"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// tellDifferences calls Batch.Differences with what was written, or would be in a dry run. was are the products as they
// were that were updated.
func (w *batchWriter) tellDifferences(ctx context.Context, was []products.Product) error {
	parts := products.NewDifferenceParts(w.batch.Differences)
	if parts == nil {
		return nil
	}
	records := w.batch.Records
	all := make([]products.Difference, 0, w.created+len(w.exists))
	created, updated := 0, 0
	for i := range records {
		r := &records[i]
		switch w.result.Outcomes[i] {
		case products.Created:
			d := products.Difference{Key: r.Key}
			if w.batch.DryRun {
				after := w.batch.Columns.Create(r)
				after.Version = 1
				d.After = &after
			} else {
				d.After = &w.fresh[created].Product
			}
			created++
			all = append(all, d)
		case products.Updated:
			d := products.Difference{Key: r.Key, Before: &w.exists[updated].Product}
			if w.batch.DryRun {
				after := w.batch.Columns.Apply(r, *d.Before)
				after.Version++
				d.After = &after
			} else {
				d.Before, d.After = &was[updated], d.Before
			}
			updated++
			all = append(all, d)
		}
	}
	slices.SortFunc(all, func(a, b products.Difference) int { return strings.Compare(a.Key, b.Key) })
	for _, d := range all {
		if err := parts.Add(ctx, d); err != nil {
			return err
		}
	}
	return parts.Flush(ctx)
}
