package outbox

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// Store is what an Outbox needs of a webhooks.Store, in the database of the products and the jobs.
type Store interface {
	webhooks.Listeners
	webhooks.Notifier
}

// Outbox appends events to a Store. It is a products.ChangeNotifier, and safe for concurrent use.
type Outbox struct {
	store Store
	lists sync.Pool // of *list
}

// list returns an empty one. It may be given back once nothing of its data is needed.
func (o *Outbox) list() *list {
	if l, ok := o.lists.Get().(*list); ok {
		l.reset()
		return l
	}
	return &list{}
}

var _ products.ChangeNotifier = (*Outbox)(nil)

// New returns an Outbox of the store.
func New(store Store) (*Outbox, error) {
	if store == nil {
		return nil, errors.New("outbox: an outbox needs a store")
	}
	return &Outbox{store: store}, nil
}

// typeOf is the type of the event that tells of a change.
func typeOf(kind products.ChangeKind) (string, error) {
	switch kind {
	case products.WasCreated:
		return webhooks.ProductCreated, nil
	case products.WasUpdated:
		return webhooks.ProductUpdated, nil
	case products.WasDeleted:
		return webhooks.ProductDeleted, nil
	case products.AllDeleted:
		return webhooks.ProductsDeletedAll, nil
	}
	return "", fmt.Errorf("outbox: an unknown kind of change: %d", kind)
}

// Wants tells whether an endpoint listens to changes of the kind.
func (o *Outbox) Wants(ctx context.Context, kind products.ChangeKind) (bool, error) {
	t, err := typeOf(kind)
	if err != nil {
		return false, err
	}
	heard, err := o.store.Listening(ctx, false, t)
	return len(heard) > 0, err
}

// Notify appends the event of a change.
func (o *Outbox) Notify(ctx context.Context, change products.Change) error {
	t, err := typeOf(change.Kind)
	if err != nil {
		return err
	}
	event := webhooks.Event{Type: t}
	if change.Product != nil {
		l := o.list()
		defer o.lists.Put(l)
		l.add(change.Product)
		event.Data = l.close()[0]
	} else {
		event.Data = append(strconv.AppendInt([]byte(`{"count":`), change.Count, 10), '}')
	}
	_, err = o.store.Append(ctx, []webhooks.Event{event})
	return err
}
