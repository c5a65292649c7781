package job

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// keepAtOnce is how many jobs or uploads are asked for at a time.
const keepAtOnce = 100

// Kept says what Keep removed.
type Kept struct {
	// Jobs had ended longer ago than the retention.
	Jobs int
	// Uploads belonged to no job any more.
	Uploads int
}

// Keep does the housekeeping: it deletes jobs that ended longer ago than the retention (0 keeps all), with their files, and
// files that were left behind. It is for one process now and then; several at a time do no harm. With an error it says
// what was removed until then.
func (s *Service) Keep(ctx context.Context, retention time.Duration) (kept Kept, err error) {
	if retention < 0 {
		return kept, fmt.Errorf("job: the retention must not be negative: %v", retention)
	}
	for more := retention > 0; more; {
		expired, err := s.store.Expire(ctx, time.Now().Add(-retention), keepAtOnce)
		if err != nil {
			return kept, err
		}
		kept.Jobs += len(expired)
		for i := range expired {
			if key := expired[i].Upload; key != "" {
				// Where this fails the upload is left behind, and swept another time.
				if err := s.uploads.Delete(ctx, key); err != nil {
					return kept, err
				}
				kept.Uploads++
			}
		}
		more = len(expired) == keepAtOnce
	}
	return kept, s.sweep(ctx, &kept)
}

// sweep deletes uploads without a job.
func (s *Service) sweep(ctx context.Context, kept *Kept) error {
	sweeper, ok := s.uploads.(Sweeper)
	if !ok {
		return nil
	}
	keys, err := sweeper.Sweep(ctx, s.options.UploadAge)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(keys, keepAtOnce) {
		used, err := s.store.UploadsInUse(ctx, some)
		if err != nil {
			return err
		}
		for _, key := range some {
			if slices.Contains(used, key) {
				continue
			}
			if err := s.uploads.Delete(ctx, key); err != nil {
				return err
			}
			kept.Uploads++
		}
	}
	return nil
}
