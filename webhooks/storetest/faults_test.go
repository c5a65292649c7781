package storetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/products-importer/products-importer/webhooks"
)

// fault is a way to break a store, with the case that finds it and what its failure says.
type fault struct {
	name  string
	spoil func(s *broken)
	found string
	says  string
}

var brokenStores = slices.Concat(brokenEndpoints, brokenQueues, brokenLooks, brokenClocks, brokenFeeds)

// creating changes the argument of CreateEndpoint, and what it returns.
func creating(given, returned func(e *webhooks.Endpoint)) func(s *broken) {
	return func(s *broken) {
		s.createEndpoint = func(ctx context.Context, e webhooks.Endpoint) (webhooks.Endpoint, error) {
			if given != nil {
				e = e.Clone()
				given(&e)
			}
			stored, err := s.Store.CreateEndpoint(ctx, e)
			if returned != nil {
				returned(&stored)
			}
			return stored, err
		}
	}
}

// updating changes the endpoint after the owner's change.
func updating(f func(before webhooks.Endpoint, e *webhooks.Endpoint)) func(s *broken) {
	return func(s *broken) {
		s.updateEndpoint = func(ctx context.Context, id string, version int64,
			change func(e *webhooks.Endpoint) error) (webhooks.Endpoint, error) {
			return s.Store.UpdateEndpoint(ctx, id, version, func(e *webhooks.Endpoint) error {
				before := e.Clone()
				err := change(e)
				f(before, e)
				return err
			})
		}
	}
}

// appending changes the events before they are appended, and does something afterwards.
func appending(before func(events []webhooks.Event) []webhooks.Event,
	after func(events []webhooks.Event)) func(s *broken) {
	return func(s *broken) {
		s.append = func(ctx context.Context, events []webhooks.Event) (int, error) {
			given := events
			if before != nil {
				given = before(slices.Clone(events))
			}
			n, err := s.Store.Append(ctx, given)
			if before != nil && len(given) == len(events) {
				for i := range events {
					events[i].ID, events[i].Time, events[i].Number = given[i].ID, given[i].Time, given[i].Number
				}
			}
			if after != nil && err == nil {
				after(events)
			}
			return n, err
		}
	}
}

