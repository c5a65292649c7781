package jobtest_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/products-importer/products-importer/importer/job"
)

var brokenChanges = []fault{
	{"keeps chunks outside of the transaction", func(s *broken) {
		var stray []job.ChangeChunk
		s.keepChanges = func(ctx context.Context, claim *job.Claim, chunks []job.ChangeChunk) error {
			if err := s.Store.KeepChanges(ctx, claim, chunks); err != nil {
				return err
			}
			stray = append(stray, chunks...)
			return nil
		}
		s.chunks = func(ctx context.Context, id string, query job.ChunkQuery) ([]job.ChangeChunk, error) {
			found, err := s.Store.Chunks(ctx, id, query)
			if len(found) == 0 {
				found = slices.Clone(stray)
			}
			return found, err
		}
	}, "changes/committed with their batch", "rolled back with their batch"},
	{"keeps the caller's bytes", func(s *broken) {
		s.chunks = func(ctx context.Context, id string, query job.ChunkQuery) ([]job.ChangeChunk, error) {
			found, err := s.Store.Chunks(ctx, id, query)
			for i := range found {
				found[i].Body[0] = '!'
			}
			return found, err
		}
	}, "changes/committed with their batch", "what was kept"},
	{"doesn't note when chunks were kept", func(s *broken) {
		s.chunks = func(ctx context.Context, id string, query job.ChunkQuery) ([]job.ChangeChunk, error) {
			found, err := s.Store.Chunks(ctx, id, query)
			for i := range found {
				found[i].At = time.Time{}
			}
			return found, err
		}
	}, "changes/committed with their batch", "notes when a chunk was kept"},
	{"loses the end of a batch", func(s *broken) {
		s.chunks = func(ctx context.Context, id string, query job.ChunkQuery) ([]job.ChangeChunk, error) {
			query.AfterKey = ""
			return s.Store.Chunks(ctx, id, query)
		}
	}, "changes/in order, by place and by what is in them", "behind a place"},
	{"doesn't look for all fields", func(s *broken) {
		s.chunks = func(ctx context.Context, id string, query job.ChunkQuery) ([]job.ChangeChunk, error) {
			found, err := s.Store.Chunks(ctx, id, query)
			if query.Field != "" {
				found = slices.DeleteFunc(found, func(c job.ChangeChunk) bool { return slices.Contains(c.Fields, job.AllFields) })
			}
			return found, err
		}
	}, "changes/in order, by place and by what is in them", "name a field, or all"},
	{"keeps for a claim that was lost", func(s *broken) {
		s.keepChanges = func(ctx context.Context, claim *job.Claim, chunks []job.ChangeChunk) error {
			if err := s.Store.KeepChanges(ctx, claim, chunks); !errors.Is(err, job.ErrLeaseLost) {
				return err
			}
			return nil
		}
	}, "changes/of a dry run those of the latest claim", "keeps nothing of a dry run"},
	{"drops more than the limit", func(s *broken) {
		s.dropChanges = func(ctx context.Context, claim *job.Claim, limit int) (int, error) {
			if limit == 2 {
				limit = 10
			}
			return s.Store.DropChanges(ctx, claim, limit)
		}
	}, "changes/of a dry run those of the latest claim", "at most the limit"},
	{"finds the oldest first", func(s *broken) {
		s.chunksOf = func(ctx context.Context, key, below string, limit int) ([]job.FoundChunk, error) {
			found, err := s.Store.ChunksOf(ctx, key, below, limit)
			slices.Reverse(found)
			return found, err
		}
	}, "changes/near a key", "youngest job first"},
	{"takes plans for changes", func(s *broken) {
		s.chunks = func(ctx context.Context, id string, query job.ChunkQuery) ([]job.ChangeChunk, error) {
			query.AfterBatch = min(query.AfterBatch, -100)
			return s.Store.Chunks(ctx, id, query)
		}
	}, "changes/of batches below 0", "is no change"},
	{"loses a part of a plan", func(s *broken) {
		s.keepChanges = func(ctx context.Context, claim *job.Claim, chunks []job.ChangeChunk) error {
			return s.Store.KeepChanges(ctx, claim, chunks[:1])
		}
	}, "changes/of batches below 0", "what was planned is kept"},
	{"finds plans near a key", func(s *broken) {
		s.chunksOf = func(ctx context.Context, key, below string, limit int) ([]job.FoundChunk, error) {
			found, err := s.Store.ChunksOf(ctx, key, below, limit)
			for i := range found {
				found[i].Batch *= -1
			}
			return found, err
		}
	}, "changes/of batches below 0", "no part of what happened"},
	{"leaves chunks behind", func(s *broken) {
		s.expireChanges = func(ctx context.Context, before time.Time, limit int) (int, error) {
			n, err := s.Store.ExpireChanges(ctx, before, max(limit-1, min(limit, 1)))
			return n, err
		}
	}, "changes/go with their job", "at most the limit"},
}
