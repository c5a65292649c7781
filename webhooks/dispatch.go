package webhooks

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// dispatch is the state of a Run.
type dispatch struct {
	dispatcher *Dispatcher
	ctx        context.Context // of Run
	work       context.Context // of the attempts
	storable   context.Context // of storing their results
	results    chan outcome
	freed      chan struct{} // receives a value when claims have ended
	busy       sync.WaitGroup

	open     [2]int               // claims by lane; guarded by dispatcher.mu
	held     map[string]time.Time // when these claims were requested, by ID; guarded by dispatcher.mu
	unstored error                // why results weren't stored; read after store has returned
}

// outcome is a result that is to be stored.
type outcome struct {
	result Result
	lane   Lane
	last   bool // of its claim
}

// claim looks for work until the context ends, and starts what it finds.
func (r *dispatch) claim() {
	wake := r.dispatcher.queue.Wake(r.ctx)
	pause := r.dispatcher.options.Poll
	for r.ctx.Err() == nil {
		found, err := r.look()
		hint, freed := wake, r.freed
		switch {
		case err != nil:
			hint, freed = nil, nil // don't ask a store that fails more often
		case found:
			pause = r.dispatcher.options.Poll
		}
		select {
		case <-r.ctx.Done():
			return
		case <-hint:
			pause = r.dispatcher.options.Poll
		case <-freed:
			pause = r.dispatcher.options.Poll
		case <-time.After(jitter(pause, 4)):
			pause *= 2
		}
		if most := r.dispatcher.options.MaxPoll; err == nil {
			pause = min(pause, most)
		} else {
			pause = min(pause, max(maxErrorPause, most))
		}
	}
}

// look claims as much as can be sent now, and reports whether there was any.
func (r *dispatch) look() (found bool, err error) {
	request := ClaimRequest{Worker: r.dispatcher.options.Name, Spare: r.quarter(), Depth: depth, Lease: lease}
	r.dispatcher.mu.Lock()
	request.Limit = r.dispatcher.options.Concurrency - r.open[Urgent] - r.open[Bulk]
	request.Bulk = min(request.Limit, max(0, r.dispatcher.options.Concurrency-r.quarter()-r.open[Bulk]))
	for id := range r.dispatcher.slow {
		request.Shallow = append(request.Shallow, id)
	}
	r.dispatcher.mu.Unlock()
	if request.Limit == 0 {
		return false, nil
	}
	asked := time.Now()
	claims, err := r.dispatcher.queue.Claim(r.ctx, request)
	r.looked(claims, err, asked)
	for i := range claims {
		r.busy.Go(func() { r.do(&claims[i], asked) })
	}
	return len(claims) > 0, err
}

// quarter returns how many claims the lane Bulk never takes, and how many endpoints that don't answer never take.
func (r *dispatch) quarter() int { return r.dispatcher.options.Concurrency / 4 }

// looked notes how a look for work went.
func (r *dispatch) looked(claims []Claim, err error, asked time.Time) {
	if err != nil && r.ctx.Err() != nil {
		return // the context ended it
	}
	r.dispatcher.mu.Lock()
	defer r.dispatcher.mu.Unlock()
	switch {
	case err != nil:
		r.dispatcher.stats.Outages++
		if r.dispatcher.outage == nil {
			r.dispatcher.log.Warn("can't look for deliveries", "error", err)
		}
	case r.dispatcher.outage != nil:
		r.dispatcher.log.Info("looking for deliveries again", "after", r.dispatcher.outage)
	}
	r.dispatcher.outage = err
	for i := range claims {
		r.open[claims[i].Lane]++
		r.held[claims[i].ID] = asked
		r.dispatcher.stats.Claimed += int64(len(claims[i].Work))
	}
}

// do sends a claim's deliveries, one after the other, and releases those that don't begin in time.
func (r *dispatch) do(c *Claim, asked time.Time) {
	wanted := time.Since(asked) < staleAfter
	for i := range c.Work {
		w := &c.Work[i]
		result := Result{DeliveryID: w.Delivery.ID}
		if wanted && r.ctx.Err() == nil {
			result = r.send(c.Endpoint, w)
			wanted = result.State == Delivered && time.Since(asked) < beginWithin
		}
		result.ClaimID = c.ID
		r.results <- outcome{result, c.Lane, i == len(c.Work)-1}
	}
}

