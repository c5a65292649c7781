package webhooks

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// dispatch is a Run at work.
type dispatch struct {
	*Dispatcher
	ctx      context.Context // of Run
	work     context.Context // of the attempts
	storable context.Context // of storing their results
	results  chan outcome
	freed    chan struct{} // has a value when claims have ended
	busy     sync.WaitGroup

	open     [2]int               // claims by lane; guarded by mu
	held     map[string]time.Time // the same by ID, with when they were asked for; guarded by mu
	unstored error                // read once store has returned
}

// outcome is a result on its way to the store.
type outcome struct {
	Result
	lane Lane
	last bool // of its claim
}

// claim looks for work until the context ends, and begins what it finds.
func (r *dispatch) claim() {
	wake := r.queue.Wake(r.ctx)
	pause := r.options.Poll
	for r.ctx.Err() == nil {
		found, err := r.look()
		hint, freed := wake, r.freed
		switch {
		case err != nil:
			hint, freed = nil, nil // it would only be asked more often
		case found:
			pause = r.options.Poll
		}
		select {
		case <-r.ctx.Done():
			return
		case <-hint:
			pause = r.options.Poll
		case <-freed:
			pause = r.options.Poll
		case <-time.After(jitter(pause)):
			pause *= 2
		}
		if most := r.options.MaxPoll; err == nil {
			pause = min(pause, most)
		} else {
			pause = min(pause, max(mostPause, most))
		}
	}
}

// look claims what there is room for.
func (r *dispatch) look() (found bool, err error) {
	request := ClaimRequest{Worker: r.options.Name, Spare: r.quarter(), Depth: depth}
	r.mu.Lock()
	request.Limit = r.options.Concurrency - r.open[Urgent] - r.open[Bulk]
	request.Bulk = min(request.Limit, max(0, r.options.Concurrency-r.quarter()-r.open[Bulk]))
	for id := range r.slow {
		request.Shallow = append(request.Shallow, id)
	}
	r.mu.Unlock()
	if request.Limit == 0 {
		return false, nil
	}
	asked := time.Now()
	claims, err := r.queue.Claim(r.ctx, request)
	r.looked(claims, err, asked)
	for i := range claims {
		r.busy.Go(func() { r.do(&claims[i], asked) })
	}
	return len(claims) > 0, err
}

// quarter is how many claims are out of reach for the lane Bulk, and how many for endpoints that don't answer.
func (r *dispatch) quarter() int { return r.options.Concurrency / 4 }

// looked notes how a look for work went.
func (r *dispatch) looked(claims []Claim, err error, asked time.Time) {
	if err != nil && r.ctx.Err() != nil {
		return // it was broken off
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err != nil:
		r.stats.Outages++
		if r.outage == nil {
			r.log.Warn("can't look for deliveries", "error", err)
		}
	case r.outage != nil:
		r.log.Info("looking for deliveries again")
	}
	r.outage = err
	for i := range claims {
		r.open[claims[i].Lane]++
		r.held[claims[i].ID] = asked
		r.stats.Claimed += int64(len(claims[i].Work))
	}
}

// do sends a claim's deliveries, one after the other, and gives back what isn't begun in time.
func (r *dispatch) do(c *Claim, asked time.Time) {
	wanted := time.Since(asked) < stale
	for i := range c.Work {
		w := &c.Work[i]
		result := Result{DeliveryID: w.Delivery.ID}
		if wanted && r.ctx.Err() == nil {
			result = r.send(c.Endpoint, w)
			wanted = result.State == Delivered && time.Since(asked) < sprint
		}
		result.ClaimID = c.ID
		r.results <- outcome{result, c.Lane, i == len(c.Work)-1}
	}
}

