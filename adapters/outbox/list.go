package outbox

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// An event has at most so many products, and, unless it has only one, at most so many bytes of data.
const (
	mostProducts = 100
	mostBytes    = 256 << 10
)

const (
	listHead = `{"products":[`
	listTail = `]}`
)

// list packs products into the data of as few events as may be.
type list struct {
	data  []byte // of all events, one after the other
	ends  []int  // of those that are full
	start int    // of the current one
	n     int    // products in it
	times [2]stamp
}

// stamp is a time and its text: the products of a batch have the same ones.
type stamp struct {
	at   time.Time
	text []byte
}

// append appends the time as a JSON string.
func (s *stamp) append(to []byte, at time.Time) []byte {
	if s.text == nil || at != s.at {
		s.at = at
		s.text = append(at.AppendFormat(append(s.text[:0], '"'), time.RFC3339Nano), '"')
	}
	return append(to, s.text...)
}

// reset makes the list empty.
func (l *list) reset() { l.data, l.ends, l.start, l.n = l.data[:0], l.ends[:0], 0, 0 }

// add adds a product. One that is too large for any event goes without its attributes.
func (l *list) add(p *products.Product) {
	if l.n == mostProducts {
		l.end()
	}
	before := len(l.data)
	l.open()
	l.product(p, false)
	switch size := len(l.data) - l.start + len(listTail); {
	case size <= mostBytes:
	case l.n > 1: // it begins an event of its own
		l.data, l.n = l.data[:before], l.n-1
		l.end()
		l.add(p)
	case size > webhooks.MaxData:
		l.data = append(l.data[:l.start], listHead...)
		l.product(p, true)
	}
}

// open begins the next product.
func (l *list) open() {
	if l.n == 0 {
		l.start = len(l.data)
		l.data = append(l.data, listHead...)
	} else {
		l.data = append(l.data, ',')
	}
	l.n++
}

// end ends the current event.
func (l *list) end() {
	l.data = append(l.data, listTail...)
	l.ends = append(l.ends, len(l.data))
	l.n = 0
}

// close returns the data of each event. It is good until the list is reset.
func (l *list) close() (all [][]byte) {
	if l.n > 0 {
		l.end()
	}
	start := 0
	for _, end := range l.ends {
		all = append(all, l.data[start:end:end])
		start = end
	}
	return all
}

// product appends a product's JSON, as package encoding/json would make it, in a fraction of the time. An abridged one says
// so, and has no attributes.
func (l *list) product(p *products.Product, abridged bool) {
	to := strconv.AppendInt(append(l.data, `{"id":`...), p.ID, 10)
	to = webhooks.AppendString(append(to, `,"name":`...), p.Name)
	to = webhooks.AppendString(append(to, `,"sku":`...), p.SKU)
	to = webhooks.AppendString(append(to, `,"description":`...), p.Description)
	to = strconv.AppendBool(append(to, `,"status":`...), p.Status)
	if abridged {
		to = append(to, `,"attributes":null,"abridged":true`...)
	} else {
		to = appendAttributes(append(to, `,"attributes":`...), p.Attributes)
	}
	to = l.times[0].append(append(to, `,"created_at":`...), p.CreatedAt)
	to = l.times[1].append(append(to, `,"updated_at":`...), p.UpdatedAt)
	to = strconv.AppendInt(append(to, `,"version":`...), p.Version, 10)
	l.data = append(to, '}')
}

func appendAttributes(to []byte, attributes map[string]string) []byte {
	to = append(to, '{')
	if len(attributes) > 0 {
		for i, name := range slices.Sorted(maps.Keys(attributes)) {
			if i > 0 {
				to = append(to, ',')
			}
			to = webhooks.AppendString(to, name)
			to = webhooks.AppendString(append(to, ':'), attributes[name])
		}
	}
	return append(to, '}')
}
