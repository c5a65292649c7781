package job

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// pruneAtOnce is how many jobs or uploads are asked for at a time.
const pruneAtOnce = 100

// Pruned says what [Service.Prune] removed.
type Pruned struct {
	// Jobs had ended longer ago than the retention.
	Jobs int
	// Uploads belonged to no job any more.
	Uploads int
}

// Prune deletes jobs that ended longer ago than the retention, with their files and reports, and files that were left
// behind. With a retention of 0 all jobs are kept. It is meant to be called by one process now and then; several at a
// time do no harm. With an error it returns what was removed until then.
func (s *Service) Prune(ctx context.Context, retention time.Duration) (pruned Pruned, err error) {
	if retention < 0 {
		return pruned, fmt.Errorf("job: the retention must not be negative: %v", retention)
	}
	for more := retention > 0; more; {
		expired, err := s.store.Expire(ctx, time.Now().Add(-retention), pruneAtOnce)
		if err != nil {
			return pruned, err
		}
		pruned.Jobs += len(expired)
		for i := range expired {
			if err := s.deleteFiles(ctx, &expired[i], &pruned); err != nil {
				return pruned, err
			}
		}
		more = len(expired) == pruneAtOnce
	}
	return pruned, s.sweep(ctx, &pruned)
}

// deleteFiles deletes what is stored for a job that is gone. What it fails to delete is left behind, and swept another
// time.
func (s *Service) deleteFiles(ctx context.Context, job *Job, pruned *Pruned) error {
	if job.Upload != "" {
		if err := s.uploads.Delete(ctx, job.Upload); err != nil {
			return err
		}
		pruned.Uploads++
	}
	for _, name := range []string{rejectsReport, supersededReport} {
		if err := s.uploads.Delete(ctx, reportKey(job.ID, name)); err != nil {
			return err
		}
	}
	return nil
}

// sweep deletes uploads without a job.
func (s *Service) sweep(ctx context.Context, pruned *Pruned) error {
	sweeper, ok := s.uploads.(Sweeper)
	if !ok {
		return nil
	}
	keys, err := sweeper.Sweep(ctx, s.options.UploadAge)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(keys, pruneAtOnce) {
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
			pruned.Uploads++
		}
	}
	return nil
}
