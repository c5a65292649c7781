package outbox

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// The products in an event, and the bytes of its data unless it has only one product.
const (
	maxProducts = 100
	maxBytes    = 256 << 10
)

const (
	listHead = `{"products":[`
	listTail = `]}`
)

// list packs products into the data of events, as many into each as the bounds allow.
type list struct {
	data  []byte // of all events, one after another
	ends  []int  // where the complete events end
	start int    // where the current event starts
	n     int    // products in the current event
	times [2]stamp
}

// stamp is a time and its text. Most products of a batch have the same times, which are formatted once.
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

// reset empties the list.
func (l *list) reset() { l.data, l.ends, l.start, l.n = l.data[:0], l.ends[:0], 0, 0 }

// add adds a product. A product that is too large for any event is added without its fields of one's own and its
// attributes.
func (l *list) add(p *products.Product) {
	if l.n == maxProducts {
		l.end()
	}
	before := len(l.data)
	l.open()
	l.product(p, false)
	switch size := len(l.data) - l.start + len(listTail); {
	case size <= maxBytes:
	case l.n > 1: // it starts the next event
		l.data, l.n = l.data[:before], l.n-1
		l.end()
		l.add(p)
	case size > webhooks.MaxData:
		l.data = append(l.data[:l.start], listHead...)
		l.product(p, true)
	}
}

// open starts the next product.
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

// close returns the data of each event. They are valid until the list is reset.
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

// product appends the JSON of a product, the same as encoding/json makes, in a fraction of the time. An abridged
// product has no fields of one's own and no attributes, and a field that says so.
func (l *list) product(p *products.Product, abridged bool) {
	to := strconv.AppendInt(append(l.data, `{"id":`...), p.ID, 10)
	to = webhooks.AppendJSONString(append(to, `,"name":`...), p.Name)
	to = webhooks.AppendJSONString(append(to, `,"sku":`...), p.SKU)
	to = webhooks.AppendJSONString(append(to, `,"description":`...), p.Description)
	to = strconv.AppendBool(append(to, `,"status":`...), p.Status)
	if abridged {
		to = append(to, `,"fields":null,"attributes":null,"abridged":true`...)
	} else {
		to = appendMap(append(to, `,"fields":`...), p.Fields, func(to []byte, v products.Value) []byte {
			return v.AppendJSON(to)
		})
		to = appendMap(append(to, `,"attributes":`...), p.Attributes, webhooks.AppendJSONString)
	}
	to = l.times[0].append(append(to, `,"created_at":`...), p.CreatedAt)
	to = l.times[1].append(append(to, `,"updated_at":`...), p.UpdatedAt)
	to = strconv.AppendInt(append(to, `,"version":`...), p.Version, 10)
	l.data = append(to, '}')
}

// appendMap appends an object, with the names in their order.
func appendMap[V any](to []byte, values map[string]V, appendValue func([]byte, V) []byte) []byte {
	to = append(to, '{')
	if len(values) > 0 {
		for i, name := range slices.Sorted(maps.Keys(values)) {
			if i > 0 {
				to = append(to, ',')
			}
			to = webhooks.AppendJSONString(to, name)
			to = appendValue(append(to, ':'), values[name])
		}
	}
	return append(to, '}')
}
