package driver_test

import (
	"fmt"
	"time"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// A worker that can take four claims, of up to two deliveries each, gets one claim for every endpoint before any
// endpoint gets a second one. An endpoint that fails gets one delivery at a time.
func ExamplePlan() {
	endpoint := func(id string, failures int) *webhooks.Endpoint {
		return &webhooks.Endpoint{ID: id, State: webhooks.Active, Concurrency: 8,
			Health: webhooks.Health{Failures: failures}}
	}
	ready := []driver.Ready{
		{Endpoint: endpoint("busy", 0), Due: [2]int{1_000, 0}},
		{Endpoint: endpoint("quiet", 0), Due: [2]int{1, 0}},
		{Endpoint: endpoint("failing", 7), Due: [2]int{1_000, 0}},
	}
	request := webhooks.ClaimRequest{Worker: "w", Limit: 4, Bulk: 4, Depth: 2}
	for _, g := range driver.Plan(time.Now(), request, ready) {
		fmt.Printf("%s: %d claims with %d deliveries in the lane %v\n", g.Endpoint.ID, g.Claims, g.Deliveries, g.Lane)
	}
	// Output:
	// busy: 2 claims with 4 deliveries in the lane urgent
	// quiet: 1 claims with 1 deliveries in the lane urgent
	// failing: 1 claims with 1 deliveries in the lane urgent
}

// An endpoint that fails ten times in a row is paused, first for a minute.
func ExampleNoteResults() {
	now := time.Date(2026, 5, 3, 3, 2, 1, 0, time.UTC)
	e := webhooks.Endpoint{State: webhooks.Active}
	for range 10 {
		driver.NoteResults(&e, now, webhooks.Result{State: webhooks.Pending,
			Attempt: &webhooks.Attempt{Status: 500, Failure: webhooks.FailureStatus}})
	}
	fmt.Println(e.Failures, e.PausedUntil.Sub(now))
	// Output: 10 1m0s
}
