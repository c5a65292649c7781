package httpapi

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// Deliveries is the handler of GET /webhooks/{id}/deliveries, an endpoint's deliveries.
func (a *API) Deliveries() http.Handler {
	return resource{deliveriesPath, methods{http.MethodGet: a.hook(a.listDeliveries)}}
}

// Attempts is the handler of GET /webhooks/deliveries/{id}/attempts, one delivery with its event and the log of its
// attempts.
func (a *API) Attempts() http.Handler {
	return resource{attemptsPath, methods{http.MethodGet: a.hook(a.getDelivery)}}
}

// Resend is the handler of POST /webhooks/deliveries/{id}/resend, which has a delivery sent again.
func (a *API) Resend() http.Handler {
	return resource{resendPath, methods{http.MethodPost: a.hook(a.resend)}}
}

// deliveryView is a delivery.
type deliveryView struct {
	ID         int64                  `json:"id"`
	EndpointID string                 `json:"endpoint_id"`
	EventID    string                 `json:"event_id"`
	EventType  string                 `json:"event_type"`
	ImportID   *string                `json:"import_id"`
	Number     *int64                 `json:"number"`
	Lane       string                 `json:"lane"`
	State      webhooks.DeliveryState `json:"state"`
	Attempts   int                    `json:"attempts"`
	NotBefore  *time.Time             `json:"not_before"` // null unless it is pending
	CreatedAt  time.Time              `json:"created_at"`
	FinishedAt *time.Time             `json:"finished_at"`
	// These are the last attempt's, null before the first.
	LastAttempt *time.Time            `json:"last_attempt"`
	LastStatus  *int                  `json:"last_status"`
	LastKind    *webhooks.FailureKind `json:"last_kind"`
}

func viewOfDelivery(d *webhooks.Delivery) deliveryView {
	v := deliveryView{
		ID: d.ID, EndpointID: d.EndpointID, EventID: d.EventID, EventType: d.EventType, ImportID: optional(d.ImportID),
		Number: optional(d.Number),
		Lane:   d.Lane.String(), State: d.State, Attempts: d.Attempts, CreatedAt: d.CreatedAt,
		FinishedAt:  optionalTime(d.FinishedAt),
		LastAttempt: optionalTime(d.LastAttempt), LastStatus: optional(d.LastStatus), LastKind: optional(d.LastFailure),
	}
	if d.State == webhooks.Pending {
		v.NotBefore = optionalTime(d.NotBefore)
	}
	return v
}

// deliveryStates are the states by which a list of deliveries can be filtered.
var deliveryStates = []webhooks.DeliveryState{webhooks.Pending, webhooks.Delivered, webhooks.Failed, webhooks.Skipped}

func (a *API) listDeliveries(w http.ResponseWriter, r *http.Request) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	const most = 500 // so that one more can be asked for
	p := readParameters(r, "limit", "before", "state...", "event_type", "event_id", "import_id")
	limit := p.number("limit", 1, most, products.DefaultLimit)
	q := webhooks.DeliveryQuery{
		EndpointID: id, EventID: p.text("event_id"), EventType: p.text("event_type"), ImportID: p.text("import_id"),
		Before: int64(p.number("before", 1, math.MaxInt, 0)), Limit: limit + 1,
	}
	if _, ok := driver.ParseID("evt_", q.EventID); q.EventID != "" && !ok {
		p.fail("event_id", codeValue, fmt.Sprintf("event_id must be evt_ and 32 hexadecimal digits, not %q",
			products.Shorten(q.EventID)))
	}
	if q.EventType != "" && !slices.Contains(webhooks.Types(), q.EventType) {
		p.fail("event_type", codeValue, fmt.Sprintf("event_type must be one of %v, not %q", webhooks.Types(),
			products.Shorten(q.EventType)))
	}
	q.States = readStates(p, deliveryStates, strings.ToLower)
	if p.err != nil {
		return p.err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	deliveries, err := a.options.Webhooks.Store.ListDeliveries(ctx, q)
	if err != nil {
		return err
	}
	// There may be too many to count: the next page begins after the last delivery of this one.
	list := pageOf[deliveryView]{Results: []deliveryView{}}
	for i := range deliveries[:min(len(deliveries), limit)] {
		list.Results = append(list.Results, viewOfDelivery(&deliveries[i]))
	}
	if len(deliveries) > limit {
		list.Next = a.link(r, deliveriesPath, p,
			map[string]string{"before": strconv.FormatInt(deliveries[limit-1].ID, 10)})
	}
	writeJSON(w, http.StatusOK, "application/json", &list)
	return nil
}

// recordView is a delivery with its event and its attempts.
type recordView struct {
	deliveryView
	Event json.RawMessage `json:"event"` // the body that is sent
	Log   []loggedAttempt `json:"log"`   // oldest first
}

// loggedAttempt is an attempt of a delivery.
type loggedAttempt struct {
	Number int    `json:"number"`
	Worker string `json:"worker"`
	attemptView
}

func (a *API) getDelivery(w http.ResponseWriter, r *http.Request) error {
	id, err := pathNumber(r, webhooks.ErrNotFound)
	if err != nil {
		return err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	record, err := a.options.Webhooks.Store.Delivery(ctx, id)
	if err != nil {
		return err
	}
	view := recordView{deliveryView: viewOfDelivery(&record.Delivery), Event: record.Event.AppendBody(nil),
		Log: make([]loggedAttempt, len(record.Attempts))}
	if !json.Valid(view.Event) {
		// The data is as it was appended, which may have been anything.
		if view.Event, err = json.Marshal(string(view.Event)); err != nil {
			return err
		}
	}
	for i := range record.Attempts {
		attempt := &record.Attempts[i]
		view.Log[i] = loggedAttempt{attempt.Number, attempt.Worker, viewOfAttempt(attempt)}
	}
	writeJSON(w, http.StatusOK, "application/json", &view)
	return nil
}

func (a *API) resend(w http.ResponseWriter, r *http.Request) error {
	id, err := pathNumber(r, webhooks.ErrNotFound)
	if err != nil {
		return err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	delivery, err := a.options.Webhooks.Store.Resend(ctx, id)
	if err != nil {
		return err
	}
	view := viewOfDelivery(&delivery)
	a.setLocation(w, r, resendPath, attemptsPath, strconv.FormatInt(id, 10))
	writeJSON(w, http.StatusAccepted, "application/json", &view)
	return nil
}
