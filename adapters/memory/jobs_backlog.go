package memory

import (
	"context"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

// Backlog counts what waits.
func (j *Jobs) Backlog(ctx context.Context) (b job.Backlog, err error) {
	err = j.db.do(ctx, func(context.Context, *tx) error {
		b = job.Backlog{}
		now := j.db.now()
		for _, r := range j.rows {
			if r.State.Final() {
				continue
			}
			switch {
			case r.held(now):
				b.Running++
			case r.worker == "" && !driver.Expired(now, r.NotBefore, r.wait):
				b.Later++
			default:
				b.Waiting++
				since := r.NotBefore
				if r.CreatedAt.After(since) {
					since = r.CreatedAt
				}
				if r.worker != "" && r.until.After(since) {
					since = r.until
				}
				b.OldestWaiting = max(b.OldestWaiting, now.Sub(since))
			}
			if !r.WaitingSince.IsZero() {
				b.Troubled++
				b.OldestTrouble = max(b.OldestTrouble, now.Sub(r.WaitingSince))
			}
		}
		return nil
	})
	return b, err
}
