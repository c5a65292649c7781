package products

import (
	"cmp"
	"context"
	"errors"
)

// ChangeKind is what happened to products one at a time. Of what imports change see [Batch].Changed.
type ChangeKind uint8

const (
	// WasCreated, WasUpdated, WasDeleted: one product.
	WasCreated ChangeKind = iota + 1
	WasUpdated
	WasDeleted
	// AllDeleted: every product there was.
	AllDeleted
)

// Change is one change.
type Change struct {
	Kind ChangeKind
	// Product is as it is stored now, or as it was stored last when it was deleted; nil for AllDeleted.
	Product *Product
	// Before is the product as it was, for WasUpdated.
	Before *Product
	// Count is how many products were deleted, for AllDeleted.
	Count int64
}

// ChangeNotifier receives changes. It is safe for concurrent use.
type ChangeNotifier interface {
	// Notify is called with a change inside its transaction: what it writes through the context is committed if and
	// only if the change is. An error rolls the change back, and is returned. It may be called again for the same
	// change, when the transaction is tried again.
	Notify(ctx context.Context, change Change) error
}

// Replacer is what a Store may have beside its Writer: the same changes, which return what they replaced as well. With
// it a [NotifyingStore] needn't read a product before it changes it.
type Replacer interface {
	// Replace is Writer.Update. It returns the product as it was, too: with the version that after has where the patch
	// changed nothing.
	Replace(ctx context.Context, id, version int64, patch Patch) (before, after Product, err error)
	// Remove is Writer.Delete. It returns the product that it deleted.
	Remove(ctx context.Context, id, version int64) (Product, error)
}

// InTx calls f with a context that carries a transaction of the store, commits it when f returns nil, and else rolls it
// back and returns the error. f may be called several times.
type InTx func(ctx context.Context, f func(ctx context.Context) error) error

// NotifyingStore is a Store that notifies of its changes, except for those of WriteBatch. What changes nothing is no
// change.
type NotifyingStore struct {
	Store
	replacer Replacer
	inTx     InTx
	notifier ChangeNotifier
}

// NewNotifyingStore returns a Store that makes the changes in the store and notifies of them, both in one transaction
// of inTx. All three are required.
func NewNotifyingStore(store Store, inTx InTx, notifier ChangeNotifier) (*NotifyingStore, error) {
	if store == nil || inTx == nil || notifier == nil {
		return nil, errors.New("products: a NotifyingStore needs a store, its transactions and a notifier")
	}
	replacer, ok := store.(Replacer)
	if !ok {
		replacer = readingReplacer{store}
	}
	return &NotifyingStore{store, replacer, inTx, notifier}, nil
}

// Create is Writer.Create.
func (s *NotifyingStore) Create(ctx context.Context, product Product) (created Product, err error) {
	err = s.inTx(ctx, func(ctx context.Context) (err error) {
		if created, err = s.Store.Create(ctx, product); err != nil {
			return err
		}
		return s.notify(ctx, WasCreated, nil, created)
	})
	if err != nil {
		return Product{}, err
	}
	return created, nil
}

// notify gives the notifier a product of its own.
func (s *NotifyingStore) notify(ctx context.Context, kind ChangeKind, before *Product, product Product) error {
	return s.notifier.Notify(ctx, Change{Kind: kind, Product: &product, Before: before})
}

// Update is Writer.Update.
func (s *NotifyingStore) Update(ctx context.Context, id, version int64, patch Patch) (updated Product, err error) {
	err = s.change(ctx, version, func(ctx context.Context) error {
		before, after, err := s.replacer.Replace(ctx, id, version, patch)
		if err != nil {
			return err
		}
		updated = after
		if after.Version == before.Version {
			return nil
		}
		return s.notify(ctx, WasUpdated, &before, after)
	})
	if err != nil {
		return Product{}, err
	}
	return updated, nil
}

// Delete is Writer.Delete.
func (s *NotifyingStore) Delete(ctx context.Context, id, version int64) error {
	return s.change(ctx, version, func(ctx context.Context) error {
		deleted, err := s.replacer.Remove(ctx, id, version)
		if err != nil {
			return err
		}
		return s.notify(ctx, WasDeleted, nil, deleted)
	})
}

// change calls f in a transaction. For a caller who named no version it does so again where f met ErrVersion, since the
// product was changed between two calls of a readingReplacer.
func (s *NotifyingStore) change(ctx context.Context, version int64, f func(ctx context.Context) error) error {
	for {
		err := s.inTx(ctx, f)
		if version != 0 || !errors.Is(err, ErrVersion) {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// DeleteAll is Purger.DeleteAll.
func (s *NotifyingStore) DeleteAll(ctx context.Context) (n int64, err error) {
	err = s.inTx(ctx, func(ctx context.Context) (err error) {
		if n, err = s.Store.DeleteAll(ctx); err != nil || n == 0 {
			return err
		}
		return s.notifier.Notify(ctx, Change{Kind: AllDeleted, Count: n})
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// readingReplacer is the Replacer of a store that has none. It reads the product first, and changes only the version
// that it read, else it returns ErrVersion.
type readingReplacer struct{ store Store }

func (r readingReplacer) Replace(ctx context.Context, id, version int64, patch Patch) (before, after Product,
	err error) {
	if before, err = r.store.Get(ctx, id); err != nil {
		return before, after, err
	}
	after, err = r.store.Update(ctx, id, cmp.Or(version, before.Version), patch)
	return before, after, err
}

func (r readingReplacer) Remove(ctx context.Context, id, version int64) (Product, error) {
	before, err := r.store.Get(ctx, id)
	if err != nil {
		return before, err
	}
	return before, r.store.Delete(ctx, id, cmp.Or(version, before.Version))
}