// send makes one attempt.
func (r *dispatch) send(e *Endpoint, w *Work) Result {
	r.dispatcher.count(func(s *Stats) { s.InFlight++ })
	answer, err := r.dispatcher.sender.Send(r.work, e, w.Event, w.Delivery.Attempts+1)
	answer.Worker = r.dispatcher.options.Name
	result := Result{DeliveryID: w.Delivery.ID}
	if err == nil {
		result = resultOf(r.dispatcher.options.Schedule, &w.Delivery, &answer)
	}
	r.dispatcher.mu.Lock()
	r.dispatcher.stats.InFlight--
	if err == nil {
		r.dispatcher.stats.attempted(&w.Delivery, &result)
		r.pace(e.ID, answer.Duration)
	}
	r.dispatcher.mu.Unlock()
	if errors.Is(answer.Cause, errAbandoned) {
		r.dispatcher.log.Warn("an attempt doesn't end and is abandoned", "endpoint", e.ID, "delivery", w.Delivery.ID,
			"took", answer.Duration)
	}
	if err != nil {
		return result
	}
	if answer.Failure != "" {
		r.logFailure(e, w, &result, answer.Cause)
	}
	if r.dispatcher.options.Observe != nil {
		r.dispatcher.options.Observe(*w, result)
	}
	return result
}

// pace notes whether an endpoint is slow.
func (r *dispatch) pace(endpointID string, took time.Duration) {
	if took <= slowAttempt {
		delete(r.dispatcher.slow, endpointID)
		return
	}
	if len(r.dispatcher.slow) >= maxSlow {
		clear(r.dispatcher.slow)
	}
	r.dispatcher.slow[endpointID] = struct{}{}
}

// logFailure logs an attempt that failed, with its cause, if any.
func (r *dispatch) logFailure(e *Endpoint, w *Work, result *Result, cause error) {
	a := result.Attempt
	log := r.dispatcher.log.With("endpoint", e.ID, "delivery", w.Delivery.ID, "event", w.Event.ID,
		"type", w.Event.Type, "attempt", a.Number, "kind", a.Failure,
		"status", a.Status, "took", a.Duration, "error", a.Error)
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
		for more := true; more && len(batch) < maxResults; {
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
		results[i] = batch[i].result
	}
	counted, err := r.finish(results)
	if err != nil {
		r.dispatcher.log.Warn("results can't be stored: the deliveries will be sent again", "results", len(results),
			"error", err)
		if r.ctx.Err() != nil {
			r.unstored = fmt.Errorf("webhooks: results can't be stored: %w", err)
		}
	}
	r.dispatcher.mu.Lock()
	ended := false
	for i := range batch {
		if batch[i].last {
			r.open[batch[i].lane]--
			delete(r.held, batch[i].result.ClaimID)
			ended = true
		}
	}
	r.dispatcher.stats.stored(results, counted, err)
	r.dispatcher.mu.Unlock()
	if ended {
		select {
		case r.freed <- struct{}{}:
		default:
		}
	}
}

// renew renews the claims that last, until the context ends; also those whose results can't be stored yet.
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
		claims := r.lastingClaims()
		if len(claims) == 0 {
			continue
		}
		bounded, cancel := context.WithTimeout(ctx, renewEvery)
		_, err := r.dispatcher.queue.Renew(bounded, claims, lease)
		cancel()
		if err != nil && !failing && ctx.Err() == nil {
			r.dispatcher.log.Warn("claims can't be renewed: their deliveries may be sent again",
				"claims", len(claims), "error", err)
		}
		failing = err != nil
	}
}

// lastingClaims returns the claims that are old enough to be renewed. Most claims end before.
func (r *dispatch) lastingClaims() (claims []string) {
	r.dispatcher.mu.Lock()
	defer r.dispatcher.mu.Unlock()
	for id, asked := range r.held {
		if time.Since(asked) >= renewEvery {
			claims = append(claims, id)
		}
	}
	return claims
}

// finish stores results. It tries again while the store can't be reached; meanwhile the claims are renewed.
func (r *dispatch) finish(results []Result) (counted int, err error) {
	ctx, cancel := context.WithTimeout(r.storable, storeFor)
	defer cancel()
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		counted, err = r.dispatcher.queue.Finish(ctx, results)
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
