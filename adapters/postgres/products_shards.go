package postgres

import (
	"context"
	"slices"
	"time"
)

// shards are the parts in which Citus keeps a table that is distributed by the hash of its key. They are read anew in
// each transaction, since shards are split and tables distributed while programs run; nil is a table that isn't
// distributed, one with partitions too.
//
// A statement over the keys of several shards would be sent to each of them with all of the keys, and may lock no rows.
// So what a transaction does with the keys of a piece it does shard by shard, and says so to Citus by a condition that
// names the keys: it sends such a statement to the one node that has the shard, as it is. What is found is put into the
// order of the keys again. Transactions that lock the same rows may wait in a circle then, of which Citus ends one,
// which is run again.
type shards struct {
	lowest []int32 // the lowest hash of each, ascending
}

// readNow reads the transaction's time, and the shards of the table of products.
func (t *transaction) readNow(ctx context.Context, l *layout) (now time.Time, s *shards, err error) {
	if !t.citus || l.own != nil {
		err = t.GetContext(ctx, &now, `SELECT now()`)
		return now.UTC(), nil, err
	}
	var lowest string
	err = t.QueryRowContext(ctx, `SELECT now(), coalesce((SELECT array_agg(shardminvalue::bigint ORDER BY
		shardminvalue::bigint) FROM pg_dist_shard JOIN pg_dist_partition USING (logicalrelid)
		WHERE logicalrelid = to_regclass($1::text) AND partmethod = 'h'), '{}')::text`,
		l.table.String()).Scan(&now, &lowest)
	if err != nil {
		return now, nil, err
	}
	all, err := parseInts(nil, lowest)
	if err != nil || len(all) == 0 {
		return now.UTC(), nil, err
	}
	t.sharded = true
	s = &shards{lowest: make([]int32, len(all))}
	for i, hash := range all {
		s.lowest[i] = int32(hash)
	}
	return now.UTC(), s, nil
}

// of returns the number of the shard that has a key.
func (s *shards) of(key string) int {
	i, found := slices.BinarySearch(s.lowest, hashText(key))
	if found {
		return i
	}
	return max(i-1, 0)
}

// eachShard calls f with those of all whose keys are on one shard, in their order, for one shard after the other; once
// with all where there are no shards.
func eachShard[T any](s *shards, all []T, key func(T) string, f func(some []T) error) error {
	if s == nil || len(all) == 0 {
		return f(all)
	}
	for _, some := range grouped(all, len(s.lowest), func(one T) int { return s.of(key(one)) }) {
		if len(some) == 0 {
			continue
		}
		if err := f(some); err != nil {
			return err
		}
	}
	return nil
}

// eachPiece is eachShard that calls f with as many at once as first returns of those that are left on a shard. Where
// there are no shards, all is such a piece.
func eachPiece[T any](s *shards, all []T, key func(T) string, first func(left []T) []T, f func(some []T) error) error {
	if s == nil {
		return f(all)
	}
	return eachShard(s, all, key, func(left []T) error {
		for len(left) > 0 {
			some := first(left)
			if err := f(some); err != nil {
				return err
			}
			left = left[len(some):]
		}
		return nil
	})
}

// hasKey is the condition that a row p has a key, which is one of an array: where there are shards, that leads to the
// one that has them all.
func (l *layout) hasKey(s *shards, key, keys string) string {
	column := "p." + l.key
	if s == nil {
		return lookedUp(column, key)
	}
	return column + " = " + key + " AND " + column + " = ANY (" + keys + ")"
}
