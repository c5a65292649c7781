package products

import (
	"context"
	"errors"
	"fmt"
)

// ChangeKind is what happened to products one at a time; imports are told by their own means.
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
	// Count is how many products were deleted, for AllDeleted.
	Count int64
}

// ChangeNotifier is told of changes. It is safe for concurrent use.
type ChangeNotifier interface {
	// Wants tells whether anybody wants to know of changes of the kind. It is asked before every one.
	Wants(ctx context.Context, kind ChangeKind) (bool, error)
	// Notify is told of a change inside its transaction: what it writes through the context is committed if and only if the
	// change is. An error rolls the change back, and is returned. It may be called again for the same change, when the
	// transaction is tried again.
	Notify(ctx context.Context, change Change) error
}

// InTx calls f with a context that carries a transaction of the store, commits it when f returns nil, and else rolls it
// back and returns the error. f may be called several times.
type InTx func(ctx context.Context, f func(ctx context.Context) error) error

// Telling is a Store whose changes are told, but for those of WriteBatch. What changes nothing isn't told.
type Telling struct {
	Store
	inTx     InTx
	notifier ChangeNotifier
}

// NewTelling returns a Store that makes the changes in the store and tells the notifier of them, both in one transaction of
// inTx. All three are required.
func NewTelling(store Store, inTx InTx, notifier ChangeNotifier) (*Telling, error) {
	if store == nil || inTx == nil || notifier == nil {
		return nil, errors.New("products: to tell of changes takes a store, its transactions and a notifier")
	}
	return &Telling{store, inTx, notifier}, nil
}

// Create is Writer.Create.
func (t *Telling) Create(ctx context.Context, product Product) (created Product, err error) {
	if wants, err := t.notifier.Wants(ctx, WasCreated); err != nil {
		return created, err
	} else if !wants {
		return t.Store.Create(ctx, product)
	}
	err = t.inTx(ctx, func(ctx context.Context) (err error) {
		if created, err = t.Store.Create(ctx, product); err != nil {
			return err
		}
		return t.tell(ctx, WasCreated, created)
	})
	if err != nil {
		return Product{}, err
	}
	return created, nil
}

// tell gives the notifier a product of its own.
func (t *Telling) tell(ctx context.Context, kind ChangeKind, product Product) error {
	return t.notifier.Notify(ctx, Change{Kind: kind, Product: &product})
}

// Update is Writer.Update.
func (t *Telling) Update(ctx context.Context, id, version int64, patch Patch) (updated Product, err error) {
	if wants, err := t.notifier.Wants(ctx, WasUpdated); err != nil {
		return updated, err
	} else if !wants {
		return t.Store.Update(ctx, id, version, patch)
	}
	err = t.known(ctx, id, version, func(ctx context.Context, before Product) (err error) {
		if updated, err = t.Store.Update(ctx, id, before.Version, patch); err != nil || updated.Version == before.Version {
			return err
		}
		return t.tell(ctx, WasUpdated, updated)
	})
	if err != nil {
		return Product{}, err
	}
	return updated, nil
}

// Delete is Writer.Delete.
func (t *Telling) Delete(ctx context.Context, id, version int64) error {
	if wants, err := t.notifier.Wants(ctx, WasDeleted); err != nil {
		return err
	} else if !wants {
		return t.Store.Delete(ctx, id, version)
	}
	return t.known(ctx, id, version, func(ctx context.Context, before Product) error {
		if err := t.Store.Delete(ctx, id, before.Version); err != nil {
			return err
		}
		return t.tell(ctx, WasDeleted, before)
	})
}

// known calls f in a transaction with the product as it is then. f changes this version alone; for a caller who named none
// it is called again when another one comes in between.
func (t *Telling) known(ctx context.Context, id, version int64, f func(ctx context.Context, before Product) error) error {
	for {
		overtaken := false
		err := t.inTx(ctx, func(ctx context.Context) error {
			before, err := t.Get(ctx, id)
			if err != nil {
				return err
			}
			if version != 0 && version != before.Version {
				return fmt.Errorf("%w: %d is at version %d, not %d", ErrVersion, id, before.Version, version)
			}
			err = f(ctx, before)
			overtaken = version == 0 && errors.Is(err, ErrVersion)
			return err
		})
		if !overtaken {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// DeleteAll is Purger.DeleteAll.
func (t *Telling) DeleteAll(ctx context.Context) (n int64, err error) {
	if wants, err := t.notifier.Wants(ctx, AllDeleted); err != nil {
		return 0, err
	} else if !wants {
		return t.Store.DeleteAll(ctx)
	}
	err = t.inTx(ctx, func(ctx context.Context) (err error) {
		if n, err = t.Store.DeleteAll(ctx); err != nil || n == 0 {
			return err
		}
		return t.notifier.Notify(ctx, Change{Kind: AllDeleted, Count: n})
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
