package storetest_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/products-importer/products-importer/webhooks"
)

// replaying changes the steps of replays.
func replaying(f func(step *webhooks.ReplayStep)) func(s *broken) {
	return func(s *broken) {
		s.replay = func(ctx context.Context, step webhooks.ReplayStep) (int, int64, error) {
			f(&step)
			return s.Store.Replay(ctx, step)
		}
	}
}

// pruning changes the requests to prune.
func pruning(f func(x *webhooks.PruneRequest)) func(s *broken) {
	return func(s *broken) {
		s.prune = func(ctx context.Context, x webhooks.PruneRequest) (int, error) {
			f(&x)
			return s.Store.Prune(ctx, x)
		}
	}
}

// forgetting makes a method work outside the transaction, so that its effects outlive a rollback.
func forgetting(f func(s *broken)) func(s *broken) {
	return func(s *broken) {
		s.inTx = func(ctx context.Context, do func(ctx context.Context) error) error { return do(ctx) }
		f(s)
	}
}

// counting changes the hours that are counted.
func counting(f func(hours []webhooks.Hour) []webhooks.Hour) func(s *broken) {
	return func(s *broken) {
		s.hours = func(ctx context.Context, endpointID string, n int) ([]webhooks.Hour, error) {
			hours, err := s.Store.Hours(ctx, endpointID, n)
			return f(hours), err
		}
	}
}

