package driver

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/internal/uuid"
)

// Bounds of the lease of a claim: a worker that vanished holds its deliveries up for so long.
const (
	// DefaultLease is that of a request that names none.
	DefaultLease = 12 * time.Second
	// MaxLease is the longest lease. A claim that seems to hold for longer, because the store's clock was set back,
	// holds for MaxLease from then on: its worker may still be sending.
	MaxLease = time.Minute
)

// maxName is the length of the longest type of an event and of the longest ID of an import, in bytes.
const maxName = 100

// CheckEvent returns an error for an event that [webhooks.Notifier] must not store; webhooks.ErrTooLarge for one that
// has to be split. Of the data it checks only that it is a JSON object by its first and last byte.
func CheckEvent(e *webhooks.Event) error {
	data := bytes.TrimSpace(e.Data)
	switch {
	case e.Type == "" || len(e.Type) > maxName:
		return fmt.Errorf("webhooks: an event's type must have 1 to %d bytes, not %d", maxName, len(e.Type))
	case e.ID != "" && !isID(e.ID, "evt_"):
		return fmt.Errorf("webhooks: an event's ID must be empty or as NewID makes it, not %.50q", e.ID)
	case len(e.ImportID) > maxName:
		return fmt.Errorf("webhooks: an import's ID must have at most %d bytes, not %d", maxName, len(e.ImportID))
	case len(e.Data) > webhooks.MaxData:
		return fmt.Errorf("%w: %s with %d bytes of data, at most %d", webhooks.ErrTooLarge, e.Type, len(e.Data),
			webhooks.MaxData)
	case len(data) < 2 || data[0] != '{' || data[len(data)-1] != '}':
		return fmt.Errorf("webhooks: the data of an event must be a JSON object: %s", e.Type)
	}
	return nil
}

func isID(id, prefix string) bool {
	_, ok := uuid.Parse(prefix, id)
	return ok
}

// CheckPage returns an error for a page that webhooks.Endpoints.ListEndpoints can't return: the limit must be between 1
// and 1,000, the offset not negative.
func CheckPage(limit, offset int) error {
	if limit < 1 || limit > 1_000 {
		return fmt.Errorf("webhooks: the limit of a list must be between 1 and 1,000, not %d", limit)
	}
	if offset < 0 {
		return fmt.Errorf("webhooks: the offset of a list must not be negative: %d", offset)
	}
	return nil
}

// CheckQuery fills in the default limit, and returns an error for a query that webhooks.Deliveries.ListDeliveries can't
// answer.
func CheckQuery(q *webhooks.DeliveryQuery) error {
	if q.Limit == 0 {
		q.Limit = 50
	}
	if q.Before < 0 {
		return fmt.Errorf("webhooks: DeliveryQuery.Before must not be negative: %d", q.Before)
	}
	return CheckPage(q.Limit, 0)
}

// CheckReplay returns an error for a step that webhooks.Deliveries.Replay can't do.
func CheckReplay(s *webhooks.ReplayStep) error {
	if s.Limit < 1 || s.Limit > 10_000 {
		return fmt.Errorf("webhooks: ReplayStep.Limit must be between 1 and 10,000, not %d", s.Limit)
	}
	if len(s.States) == 0 {
		return errors.New("webhooks: ReplayStep.States must be some of failed, skipped, delivered and pending")
	}
	return nil
}

// CheckClaim fills in the default lease, and returns an error for a request that webhooks.Queue.Claim can't fulfil.
func CheckClaim(r *webhooks.ClaimRequest) error {
	switch {
	case r.Worker == "":
		return errors.New("webhooks: a claim needs a worker's name")
	case r.Limit < 1 || r.Limit > 1_000:
		return fmt.Errorf("webhooks: ClaimRequest.Limit must be between 1 and 1,000, not %d", r.Limit)
	case r.Bulk < 0 || r.Bulk > r.Limit:
		return fmt.Errorf("webhooks: ClaimRequest.Bulk must be between 0 and the limit, not %d", r.Bulk)
	case r.Spare < 0:
		return fmt.Errorf("webhooks: ClaimRequest.Spare must not be negative: %d", r.Spare)
	case r.Depth < 1 || r.Depth > 100:
		return fmt.Errorf("webhooks: ClaimRequest.Depth must be between 1 and 100, not %d", r.Depth)
	}
	if r.Lease == 0 {
		r.Lease = DefaultLease
	}
	return CheckLease(r.Lease)
}

// CheckLease returns an error for a lease that webhooks.Queue.Renew can't grant: it must be between 1 ms and
// [MaxLease].
func CheckLease(lease time.Duration) error {
	if lease < time.Millisecond || lease > MaxLease {
		return fmt.Errorf("webhooks: a lease must be between 1ms and %v, not %v", MaxLease, lease)
	}
	return nil
}

// CheckResult returns an error for a result that webhooks.Queue.Finish can't store.
func CheckResult(r *webhooks.Result) error {
	switch {
	case r.Hold < 0:
		return fmt.Errorf("webhooks: Result.Hold must not be negative: %v", r.Hold)
	case r.Attempt == nil, r.State == webhooks.Delivered, r.State == webhooks.Failed:
		return nil
	case r.State != webhooks.Pending:
		return fmt.Errorf("webhooks: no attempt makes a delivery %q", r.State)
	case r.Delay < 0:
		return fmt.Errorf("webhooks: Result.Delay must not be negative: %v", r.Delay)
	}
	return nil
}

// CheckPrune returns an error for what webhooks.Pruner.Prune can't do.
func CheckPrune(x *webhooks.PruneRequest) error {
	if x.Limit < 1 || x.Limit > 100_000 {
		return fmt.Errorf("webhooks: PruneRequest.Limit must be between 1 and 100,000, not %d", x.Limit)
	}
	return nil
}