// send makes one attempt.
func (r *dispatch) send(e *Endpoint, w *Work) Result {
	r.count(func(s *Stats) { s.InFlight++ })
	answer, err := r.sender.Send(r.work, e, w.Event, w.Delivery.Attempts+1)
	answer.Worker = r.options.Name
	result := Result{DeliveryID: w.Delivery.ID}
	if err == nil {
		result = judge(r.options.Schedule, &w.Delivery, &answer)
	}
	r.mu.Lock()
	r.stats.InFlight--
	if err == nil {
		r.stats.attempted(&w.Delivery, &result)
		r.pace(e.ID, answer.Duration)
	}
	r.mu.Unlock()
	if errors.Is(answer.Cause, errOverdue) {
		r.log.Warn("an attempt doesn't end: its place is taken back", "endpoint", e.ID, "delivery", w.Delivery.ID, "took", answer.Duration)
	}
	if err != nil {
		return result
	}
	if answer.Kind != "" {
		r.tell(e, w, &result, answer.Cause)
	}
	if r.options.Observe != nil {
		r.options.Observe(*w, result)
	}
	return result
}

// pace remembers how fast an endpoint is.
func (r *dispatch) pace(endpointID string, took time.Duration) {
	if took <= slow {
		delete(r.slow, endpointID)
		return
	}
	if len(r.slow) >= mostSlow {
		clear(r.slow)
	}
	r.slow[endpointID] = struct{}{}
}

// tell logs an attempt that failed, with its cause, if any.
func (r *dispatch) tell(e *Endpoint, w *Work, result *Result, cause error) {
	a := result.Attempt
	log := r.log.With("endpoint", e.ID, "delivery", w.Delivery.ID, "event", w.Event.ID, "type", w.Event.Type, "attempt", a.Number,
		"kind", a.Kind, "status", a.Status, "took", a.Duration, "error", a.Error)
	if cause != nil {
		log = log.With("cause", cause)
	}
	switch {
	case result.Gone:
		log.Warn("the endpoint is gone")
	case result.State == Failed:
		log.Warn("a delivery failed for good")
	default:
		log.Info("a delivery will be tried again", "in", result.Delay)
	}
}

// store stores results until there are no more.
func (r *dispatch) store() {
	var batch []outcome
	for first := range r.results {
		batch = append(batch[:0], first)
		for more := true; more && len(batch) < mostResults; {
			select {
			case next, open := <-r.results:
				if more = open; open {
					batch = append(batch, next)
				}
			default:
				more = false
			}
		}
		r.storeBatch(batch)
	}
}

func (r *dispatch) storeBatch(batch []outcome) {
	results := make([]Result, len(batch))
	for i := range batch {
		results[i] = batch[i].Result
	}
	counted, err := r.insist(results)
	if err != nil {
		r.log.Warn("results can't be stored: the deliveries will be sent again", "results", len(results), "error", err)
		if r.ctx.Err() != nil {
			r.unstored = fmt.Errorf("webhooks: results can't be stored: %w", err)
		}
	}
	r.mu.Lock()
	ended := false
	for i := range batch {
		if batch[i].last {
			r.open[batch[i].lane]--
			delete(r.held, batch[i].ClaimID)
			ended = true
		}
	}
	r.stats.stored(results, counted, err)
	r.mu.Unlock()
	if ended {
		select {
		case r.freed <- struct{}{}:
		default:
		}
	}
}

// renew renews the claims that are not over soon, until the context ends: those whose results can't be stored yet too.
func (r *dispatch) renew(ctx context.Context) {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		claims := r.lasting()
		if len(claims) == 0 {
			continue
		}
		bounded, cancel := context.WithTimeout(ctx, renewEvery)
		_, err := r.queue.Renew(bounded, claims, UsualLease)
		cancel()
		if err != nil && !failing && ctx.Err() == nil {
			r.log.Warn("claims can't be renewed: their deliveries may be sent again", "claims", len(claims), "error", err)
		}
		failing = err != nil
	}
}

// lasting are the claims that have lasted for a while. Most are over before, and cost nothing.
func (r *dispatch) lasting() (claims []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, asked := range r.held {
		if time.Since(asked) >= renewEvery {
			claims = append(claims, id)
		}
	}
	return claims
}

// insist stores results, again and again where the store can't be reached. Meanwhile the claims are renewed.
func (r *dispatch) insist(results []Result) (counted int, err error) {
	ctx, cancel := context.WithTimeout(r.storable, insist)
	defer cancel()
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		counted, err = r.queue.Finish(ctx, results)
		if err == nil || ctx.Err() != nil {
			return counted, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return 0, err
		}
	}
}
