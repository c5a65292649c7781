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

// Store is the part of a [webhooks.Store] that an [Outbox] needs. It is in the same database as the products and jobs.
type Store interface {
	webhooks.Listeners
	webhooks.Notifier
}

// Outbox appends events to a [Store]. It is a [products.ChangeNotifier], and safe for concurrent use.
type Outbox struct {
	store Store
	lists sync.Pool // of *list
}

// list returns an empty list. The caller puts it back into lists when its data is no longer needed.
func (o *Outbox) list() *list {
	if l, ok := o.lists.Get().(*list); ok {
		l.reset()
		return l
	}
	return &list{}
}

var _ products.ChangeNotifier = (*Outbox)(nil)

// New returns an Outbox that appends to the store, which must not be nil.
func New(store Store) (*Outbox, error) {
	if store == nil {
		return nil, errors.New("outbox: an outbox needs a store")
	}
	return &Outbox{store: store}, nil
}

// typeOf returns the type of a change's event.
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
