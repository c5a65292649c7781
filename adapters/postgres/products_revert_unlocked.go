package postgres

import (
	"context"
	"strconv"

	"github.com/products-importer/products-importer/products"
)

// What is not locked before it is written is read, or deleted, so many products at a time, and none that is larger: so
// at most 16 MiB are held.
const (
	unlockedRecords = 1_000
	unlockedBytes   = 16 << 10
)

// revertUnlocked takes back changes of products that must be there, all of which are to be deleted or all of which are
// to be updated. It locks none before it writes it, since that would write to it once more: a statement deletes those
// of the versions that are asked for and returns what they were, or those that were read are updated where they still
// are as they were read. The planner looks the keys up one after the other (joinByIndex), so rows are locked in their
// order.
//
// What is left is read without a lock, and is kept, for the reason that there is then. It returns false where some is
// not: its version is another one that is the same, it is large, or somebody has changed it meanwhile. It would have to
// be locked behind greater keys.
func (w *reverter) revertUnlocked(ctx context.Context, t *transaction, ranks []int32) (bool, error) {
	rankOf := make(map[string]int32, len(ranks))
	for _, rank := range ranks {
		rankOf[w.at(rank).Key] = rank
	}
	found := make(map[string]*products.Product, len(ranks))
	find := w.readSmall
	if w.at(ranks[0]).Patch == nil {
		find = w.removeSmall
	}
	if err := find(ctx, t, ranks, func(key string, p *products.Product, restored products.Restored) {
		found[key], w.restored[rankOf[key]] = p, restored
	}); err != nil {
		return false, err
	}
	var others, good []int32
	for _, rank := range ranks {
		if found[w.at(rank).Key] == nil {
			others = append(others, rank)
		} else {
			good = append(good, rank)
		}
	}
	ok := true
	if err := w.judge(ctx, t, others, false, func(int32, *head) bool {
		ok = false
		return false
	}); err != nil || !ok || len(good) == 0 {
		return ok, err
	}
	return w.apply(ctx, t, good, found)
}

// removeSmall deletes those of the products that have their IDs and versions.
func (w *reverter) removeSmall(ctx context.Context, t *transaction, ranks []int32,
	f func(key string, p *products.Product, restored products.Restored)) error {
	s := w.scratch
	s.reset(nil)
	as := newArrays(oidInt8)
	for _, rank := range ranks {
		r := w.at(rank)
		s.key.add(r.Key)
		as[0].addInt(r.ID)
		s.versions.addInt(r.Version)
	}
	u := unnested{args: s.args[:0]}
	u.add(&s.key, "key", "text")
	u.add(&as[0], "of_id", "bigint")
	u.add(&s.versions, "of_version", "bigint")
	s.args = u.args
	return w.remove(ctx, t, &u, ` AND p.id - x.of_id = 0 AND p.version = x.of_version AND `+w.small(), f)
}

// readSmall reads those of the products that are there.
func (w *reverter) readSmall(ctx context.Context, t *transaction, ranks []int32,
	f func(key string, p *products.Product, restored products.Restored)) error {
	return w.each(ctx, t, `SELECT `+w.layout.selected+`, coalesce(restored_versions, '')`+w.layout.ofKeys(nil)+
		` WHERE `+w.small(), []any{w.keys(ranks)}, f)
}

// small is the condition that a product p is.
func (w *reverter) small() string { return w.layout.size + ` <= ` + strconv.Itoa(unlockedBytes) }
