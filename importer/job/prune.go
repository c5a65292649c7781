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
	// Uploads are files whose bytes nobody used any more.
	Uploads int
}

// Prune deletes jobs that ended longer ago than the retention, with their files and reports, uploads that nobody has
// used for ServiceOptions.KeepUploads, and files that were left behind. The bytes of a file are deleted with the last
// of the jobs and the [Upload] that have it. With a retention of 0 all jobs are kept. It is meant to be called by one
// process now and then; several at a time do no harm. With an error it returns what was removed until then.
func (s *Service) Prune(ctx context.Context, retention time.Duration) (pruned Pruned, err error) {
	if retention < 0 {
		return pruned, fmt.Errorf("job: the retention must not be negative: %v", retention)
	}
	before := time.Now().Add(-retention)
	for more := retention > 0; more; {
		n, err := s.store.ExpireChanges(ctx, before, dropAtOnce)
		if err != nil {
			return pruned, err
		}
		more = n == dropAtOnce
	}
	for more := retention > 0; more; {
		expired, err := s.store.Expire(ctx, before, pruneAtOnce)
		if err != nil {
			return pruned, err
		}
		pruned.Jobs += len(expired)
		if err := s.deleteFiles(ctx, expired, &pruned); err != nil {
			return pruned, err
		}
		more = len(expired) == pruneAtOnce
	}
	for more := true; more; {
		files, err := s.store.ExpireUploads(ctx, s.options.KeepUploads, pruneAtOnce)
		if err == nil {
			err = s.deleteUnused(ctx, slices.Compact(slices.Sorted(slices.Values(files))), &pruned)
		}
		if err != nil {
			return pruned, err
		}
		more = len(files) == pruneAtOnce
	}
	return pruned, s.sweep(ctx, &pruned)
}

// deleteFiles deletes what is stored for jobs that are gone. What it fails to delete is left behind, and swept another
// time.
func (s *Service) deleteFiles(ctx context.Context, jobs []Job, pruned *Pruned) error {
	var keys []string
	for i := range jobs {
		if key := jobs[i].File; key != "" && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
		for _, name := range []string{rejectsReport, supersededReport} {
			if err := s.uploads.Delete(ctx, reportKey(jobs[i].ID, name)); err != nil {
				return err
			}
		}
	}
	return s.deleteUnused(ctx, keys, pruned)
}

// deleteUnused deletes those of the uploads that neither a job nor an Upload has. None has one again that nobody has
// once, so that nothing can come in between.
func (s *Service) deleteUnused(ctx context.Context, keys []string, pruned *Pruned) error {
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

// sweep deletes uploads that nobody has.
func (s *Service) sweep(ctx context.Context, pruned *Pruned) error {
	sweeper, ok := s.uploads.(Sweeper)
	if !ok {
		return nil
	}
	keys, err := sweeper.Sweep(ctx, s.options.UploadAge)
	if err != nil {
		return err
	}
	return s.deleteUnused(ctx, keys, pruned)
}
