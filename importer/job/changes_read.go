package job

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Bounds of what is read at a time: chunks, changes of a page, and about how many bytes of their text.
const (
	chunksAtOnce    = 8
	MaxChanges      = 1_000
	changePageBytes = 1 << 20
)

// ChangeQuery says which changes of a job are wanted. The zero value wants all.
type ChangeQuery struct {
	// Kinds, unless empty: changes of one of them.
	Kinds []ChangeKind
	// Field, unless empty: changes of the field, of the SKU's spelling for sku, and of an attribute for its name behind
	// "attributes.".
	Field string
	// After: changes behind the place.
	After ChangePlace
}

// ChangePlace is a place among the changes of a job. The zero value is their beginning.
type ChangePlace struct {
	Batch int64
	Key   string
}

// wants reports whether the query wants the change, wherever it is.
func (q *ChangeQuery) wants(c *Change) bool {
	if len(q.Kinds) > 0 && !slices.Contains(q.Kinds, c.Kind) {
		return false
	}
	return q.Field == "" || slices.ContainsFunc(c.Fields, func(f FieldChange) bool { return f.Name == q.Field })
}

// EachChange calls f with each change of the job that the query wants, and its place: in the order of the batches, and
// in each of the keys. It ends where f returns false or an error, which is returned. They are read chunk by chunk, in
// constant memory, and are those that are committed by then: of a job that hasn't ended there may be more. ErrNotFound
// when there is no such job, ErrNoChanges when it keeps none.
func (s *Service) EachChange(ctx context.Context, id string, query ChangeQuery,
	f func(c *Change, at ChangePlace) (more bool, err error)) error {
	job, err := s.store.Get(ctx, id)
	if err != nil {
		return err
	}
	if job.Settings.Changes != ChangesAll {
		return fmt.Errorf("%w: %s", ErrNoChanges, id)
	}
	chunks := ChunkQuery{AfterBatch: query.After.Batch, AfterKey: query.After.Key, Kinds: query.Kinds,
		Field: query.Field, Limit: chunksAtOnce}
	for {
		some, err := s.store.Chunks(ctx, id, chunks)
		if err != nil {
			return err
		}
		for i := range some {
			more, err := eachIn(&some[i], &query, f)
			if err != nil || !more {
				return err
			}
		}
		if len(some) < chunksAtOnce {
			return nil
		}
		last := &some[len(some)-1]
		chunks.AfterBatch, chunks.AfterKey = last.Batch, last.Last
	}
}

// eachIn calls f with each change of the chunk that the query wants.
func eachIn(c *ChangeChunk, query *ChangeQuery, f func(c *Change, at ChangePlace) (bool, error)) (more bool,
	err error) {
	more = true
	failed := decodeChanges(c, func(change *Change) bool {
		if c.Batch == query.After.Batch && change.Key <= query.After.Key || !query.wants(change) {
			return true
		}
		more, err = f(change, ChangePlace{c.Batch, change.Key})
		return more && err == nil
	})
	if err == nil {
		err = failed
	}
	return more, err
}

// Changes returns the first changes of the job that the query wants, at most limit of them, 1 to MaxChanges, and fewer
// where they are large; and the place behind them, nil where there are no more. It is as EachChange.
func (s *Service) Changes(ctx context.Context, id string, query ChangeQuery, limit int) (page []Change,
	next *ChangePlace, err error) {
	if limit < 1 || limit > MaxChanges {
		return nil, nil, fmt.Errorf("job: the limit of changes must be between 1 and %d, not %d", MaxChanges, limit)
	}
	bytes := 0
	var last ChangePlace
	err = s.EachChange(ctx, id, query, func(c *Change, at ChangePlace) (bool, error) {
		bytes += c.bytes()
		if len(page) == limit || len(page) > 0 && bytes > changePageBytes {
			next = &last
			return false, nil
		}
		page, last = append(page, *c), at
		return true, nil
	})
	if err != nil {
		return nil, nil, err
	}
	return page, next, nil
}

// bytes is about how long the change's text is.
func (c *Change) bytes() int {
	n := len(c.Key) + len(c.SKU)
	for i := range c.Fields {
		f := &c.Fields[i]
		for _, text := range []*string{&f.Name, f.Before, f.After} {
			if text != nil {
				n += len(*text)
			}
		}
	}
	return n
}

// ProductChange is what a job did to a product.
type ProductChange struct {
	JobID string
	// At is when, by the store's clock; zero where that isn't known.
	At time.Time
	Change
}

// ChangesOf returns what jobs did to the product with the SKU, the youngest job first: what is kept of it, and of no
// dry run. It looks at so many jobs that have kept changes near the key, 1 to 100, whose IDs are below the given one,
// unless that is empty, and returns the ID to go on with, empty where there are no more.
func (s *Service) ChangesOf(ctx context.Context, sku, below string, jobs int) (found []ProductChange, next string,
	err error) {
	if jobs < 1 || jobs > 100 {
		return nil, "", fmt.Errorf("job: the limit of jobs must be between 1 and 100, not %d", jobs)
	}
	key := s.options.KeyRule.Key(sku)
	for range jobs {
		chunks, err := s.store.ChunksOf(ctx, key, below, 1)
		if err != nil || len(chunks) == 0 {
			return found, "", err
		}
		below = chunks[0].JobID
		for i := range chunks {
			err := decodeChanges(&chunks[i].ChangeChunk, func(c *Change) bool {
				if c.Key == key {
					found = append(found, ProductChange{chunks[i].JobID, chunks[i].At, *c})
				}
				return c.Key < key
			})
			if err != nil {
				return nil, "", err
			}
		}
	}
	return found, below, nil
}
