package receive

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Tally counts the messages of imports, and so proves that everything of an import has arrived: in whatever order,
// with other messages in between, some of them twice. It is safe for concurrent use.
type Tally struct {
	types []string

	mu      sync.Mutex
	imports map[string]*importTally
}

// ImportStatus is how much of an import has arrived.
type ImportStatus struct {
	ImportID string
	// Events and Products are the numbered messages of the import that have arrived, and the products in them. What
	// came twice counts once.
	Events, Products int64
	// Summary is the type of the import's last message: [ImportCompleted], [ImportFailed] or [ImportCancelled]; empty
	// until it has arrived.
	Summary string
	// Complete says that the import has ended, and that all its changes have arrived. Until then Missing says what
	// hasn't, in words for people.
	Complete bool
	Missing  string
}

// importTally is what has arrived of an import.
type importTally struct {
	arrived map[string]*numberSet // by type
	summary string
	events  map[string]int64 // numbered messages by type, as the summary has them
	changed map[string]int64 // products by type, as the summary has them
}

// numberSet is the numbers of one type that have arrived.
type numberSet struct {
	upTo     int64              // every number from 1 to this one
	beyond   map[int64]struct{} // and these, which are greater
	products int64
}

// NewTally returns a Tally for an endpoint that listens to these types of an import's messages; without any, to
// [ProductCreated] and [ProductUpdated].
func NewTally(types ...string) *Tally {
	if len(types) == 0 {
		types = []string{ProductCreated, ProductUpdated}
	}
	return &Tally{types: slices.Clone(types), imports: map[string]*importTally{}}
}

// Add counts a message that was verified, and returns the status of its import, or nil for a message of no import. An
// import is remembered until [Tally.Forget]. The error is [ErrMessage]: then nothing is counted.
func (t *Tally) Add(m *Message) (*ImportStatus, error) {
	var data struct {
		ImportID string            `json:"import_id"`
		Number   int64             `json:"number"`
		Products []json.RawMessage `json:"products"`
		Events   map[string]int64  `json:"events"`
		Counts   struct{ Created, Updated, Deactivated, Deleted int64 }
	}
	if err := json.Unmarshal(m.Data, &data); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	if data.ImportID == "" {
		return nil, nil
	}
	summary := strings.HasPrefix(m.Type, "import.")
	if !summary && data.Number < 1 {
		return nil, fmt.Errorf("%w: an event of an import without a number", ErrMessage)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	i := t.imports[data.ImportID]
	if i == nil {
		i = &importTally{arrived: map[string]*numberSet{}}
		t.imports[data.ImportID] = i
	}
	if summary {
		i.summary, i.events = m.Type, data.Events
		c := &data.Counts
		i.changed = map[string]int64{ProductCreated: c.Created, ProductUpdated: c.Updated + c.Deactivated,
			ProductDeleted: c.Deleted}
	} else {
		i.add(m.Type, data.Number, len(data.Products))
	}
	return i.status(data.ImportID, t.types), nil
}

// Forget forgets an import.
func (t *Tally) Forget(importID string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.imports, importID)
}

func (i *importTally) add(messageType string, number int64, products int) {
	a := i.arrived[messageType]
	if a == nil {
		a = &numberSet{beyond: map[int64]struct{}{}}
		i.arrived[messageType] = a
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

func (i *importTally) status(importID string, types []string) *ImportStatus {
	s := &ImportStatus{ImportID: importID, Summary: i.summary}
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

// missing returns an error that says what of a type hasn't arrived, nil for nothing.
func (i *importTally) missing(messageType string) error {
	a := i.arrived[messageType]
	if a == nil {
		a = &numberSet{}
	}
	switch last := i.events[messageType]; {
	case a.upTo < last:
		next := last
		if len(a.beyond) > 0 {
			next = slices.Min(slices.Collect(maps.Keys(a.beyond))) - 1
		}
		return fmt.Errorf("%s: numbers %d to %d of %d", messageType, a.upTo+1, min(next, last), last)
	case a.products < i.changed[messageType]:
		// They were sent before the endpoint listened.
		return fmt.Errorf("%s: %d of %d products", messageType, i.changed[messageType]-a.products,
			i.changed[messageType])
	}
	return nil
}
