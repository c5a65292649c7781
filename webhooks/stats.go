package webhooks

import (
	"errors"
	"fmt"
	"maps"
	"time"
)

// Stats are the counts of a [Dispatcher] since [NewDispatcher].
type Stats struct {
	// Claimed counts deliveries that were claimed, each as often as it was.
	Claimed int64
	// InFlight is how many attempts are under way now.
	InFlight int64
	// Delivered, Retried and Failed count attempts by what followed: the endpoint took the delivery, there will be
	// another attempt, or there will be none.
	Delivered, Retried, Failed int64
	// Failures counts the failed attempts by kind.
	Failures map[FailureKind]int64
	// AttemptTimes are how long the attempts took. DeliveryTimes are, by lane, how long it took from an event's Time,
	// by the store's clock, until it was delivered, by the worker's clock, over all attempts. Deliveries that were sent
	// again (Delivery.Earlier) aren't among them.
	AttemptTimes  Histogram
	DeliveryTimes [2]Histogram
	// Released counts deliveries that were claimed and released without an attempt.
	Released int64
	// Lost counts results that didn't count because another worker had the claim, or that couldn't be stored.
	Lost int64
	// Overdue counts the sender's attempts that didn't end when their time was over, and were abandoned, Hanging those
	// of them that haven't ended yet. See [Sender.Overdue].
	Overdue, Hanging int64
	// Outages counts how often looking for work failed.
	Outages int64
}

// Stats returns the counts at this moment.
func (d *Dispatcher) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.stats
	s.Failures = maps.Clone(s.Failures)
	s.Overdue, s.Hanging = d.sender.Overdue()
	return s
}

// Healthy returns nil while the dispatcher runs and reaches its store, and otherwise an error that says what is wrong.
func (d *Dispatcher) Healthy() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.running {
		return errors.New("webhooks: the dispatcher doesn't run")
	}
	if d.outage != nil {
		return fmt.Errorf("webhooks: looking for deliveries: %w", d.outage)
	}
	return nil
}

// count lets f change the counts.
func (d *Dispatcher) count(f func(s *Stats)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(&d.stats)
}

// attempted counts an attempt that ended now.
func (s *Stats) attempted(d *Delivery, r *Result) {
	s.AttemptTimes.add(r.Attempt.Duration)
	switch r.State {
	case Delivered:
		s.Delivered++
		if d.Earlier == 0 {
			s.DeliveryTimes[d.Lane].add(max(0, time.Since(d.CreatedAt)))
		}
		return
	case Failed:
		s.Failed++
	default:
		s.Retried++
	}
	s.Failures[r.Attempt.Failure]++
}

// stored counts results that were given to the store.
func (s *Stats) stored(results []Result, counted int, err error) {
	if err != nil {
		counted = 0
	}
	s.Lost += int64(len(results) - counted)
	for i := range results {
		if results[i].Attempt == nil {
			s.Released++
		}
	}
}
