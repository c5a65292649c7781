package memory

import (
	"context"
	"slices"
	"time"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

// Expire forgets jobs that ended before the time, those first that ended first.
func (j *Jobs) Expire(ctx context.Context, before time.Time, limit int) (expired []job.Job, err error) {
	if err := driver.CheckLimit(limit); err != nil {
		return nil, err
	}
	err = j.db.do(ctx, func(_ context.Context, t *tx) error {
		var old []*jobRow
		for _, r := range j.rows {
			if r.State.Final() && r.FinishedAt.Before(before) {
				old = append(old, r)
			}
		}
		slices.SortStableFunc(old, func(a, b *jobRow) int { return a.FinishedAt.Compare(b.FinishedAt) })
		old = old[:min(len(old), limit)]
		rows := j.rows
		j.rows = slices.DeleteFunc(slices.Clone(rows), func(r *jobRow) bool { return slices.Contains(old, r) })
		for _, r := range old {
			delete(j.byID, r.ID)
			if r.IdempotencyKey != "" {
				delete(j.byKey, r.IdempotencyKey)
			}
			expired = append(expired, r.brief())
		}
		t.onRollback(func() {
			j.rows = rows
			for _, r := range old {
				j.byID[r.ID] = r
				if r.IdempotencyKey != "" {
					j.byKey[r.IdempotencyKey] = r
				}
			}
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return expired, nil
}
