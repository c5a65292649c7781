package webhooks

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The types of events.
const (
	ProductCreated     = "product.created"
	ProductUpdated     = "product.updated"
	ProductDeleted     = "product.deleted"
	ProductsDeletedAll = "products.deleted_all"
	ImportCompleted    = "import.completed"
	ImportFailed       = "import.failed"
	ImportCancelled    = "import.cancelled"
	// EndpointDisabled tells the others that an endpoint was given up.
	EndpointDisabled = "endpoint.disabled"
	// WebhookTest is sent to one endpoint because somebody asked for it, whatever it listens to.
	WebhookTest = "webhook.test"
)

// Types returns the types that an endpoint can listen to.
func Types() []string {
	return []string{ProductCreated, ProductUpdated, ProductDeleted, ProductsDeletedAll, ImportCompleted, ImportFailed,
		ImportCancelled, EndpointDisabled}
}

// Matches tells whether the subscription covers the type: it is the type, "*", or "X.*" for all types that begin with
// "X.".
func Matches(subscription, eventType string) bool {
	if prefix, ok := strings.CutSuffix(subscription, "*"); ok {
		return strings.HasPrefix(eventType, prefix) && (prefix == "" || prefix[len(prefix)-1] == '.')
	}
	return subscription == eventType
}

// Lane is one of the two ways to an endpoint: what one lane holds never waits for the other lane's.
type Lane uint8

const (
	// Urgent is for single changes.
	Urgent Lane = iota
	// Bulk is for the many events of an import, and for what is replayed.
	Bulk
)

func (l Lane) String() string {
	if l == Bulk {
		return "bulk"
	}
	return "urgent"
}

// Event is something that happened, with what is told of it.
type Event struct {
	// ID is "evt_" and a UUID, version 7, without dashes. It is the webhook-id of every delivery, and no other event's.
	ID   string
	Type string
	// Time is when it happened, in microseconds of UTC.
	Time time.Time
	Lane Lane
	// ImportID is the import that the event is of, if any.
	ImportID string
	// Number is the event's among those of its import and type, contiguous from 1; 0 for an event that isn't Numbered.
	Number int64
	// Data is the event's data: a JSON object without import_id and number.
	Data []byte
}

const (
	// MaxBody is the length of the longest body of a delivery.
	MaxBody = 1 << 20
	// MaxData is the length of the longest Event.Data: a body has the envelope besides.
	MaxData = MaxBody - 2_048
	// maxName bounds the lengths of types and import IDs.
	maxName = 100
)

// ErrTooLarge: the event's data is longer than MaxData. Whoever makes events splits them.
var ErrTooLarge = errors.New("webhooks: the event is too large")

// Numbered tells whether the event is one of the many of an import, which are numbered. Its summary, import.completed for
// instance, isn't.
func (e *Event) Numbered() bool { return e.ImportID != "" && !strings.HasPrefix(e.Type, "import.") }

// Init fills in the ID and the time where they are empty. Stores call it in Append, with their clock's time.
func (e *Event) Init(now time.Time) {
	if e.ID == "" {
		e.ID = NewID("evt_", now)
	}
	if e.Time.IsZero() {
		e.Time = now
	}
	e.Time = e.Time.UTC().Truncate(time.Microsecond)
}

// Check returns an error for an event that a store must not take, ErrTooLarge for one that has to be split. Data is only
// looked at from outside.
func (e *Event) Check() error {
	data := bytes.TrimSpace(e.Data)
	switch {
	case e.Type == "" || len(e.Type) > maxName:
		return fmt.Errorf("webhooks: an event's type must have 1 to %d bytes, not %d", maxName, len(e.Type))
	case e.ID != "" && !isID(e.ID, "evt_"):
		return fmt.Errorf("webhooks: an event's ID must be empty or as NewID makes it, not %.50q", e.ID)
	case len(e.ImportID) > maxName:
		return fmt.Errorf("webhooks: an import's ID must have at most %d bytes, not %d", maxName, len(e.ImportID))
	case len(e.Data) > MaxData:
		return fmt.Errorf("%w: %s with %d bytes of data, at most %d", ErrTooLarge, e.Type, len(e.Data), MaxData)
	case len(data) < 2 || data[0] != '{' || data[len(data)-1] != '}':
		return fmt.Errorf("webhooks: the data of an event must be a JSON object: %s", e.Type)
	}
	return nil
}

// AppendBody appends the body of the event's deliveries: {"id","type","timestamp","data"}, where data begins with
// import_id and number, if the event has them. Every attempt has the same bytes.
func (e *Event) AppendBody(to []byte) []byte {
	to = slices.Grow(to, len(e.Data)+300)
	to = append(to, `{"id":`...)
	to = AppendString(to, e.ID)
	to = append(to, `,"type":`...)
	to = AppendString(to, e.Type)
	to = append(to, `,"timestamp":"`...)
	to = e.Time.UTC().AppendFormat(to, "2006-01-02T15:04:05.000000Z")
	to = append(to, `","data":{`...)
	if e.ImportID != "" {
		to = append(to, `"import_id":`...)
		to = append(AppendString(to, e.ImportID), ',')
	}
	if e.Number > 0 {
		to = append(to, `"number":`...)
		to = append(strconv.AppendInt(to, e.Number, 10), ',')
	}
	rest := bytes.TrimSpace(bytes.TrimSpace(e.Data)[1:])
	if rest[0] == '}' && to[len(to)-1] == ',' {
		to = to[:len(to)-1]
	}
	return append(append(to, rest...), '}')
}
