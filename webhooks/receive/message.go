package receive

import (
	"encoding/json"
	"errors"
	"time"
)

// The types of messages.
const (
	ProductCreated     = "product.created"
	ProductUpdated     = "product.updated"
	ProductDeleted     = "product.deleted"
	ProductsDeletedAll = "products.deleted_all"
	ImportCompleted    = "import.completed"
	ImportFailed       = "import.failed"
	ImportCancelled    = "import.cancelled"
	// EndpointDisabled says that another endpoint failed for so long that nothing is sent to it any more.
	EndpointDisabled = "endpoint.disabled"
	// WebhookTest is sent to one endpoint because somebody asked for it, whatever the endpoint listens to.
	WebhookTest = "webhook.test"
)

// The headers of a delivery, in canonical form.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp" // seconds since 1970
	HeaderSignature = "Webhook-Signature" // one for each secret in use, separated by spaces
	HeaderAttempt   = "Webhook-Attempt"   // from 1
	HeaderEvent     = "Webhook-Event"     // the message's type
)

// MaxBody is the length of the longest body of a delivery, in bytes.
const MaxBody = 1 << 20

// ErrMessage is the error for a body that isn't a message of the sender's, although the signature is right.
var ErrMessage = errors.New("receive: the message can't be read")

// Message is the body of a delivery.
type Message struct {
	// ID is the same for every attempt to deliver the message, and no other message's.
	ID string `json:"id"`
	// Type is one of the constants [ProductCreated] and so on.
	Type string `json:"type"`
	// Timestamp is when it happened, in microseconds of UTC.
	Timestamp time.Time `json:"timestamp"`
	// Data is a JSON object, which depends on the Type.
	Data json.RawMessage `json:"data"`
}
