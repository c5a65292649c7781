package webhooks

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Tally is for receivers: it proves that everything of an import has arrived, whatever came in between, twice, or in
// another order. It is safe for concurrent use.
type Tally struct {
	types []string

	mu      sync.Mutex
	imports map[string]*importTally
}

// Imported says how much of an import has arrived.
type Imported struct {
	ImportID string
	// Events and Products are those of the import that have arrived, each counted once.
	Events, Products int64
	// Summary is the type of the import's last event, empty until it has arrived.
	Summary string
	// Complete: the import has ended, and all that it changed has arrived. Until then Missing says, for people, what
	// hasn't.
	Complete bool
	Missing  string
}

// importTally is what is known of an import.
type importTally struct {
	arrived map[string]*arrived // by type
	summary string
	events  map[string]int64 // of the summary
	changed map[string]int64 // products, by the summary's counts
}

// arrived are the numbers of a type that have arrived.
type arrived struct {
	upTo     int64              // all of these, from 1
	beyond   map[int64]struct{} // and these
	products int64
}

// NewTally returns a Tally for an endpoint that listens to these types of an import's events; without any, to
// product.created and product.updated.
func NewTally(types ...string) *Tally {
	if len(types) == 0 {
		types = []string{ProductCreated, ProductUpdated}
	}
	return &Tally{types: slices.Clone(types), imports: map[string]*importTally{}}
}

// Add counts a message that was verified, and says how its import is doing; nil for a message that is of none. An import is
// remembered until Forget.
func (t *Tally) Add(m *Message) (*Imported, error) {
	var data struct {
		ImportID string            `json:"import_id"`
		Number   int64             `json:"number"`
		Products []json.RawMessage `json:"products"`
		Events   map[string]int64  `json:"events"`
		Counts   struct{ Created, Updated int64 }
	}
	if err := json.Unmarshal(m.Data, &data); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	if data.ImportID == "" {
		return nil, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	i := t.imports[data.ImportID]
	if i == nil {
		i = &importTally{arrived: map[string]*arrived{}}
		t.imports[data.ImportID] = i
	}
	switch {
	case strings.HasPrefix(m.Type, "import."):
		i.summary, i.events = m.Type, data.Events
		i.changed = map[string]int64{ProductCreated: data.Counts.Created, ProductUpdated: data.Counts.Updated}
	case data.Number < 1:
		return nil, fmt.Errorf("%w: an event of an import without a number", ErrMessage)
	default:
		i.add(m.Type, data.Number, len(data.Products))
	}
	return i.state(data.ImportID, t.types), nil
}

// Forget forgets an import.
func (t *Tally) Forget(importID string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.imports, importID)
}

func (i *importTally) add(eventType string, number int64, products int) {
	a := i.arrived[eventType]
	if a == nil {
		a = &arrived{beyond: map[int64]struct{}{}}
		i.arrived[eventType] = a
	}
	if _, again := a.beyond[number]; again || number <= a.upTo {
		return
	}
	a.products += int64(products)
	a.beyond[number] = struct{}{}
	for {
		if _, next := a.beyond[a.upTo+1]; !next {
			return
		}
		a.upTo++
		delete(a.beyond, a.upTo)
	}
}

func (i *importTally) state(importID string, types []string) *Imported {
	s := &Imported{ImportID: importID, Summary: i.summary}
	for _, a := range i.arrived {
		s.Events += a.upTo + int64(len(a.beyond))
		s.Products += a.products
	}
	missing := errors.New("the import hasn't ended")
	if i.summary != "" {
		missing = nil
		for _, t := range types {
			missing = errors.Join(missing, i.missing(t))
		}
	}
	if s.Complete = missing == nil; missing != nil {
		s.Missing = strings.ReplaceAll(missing.Error(), "\n", "; ")
	}
	return s
}

// missing says what of a type hasn't arrived.
func (i *importTally) missing(eventType string) error {
	a := i.arrived[eventType]
	if a == nil {
		a = &arrived{}
	}
	switch last := i.events[eventType]; {
	case a.upTo < last:
		next := last
		if len(a.beyond) > 0 {
			next = slices.Min(slices.Collect(maps.Keys(a.beyond))) - 1
		}
		return fmt.Errorf("%s: numbers %d to %d of %d", eventType, a.upTo+1, min(next, last), last)
	case a.products < i.changed[eventType]:
		// Told before the endpoint listened.
		return fmt.Errorf("%s: %d of %d products", eventType, i.changed[eventType]-a.products, i.changed[eventType])
	}
	return nil
}