var brokenLooks = []fault{
	{"leaves out hours without a delivery", counting(func(hours []webhooks.Hour) []webhooks.Hour {
		return slices.DeleteFunc(hours, func(h webhooks.Hour) bool { return h.Delivered+h.Failed+h.Skipped == 0 })
	}), "deliveries/by the hour", "every hour is there"},
	{"counts the newest hour first", counting(func(hours []webhooks.Hour) []webhooks.Hour {
		slices.Reverse(hours)
		return hours
	}), "deliveries/by the hour", "one after the other"},
	{"counts what was skipped as failed", counting(func(hours []webhooks.Hour) []webhooks.Hour {
		for i := range hours {
			hours[i].Failed, hours[i].Skipped = hours[i].Failed+hours[i].Skipped, 0
		}
		return hours
	}), "deliveries/by the hour", "by its state"},
	{"counts the deliveries of all endpoints", func(s *broken) {
		s.hours = func(ctx context.Context, endpointID string, n int) ([]webhooks.Hour, error) {
			hours, err := s.Store.Hours(ctx, endpointID, n)
			all, _, _ := s.Store.ListEndpoints(ctx, 10, 0)
			for _, e := range all {
				if e.ID == endpointID || err != nil {
					continue
				}
				others, _ := s.Store.Hours(ctx, e.ID, n)
				for i := range others {
					hours[i].Delivered += others[i].Delivered
				}
			}
			return hours, err
		}
	}, "deliveries/by the hour", "by its state"},
	{"lists the oldest first", func(s *broken) {
		s.list = func(ctx context.Context, q webhooks.DeliveryQuery) ([]webhooks.Delivery, error) {
			all, err := s.Store.ListDeliveries(ctx, q)
			slices.Reverse(all)
			return all, err
		}
	}, "deliveries/list, newest first", "newest first"},
	{"doesn't look at the import", func(s *broken) {
		s.list = func(ctx context.Context, q webhooks.DeliveryQuery) ([]webhooks.Delivery, error) {
			q.ImportID = ""
			return s.Store.ListDeliveries(ctx, q)
		}
	}, "deliveries/list, newest first", "finds what matches"},
	{"gives the first page again", func(s *broken) {
		s.list = func(ctx context.Context, q webhooks.DeliveryQuery) ([]webhooks.Delivery, error) {
			q.Before = 0
			return s.Store.ListDeliveries(ctx, q)
		}
	}, "deliveries/list, newest first", "finds what matches"},
	{"answers any query", func(s *broken) {
		s.list = func(ctx context.Context, q webhooks.DeliveryQuery) ([]webhooks.Delivery, error) {
			q.Limit, q.Before = min(max(q.Limit, 0), 1_000), max(q.Before, 0)
			return s.Store.ListDeliveries(ctx, q)
		}
	}, "deliveries/bad queries", "out of bounds is refused"},
	{"lists for anybody", func(s *broken) {
		s.list = func(ctx context.Context, q webhooks.DeliveryQuery) ([]webhooks.Delivery, error) {
			all, err := s.Store.ListDeliveries(ctx, q)
			if errors.Is(err, webhooks.ErrNotFound) {
				err = nil
			}
			return all, err
		}
	}, "deliveries/bad queries", "an endpoint that isn't there"},
	{"counts what nobody sends", func(s *broken) {
		s.backlog = func(ctx context.Context) (webhooks.Backlog, error) {
			b, err := s.Store.Backlog(ctx)
			b.Due[webhooks.Bulk] = max(1, b.Due[webhooks.Bulk])
			return b, err
		}
	}, "deliveries/backlog", "an empty store has no backlog"},
	{"counts what is claimed out", func(s *broken) {
		s.backlog = func(ctx context.Context) (webhooks.Backlog, error) {
			b, err := s.Store.Backlog(ctx)
			b.Due[webhooks.Urgent] = 0
			return b, err
		}
	}, "deliveries/backlog", "what is claimed too"},

	{"sends again much later", func(s *broken) {
		s.resend = func(ctx context.Context, id int64) (webhooks.Delivery, error) {
			d, err := s.Store.Resend(ctx, id)
			d.NotBefore = d.NotBefore.Add(time.Hour)
			return d, err
		}
	}, "resend/resend", "is due now"},
	{"goes on with the old schedule", func(s *broken) {
		s.resend = func(ctx context.Context, id int64) (webhooks.Delivery, error) {
			d, err := s.Store.Resend(ctx, id)
			d.Earlier = 0
			return d, err
		}
	}, "resend/resend", "begins the schedule anew"},
	{"sends what is being sent", func(s *broken) {
		s.resend = func(ctx context.Context, id int64) (webhooks.Delivery, error) {
			d, err := s.Store.Resend(ctx, id)
			d.Earlier++
			return d, err
		}
	}, "resend/resend of what is claimed", "what is claimed is returned as it is"},
	{"counts attempts anew", eachWork(func(w *webhooks.Work) { w.Delivery.Attempts, w.Delivery.Earlier = 0, 0 }),
		"resend/a new schedule", "attempts are counted on"},
	{"takes results from before", func(s *broken) {
		s.finish = func(ctx context.Context, results []webhooks.Result) (int, error) {
			_, err := s.Store.Finish(ctx, results)
			return len(results), err
		}
	}, "resend/a result from before counts for nothing", "results count while their claim holds"},
	{"sends to what is off", func(s *broken) {
		s.resend = func(ctx context.Context, id int64) (webhooks.Delivery, error) {
			d, err := s.Store.Resend(ctx, id)
			if errors.Is(err, webhooks.ErrOff) {
				err = nil
			}
			return d, err
		}
	}, "resend/not to an endpoint that is off", "Resend gives ErrOff"},
	{"replays everything", replaying(func(step *webhooks.ReplayStep) {
		step.States = []webhooks.DeliveryState{webhooks.Failed, webhooks.Skipped, webhooks.Delivered}
	}), "resend/replay by state", "what is in one of the states"},
	{"doesn't look at the time", replaying(func(step *webhooks.ReplayStep) { step.Since = time.Time{} }),
		"resend/replay since a time, in steps", "step"},
	{"replays in one step", replaying(func(step *webhooks.ReplayStep) { step.Limit = 10_000 }),
		"resend/replay since a time, in steps", "looks at Limit deliveries"},
	{"replays what is claimed", func(s *broken) {
		s.replay = func(ctx context.Context, step webhooks.ReplayStep) (int, int64, error) {
			n, last, err := s.Store.Replay(ctx, step)
			return n + 1, last, err
		}
	}, "resend/replay leaves out what is claimed", "what is claimed isn't replayed"},
	{"lets retries wait", replaying(func(step *webhooks.ReplayStep) {
		step.States = slices.DeleteFunc(slices.Clone(step.States),
			func(s webhooks.DeliveryState) bool { return s == webhooks.Pending })
		if len(step.States) == 0 {
			step.States = []webhooks.DeliveryState{"none"}
		}
	}), "resend/replay brings forward what waits", "is brought forward and counted"},
	{"brings forward what is due", func(s *broken) {
		s.replay = func(ctx context.Context, step webhooks.ReplayStep) (int, int64, error) {
			n, last, err := s.Store.Replay(ctx, step)
			return max(n, 1), last, err
		}
	}, "resend/replay brings forward what waits", "what is due needs no bringing forward"},
	{"counts what waits in every step", func(s *broken) {
		s.replay = func(ctx context.Context, step webhooks.ReplayStep) (int, int64, error) {
			n, last, err := s.Store.Replay(ctx, step)
			if step.After > 0 {
				n++
			}
			return n, last, err
		}
	}, "resend/replay of what waits and of what has ended, in steps", "each is counted once"},
	{"replays any step", replaying(func(step *webhooks.ReplayStep) { step.Limit = min(max(step.Limit, 1), 10_000) }),
		"resend/bad replays", "out of bounds is refused"},

	{"has one time for all", pruning(func(x *webhooks.PruneRequest) { x.OthersBefore = x.DeliveredBefore }), "prune/by state and age",
		"by one time"},
	{"keeps everything", func(s *broken) {
		s.prune = func(context.Context, webhooks.PruneRequest) (int, error) { return 0, nil }
	}, "prune/by state and age", "by one time"},
	{"looks at the event's time", func(s *broken) {
		s.prune = func(ctx context.Context, x webhooks.PruneRequest) (int, error) {
			all, _ := s.Store.ListDeliveries(ctx,
				webhooks.DeliveryQuery{States: []webhooks.DeliveryState{webhooks.Delivered}})
			for _, d := range all {
				if d.CreatedAt.Before(x.DeliveredBefore) {
					return s.Store.Prune(ctx, webhooks.PruneRequest{DeliveredBefore: time.Now().Add(time.Hour), Limit: x.Limit})
				}
			}
			return s.Store.Prune(ctx, x)
		}
	}, "prune/the time is that of its end", "delivered just now stays"},
	{"keeps what waits for ever", func(s *broken) {
		s.prune = func(ctx context.Context, x webhooks.PruneRequest) (int, error) {
			all, _ := s.Store.ListDeliveries(ctx,
				webhooks.DeliveryQuery{States: []webhooks.DeliveryState{webhooks.Pending}})
			if len(all) > 0 {
				return 0, nil
			}
			return s.Store.Prune(ctx, x)
		}
	}, "prune/what waits for an endpoint that is off", "for an endpoint that is off goes too"},
	{"removes everything at once", pruning(func(x *webhooks.PruneRequest) { x.Limit = 100_000 }), "prune/at most so many",
		"at most Limit deliveries"},
	{"removes events that others need", reading(func(r *webhooks.Record) { r.Event.Data = nil }),
		"prune/an event stays for the others", "an event stays while a delivery is left"},
	{"keeps numbers for ever", pruning(func(x *webhooks.PruneRequest) { x.OthersBefore = time.Unix(0, 0) }),
		"prune/numbers of imports", "numbers that were given long ago go"},
	{"forgets numbers", func(s *broken) {
		s.numbers = func(context.Context, string) (map[string]int64, error) { return nil, nil }
	}, "prune/numbers of imports", "numbers that were given lately stay"},

	{"commits what is rolled back", forgetting(func(*broken) {}), "transaction/everything joins it",
		"CreateEndpoint is rolled back"},
	{"appends outside of the transaction", func(s *broken) {
		var late []webhooks.Event
		s.append = func(ctx context.Context, events []webhooks.Event) (int, error) {
			n, err := s.Store.Append(ctx, events)
			late = slices.Clone(events)
			return n, err
		}
		inTx := s.inTx
		s.inTx = func(ctx context.Context, f func(ctx context.Context) error) error {
			err := inTx(ctx, f)
			if late != nil {
				_, _ = s.Store.Append(ctx, late)
				late = nil
			}
			return err
		}
	}, "transaction/everything joins it", "deliveries"},
	{"doesn't look at the context", func(s *broken) {
		s.append = func(ctx context.Context, events []webhooks.Event) (int, error) {
			return s.Store.Append(context.WithoutCancel(ctx), events)
		}
	}, "transaction/an ended context changes nothing", "Append returns the context's error"},
}