var brokenEndpoints = []fault{
	{"loses a header", creating(func(e *webhooks.Endpoint) { e.Headers = nil }, nil),
		"endpoints/stores what its owner says", "every setting is stored"},
	{"keeps secrets for ever", creating(func(e *webhooks.Endpoint) { e.Secrets[1].Until = time.Time{} }, nil),
		"endpoints/stores what its owner says", "every setting is stored"},
	{"returns something else", creating(nil, func(e *webhooks.Endpoint) {
		e.UpdatedAt, e.CreatedAt = time.Unix(1, 0),
			time.Unix(1, 0)
	}), "endpoints/stores what its owner says", "is what is stored"},
	{"takes the caller's ID", creating(nil, func(e *webhooks.Endpoint) { e.ID = "mine" }),
		"endpoints/the rest is the store's", "the ID is the store's"},
	{"lends what it has", func(s *broken) {
		kept := map[string]webhooks.Endpoint{}
		s.endpoint = func(ctx context.Context, id string) (webhooks.Endpoint, error) {
			e, known := kept[id]
			if !known {
				var err error
				if e, err = s.Store.Endpoint(ctx, id); err != nil {
					return e, err
				}
				kept[id] = e
			}
			return e, nil
		}
	}, "endpoints/what comes out is the caller's", "changing what was given"},
	{"finds nothing without an error", func(s *broken) {
		s.endpoint = func(ctx context.Context, id string) (webhooks.Endpoint, error) {
			e, _ := s.Store.Endpoint(ctx, id)
			return e, nil
		}
	}, "endpoints/not found", "Endpoint(\"\") gives ErrNotFound"},
	{"lists the newest first", func(s *broken) {
		s.listEndpoints = func(ctx context.Context, limit, offset int) ([]webhooks.Endpoint, int64, error) {
			all, count, err := s.Store.ListEndpoints(ctx, limit, offset)
			slices.Reverse(all)
			return all, count, err
		}
	}, "endpoints/list, oldest first", "in the order of their creation"},
	{"counts the page", func(s *broken) {
		s.listEndpoints = func(ctx context.Context, limit, offset int) ([]webhooks.Endpoint, int64, error) {
			all, _, err := s.Store.ListEndpoints(ctx, limit, offset)
			return all, int64(len(all)), err
		}
	}, "endpoints/list, oldest first", "the count is that of all"},
	{"doesn't change the token",
		updating(func(before webhooks.Endpoint, e *webhooks.Endpoint) { e.Token = before.Token }), "endpoints/update",
		"every setting is changed"},
	{"writes where nothing changes", updating(func(_ webhooks.Endpoint, e *webhooks.Endpoint) { e.ClientName += "x" }),
		"endpoints/an update that changes nothing", "nothing is written"},
	{"keeps half a change", func(s *broken) {
		s.updateEndpoint = func(ctx context.Context, id string, version int64,
			change func(e *webhooks.Endpoint) error) (webhooks.Endpoint, error) {
			var failure error
			e, err := s.Store.UpdateEndpoint(ctx, id, version, func(e *webhooks.Endpoint) error {
				failure = change(e)
				return nil
			})
			return e, errors.Join(err, failure)
		}
	}, "endpoints/an update that fails", "changes nothing"},
	{"doesn't look at versions", func(s *broken) {
		s.updateEndpoint = func(ctx context.Context, id string, _ int64,
			change func(e *webhooks.Endpoint) error) (webhooks.Endpoint, error) {
			return s.Store.UpdateEndpoint(ctx, id, 0, change)
		}
	}, "endpoints/versions", "UpdateEndpoint of an old version"},
	{"deletes any version", func(s *broken) {
		s.deleteEndpoint = func(ctx context.Context, id string, _ int64) error {
			return s.Store.DeleteEndpoint(ctx, id,
				0)
		}
	}, "endpoints/versions", "DeleteEndpoint of an old version"},
	{"leaves deliveries behind", func(s *broken) {
		kept := map[int64]webhooks.Record{}
		s.deleteEndpoint = func(ctx context.Context, id string, version int64) error {
			all, _ := s.Store.ListDeliveries(ctx, webhooks.DeliveryQuery{EndpointID: id})
			for _, d := range all {
				kept[d.ID], _ = s.Store.Delivery(ctx, d.ID)
			}
			return s.Store.DeleteEndpoint(ctx, id, version)
		}
		s.delivery = func(ctx context.Context, id int64) (webhooks.Record, error) {
			if r, left := kept[id]; left {
				return r, nil
			}
			return s.Store.Delivery(ctx, id)
		}
	}, "endpoints/delete", "deliveries of a deleted endpoint are gone"},
	{"listens for those that want summaries", func(s *broken) {
		s.listening = func(ctx context.Context, _ bool, types ...string) ([]string, error) {
			return s.Store.Listening(ctx, false, types...)
		}
	}, "listening/by type, pattern and state", "doesn't listen to what is numbered"},
	{"doesn't listen for disabled ones", func(s *broken) {
		s.listening = func(ctx context.Context, imported bool, types ...string) ([]string, error) {
			all, _, _ := s.Store.ListEndpoints(ctx, 100, 0)
			for _, e := range all {
				if e.State != webhooks.Active {
					return nil, nil
				}
			}
			return s.Store.Listening(ctx, imported, types...)
		}
	}, "listening/by type, pattern and state", "whether an endpoint listens"},
	{"switches off without skipping", func(s *broken) {
		s.updateEndpoint = func(ctx context.Context, id string, version int64,
			change func(e *webhooks.Endpoint) error) (webhooks.Endpoint, error) {
			e, err := s.Store.UpdateEndpoint(ctx, id, version, func(e *webhooks.Endpoint) error {
				err := change(e)
				if !e.State.Receives() {
					e.State = webhooks.Paused
				}
				return err
			})
			return e, err
		}
	}, "switch/what waits is skipped when it ceases to receive", "what waits is Skipped"},
	{"lets claimed ones wait for nobody", func(s *broken) {
		s.finish = func(ctx context.Context, results []webhooks.Result) (int, error) {
			for i := range results {
				if a := results[i].Attempt; a != nil && results[i].State == webhooks.Pending {
					results[i].State = webhooks.Failed
				}
			}
			return s.Store.Finish(ctx, results)
		}
	}, "switch/a claimed one that has to wait is skipped then", "would have to wait is Skipped"},
	{"sends to paused ones", updating(func(_ webhooks.Endpoint, e *webhooks.Endpoint) { e.State = webhooks.Active }),
		"switch/a paused endpoint's wait", "nothing of a Paused endpoint is claimed"},
	{"records for inactive ones", creating(func(e *webhooks.Endpoint) {
		if e.State == webhooks.Inactive {
			e.State = webhooks.Disabled
		}
	}, nil), "switch/what happens while it is off", "nothing is recorded"},

	{"stores what nobody wants", func(s *broken) {
		s.append = func(ctx context.Context, events []webhooks.Event) (int, error) {
			_, err := s.Store.Append(ctx, events)
			return len(events), err
		}
	}, "append/nothing where nobody listens", "that nobody listens to isn't stored"},
	{"numbers what nobody wants", appending(nil, func(events []webhooks.Event) {
		for i := range events {
			if events[i].Numbered() {
				events[i].Number = 1
			}
		}
	}), "append/nothing where nobody listens", "gets no number"},
	{"tells all types to everybody", creating(func(e *webhooks.Endpoint) { e.Events = []string{"*"} }, nil),
		"append/a delivery for each that listens", "and no other"},
	{"puts everything in one lane", appending(func(events []webhooks.Event) []webhooks.Event {
		for i := range events {
			events[i].Lane = webhooks.Urgent
		}
		return events
	}, nil), "append/a delivery for each that listens", "has what its event has"},
	{"fills in no time", appending(nil, func(events []webhooks.Event) {
		for i := range events {
			events[i].Time = time.Time{}
		}
	}), "append/an ID and a time where they are missing", "the time is filled in"},
	{"keeps JSON, not bytes", appending(func(events []webhooks.Event) []webhooks.Event {
		for i := range events {
			var value any
			if json.Unmarshal(events[i].Data, &value) == nil {
				events[i].Data, _ = json.Marshal(value)
			}
		}
		return events
	}, nil), "append/data comes back byte by byte", "data comes back as it was given"},
	{"keeps the caller's memory", func(s *broken) {
		lent := map[string][]byte{}
		s.append = func(ctx context.Context, events []webhooks.Event) (int, error) {
			n, err := s.Store.Append(ctx, events)
			for _, e := range events {
				lent[e.ID] = e.Data
			}
			return n, err
		}
		s.delivery = func(ctx context.Context, id int64) (webhooks.Record, error) {
			r, err := s.Store.Delivery(ctx, id)
			r.Event.Data = lent[r.Event.ID]
			return r, err
		}
	}, "append/data is not kept", "use the data's memory again"},
	{"takes the good ones", func(s *broken) {
		s.append = func(ctx context.Context, events []webhooks.Event) (stored int, err error) {
			for i := range events {
				n, failure := s.Store.Append(ctx, events[i:i+1])
				stored += n
				err = errors.Join(err, failure)
			}
			return stored, err
		}
	}, "append/bad events are refused with the others", "has all of them refused"},
	{"numbers backwards", appending(func(events []webhooks.Event) []webhooks.Event {
		slices.Reverse(events)
		return events
	}, slices.Reverse), "append/thousands at once", "the order of the slice"},
	{"numbers by import alone", appending(func(events []webhooks.Event) []webhooks.Event {
		for i := range events {
			if events[i].Numbered() {
				events[i].Type = webhooks.ProductCreated
			}
		}
		return events
	}, nil), "numbers/by import and type, from 1", "numbered by import and type"},
	{"rolls back without its numbers", func(s *broken) {
		s.inTx = func(ctx context.Context, f func(ctx context.Context) error) error { return f(ctx) }
	}, "numbers/no gap where a transaction rolls back", "rolled back with their transaction"},
	{"gives numbers twice", func(s *broken) {
		var mu sync.Mutex
		calls := 0
		s.append = func(ctx context.Context, events []webhooks.Event) (int, error) {
			n, err := s.Store.Append(ctx, events)
			mu.Lock()
			defer mu.Unlock()
			if calls++; calls == 7 {
				for i := range events {
					events[i].Number--
				}
			}
			return n, err
		}
	}, "numbers/no gap where many append", "numbers are contiguous"},
	{"wakes nobody", func(s *broken) {
		s.wake = func(context.Context) <-chan struct{} { return make(chan struct{}) }
	}, "append/wakes", "is woken when there is something to do"},
}
