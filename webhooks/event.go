package webhooks

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/products-importer/products-importer/webhooks/internal/uuid"
	"github.com/products-importer/products-importer/webhooks/receive"
)

// The types of events.
const (
	ProductCreated     = receive.ProductCreated
	ProductUpdated     = receive.ProductUpdated
	ProductDeleted     = receive.ProductDeleted
	ProductsDeletedAll = receive.ProductsDeletedAll
	ImportCompleted    = receive.ImportCompleted
	ImportFailed       = receive.ImportFailed
	ImportCancelled    = receive.ImportCancelled
	// EndpointDisabled says that another endpoint failed for so long that nothing is sent to it any more.
	EndpointDisabled = receive.EndpointDisabled
	// WebhookTest is sent to one endpoint by [Service.Test], whatever the endpoint listens to.
	WebhookTest = receive.WebhookTest
)

// Types returns the types that an endpoint can listen to.
func Types() []string {
	return []string{ProductCreated, ProductUpdated, ProductDeleted, ProductsDeletedAll, ImportCompleted, ImportFailed,
		ImportCancelled, EndpointDisabled}
}

// Matches reports whether the subscription, an entry of Endpoint.Events, covers the type: it is the type, "*", or "X.*"
// for all types that begin with "X.".
func Matches(subscription, eventType string) bool {
	if prefix, ok := strings.CutSuffix(subscription, "*"); ok {
		return strings.HasPrefix(eventType, prefix) && (prefix == "" || prefix[len(prefix)-1] == '.')
	}
	return subscription == eventType
}

// IsSubscription reports whether the text covers any of the Types, so that it can be an entry of Endpoint.Events.
func IsSubscription(text string) bool {
	return slices.ContainsFunc(Types(), func(t string) bool { return Matches(text, t) })
}

// Lane is one of two queues to an endpoint. Deliveries in one lane never wait for those in the other.
type Lane uint8

const (
	// Urgent is for single changes.
	Urgent Lane = iota
	// Bulk is for the many events of an import, and for replays.
	Bulk
)

// String returns "urgent" or "bulk".
func (l Lane) String() string {
	if l == Bulk {
		return "bulk"
	}
	return "urgent"
}

// Event is something that happened.
type Event struct {
	// ID is "evt_" and a UUID, version 7, without dashes. It is the Webhook-Id of all deliveries of the event, and no
	// other event's.
	ID   string
	Type string
	// Time is when it happened, in microseconds of UTC.
	Time time.Time
	Lane Lane
	// ImportID is the import that the event belongs to, if any.
	ImportID string
	// Number counts the events of an import and a type from 1, without a gap. It is 0 for an event that isn't Numbered.
	Number int64
	// Data is a JSON object, at most [MaxData] bytes long. It has no import_id and no number: AppendBody adds them.
	Data []byte
}

// MaxData is the length of the longest Event.Data, in bytes: the body of a delivery, with the fields around the data,
// has at most [receive.MaxBody].
const MaxData = receive.MaxBody - 2_048

// ErrTooLarge is the error for an event whose data is longer than [MaxData]. Whoever makes the event splits it.
var ErrTooLarge = errors.New("webhooks: the event is too large")

// Numbered reports whether the event is one of the many of an import, which have Numbers. The summary of an import,
// import.completed for instance, has none.
func (e *Event) Numbered() bool { return e.ImportID != "" && !strings.HasPrefix(e.Type, "import.") }

// Init sets the ID and the time where they are empty. Stores call it in Append, with their clock's time.
func (e *Event) Init(now time.Time) {
	if e.ID == "" {
		e.ID = uuid.New("evt_", now)
	}
	if e.Time.IsZero() {
		e.Time = now
	}
	e.Time = e.Time.UTC().Truncate(time.Microsecond)
}

// AppendBody appends the body of the event's deliveries: {"id","type","timestamp","data"}, where data begins with
// import_id and number if the event has them. Every attempt sends the same bytes.
func (e *Event) AppendBody(to []byte) []byte {
	to = slices.Grow(to, len(e.Data)+300)
	to = append(to, `{"id":`...)
	to = AppendJSONString(to, e.ID)
	to = append(to, `,"type":`...)
	to = AppendJSONString(to, e.Type)
	to = append(to, `,"timestamp":"`...)
	to = e.Time.UTC().AppendFormat(to, "2006-01-02T15:04:05.000000Z")
	to = append(to, `","data":{`...)
	if e.ImportID != "" {
		to = append(to, `"import_id":`...)
		to = append(AppendJSONString(to, e.ImportID), ',')
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
