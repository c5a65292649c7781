package webhooks

import (
	"errors"
	"fmt"
	"maps"
	"time"
)

// Stats counts what a Dispatcher did since NewDispatcher.
type Stats struct {
	// Claimed deliveries, each counted as often as it was.
	Claimed int64
	// InFlight is how many attempts are under way now.
	InFlight int64
	// Delivered, Retried and Failed are attempts by what came of them: the endpoint took it, there will be another one, or
	// there will be none.
	Delivered, Retried, Failed int64
	// Kinds counts the attempts that failed by kind.
	Kinds map[Kind]int64
	// AttemptTimes are how long the attempts took. DeliveryTimes are, by lane, how long it took from an event's Time, by the
	// store's clock, until it was delivered, by the worker's, over all attempts; without what was sent again (Delivery.Earlier).
	AttemptTimes  Times
	DeliveryTimes [2]Times
	// GivenBack deliveries were claimed and not tried.
	GivenBack int64
	// Lost results counted for nothing, because another worker had the claim, or couldn't be stored.
	Lost int64
	// Overdue attempts of the sender didn't end when their time was over, and were left to themselves; Hanging ones of these
	// haven't ended yet. See Sender.Overdue.
	Overdue, Hanging int64
	// Outages is how often a look for work failed.
	Outages int64
}

// Stats returns the counts of this moment.
func (d *Dispatcher) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.stats
	s.Kinds = maps.Clone(s.Kinds)
	s.Overdue, s.Hanging = d.sender.Overdue()
	return s
}

// Healthy returns nil while the dispatcher runs and finds its store, and else what is wrong.
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

// count changes the counts.
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
	s.Kinds[r.Attempt.Kind]++
}

// stored counts results that were given to the store.
func (s *Stats) stored(results []Result, counted int, err error) {
	if err != nil {
		counted = 0
	}
	s.Lost += int64(len(results) - counted)
	for i := range results {
		if results[i].Attempt == nil {
			s.GivenBack++
		}
	}
}
