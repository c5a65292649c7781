package storetest_test

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/products-importer/products-importer/webhooks"
)

// feeding changes what ReadFeed is asked and what it returns.
func feeding(before func(q *webhooks.FeedQuery), after func(p *webhooks.FeedPage)) func(s *broken) {
	return func(s *broken) {
		s.readFeed = func(ctx context.Context, q webhooks.FeedQuery) (webhooks.FeedPage, error) {
			if before != nil {
				before(&q)
			}
			p, err := s.Store.ReadFeed(ctx, q)
			if after != nil && err == nil {
				after(&p)
			}
			return p, err
		}
	}
}

// loose is a store whose Append doesn't wait for open transactions: it looks into the feed of others' transactions as a
// store does that gives places before they are committed.
type loose struct {
	mu     sync.Mutex
	events []webhooks.Event // by their places, which are counted from 1
	seen   []bool           // committed ones
}

// place gives an event the next place.
func (l *loose) place(e webhooks.Event) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events, l.seen = append(l.events, e), append(l.seen, false)
	return len(l.events)
}

// spoil has the store's feed read whatever is committed behind the cursor.
func (l *loose) spoil(s *broken) {
	type open struct{}
	s.inTx = func(ctx context.Context, f func(ctx context.Context) error) error {
		var mine []int
		err := f(context.WithValue(ctx, open{}, &mine))
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, place := range mine {
			l.seen[place-1] = err == nil
		}
		return err
	}
	s.append = func(ctx context.Context, events []webhooks.Event) (int, error) {
		for i := range events {
			events[i].Init(time.Now())
			place := l.place(events[i])
			if mine, is := ctx.Value(open{}).(*[]int); is {
				*mine = append(*mine, place)
				continue
			}
			l.mu.Lock()
			l.seen[place-1] = true
			l.mu.Unlock()
		}
		return len(events), nil
	}
	s.readFeed = func(_ context.Context, q webhooks.FeedQuery) (webhooks.FeedPage, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		p := webhooks.FeedPage{Next: q.After}
		for i := int(q.After.Place); i < len(l.events); i++ {
			if len(p.Events) == q.Limit {
				p.More = true
				break
			}
			if l.seen[i] {
				p.Events = append(p.Events, l.events[i])
				p.Next.Place = int64(i + 1)
			}
		}
		return p, nil
	}
	s.feedEnds = func(context.Context) (webhooks.FeedEnds, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		return webhooks.FeedEnds{Newest: webhooks.Cursor{Place: int64(len(l.events))}}, nil
	}
}

var brokenFeeds = []fault{
	{"keeps a feed unasked", func(s *broken) {
		s.readFeed = func(ctx context.Context, q webhooks.FeedQuery) (webhooks.FeedPage, error) {
			_, _ = s.Store.KeepFeed(ctx, time.Hour)
			return s.Store.ReadFeed(ctx, q)
		}
	}, "feed/none unless it is kept", "no feed is read where none is kept"},
	{"doesn't listen for the feed", func(s *broken) {
		s.listening = func(context.Context, bool, ...string) ([]string, error) { return nil, nil }
	}, "feed/none unless it is kept", "somebody listens to everything"},
	{"forgets the feed's retention", func(s *broken) {
		s.keepFeed = func(ctx context.Context, keep time.Duration) (time.Duration, error) {
			if keep > 0 {
				keep = max(keep, webhooks.MinFeed)
			}
			return s.Store.KeepFeed(ctx, keep)
		}
	}, "feed/none unless it is kept", "a feed can't keep events for"},
	{"gives the feed no numbers", feeding(nil, func(p *webhooks.FeedPage) {
		for i := range p.Events {
			p.Events[i].Number = 0
		}
	}), "feed/each event, as the endpoints get it", "is the one that endpoints get"},
	{"keeps no single changes", feeding(nil, func(p *webhooks.FeedPage) {
		p.Events = slices.DeleteFunc(p.Events, func(e webhooks.Event) bool { return e.ImportID == "" })
	}), "feed/each event, as the endpoints get it", "the feed has every event, once, in the order"},
	{"pages the feed by one less", feeding(func(q *webhooks.FeedQuery) { q.Limit = max(1, q.Limit-1) }, nil),
		"feed/pages", "as many events as its limit"},
	{"says always more", feeding(nil, func(p *webhooks.FeedPage) { p.More = true }), "feed/pages",
		"there are no more"},
	{"goes back to the beginning at the end", feeding(nil, func(p *webhooks.FeedPage) {
		if len(p.Events) == 0 {
			p.Next = webhooks.Cursor{}
		}
	}), "feed/pages", "stays where it is"},
	{"takes types for themselves alone", feeding(func(q *webhooks.FeedQuery) {
		q.Types = slices.DeleteFunc(slices.Clone(q.Types), func(t string) bool { return t == "product.*" })
	}, nil), "feed/types", "events of the types"},
	{"doesn't look far for types", func(s *broken) {
		s.readFeed = func(ctx context.Context, q webhooks.FeedQuery) (webhooks.FeedPage, error) {
			p, err := s.Store.ReadFeed(ctx, q)
			p.More = p.More && len(p.Events) > 0
			return p, err
		}
	}, "feed/types", "far behind others"},
	{"takes any cursor", feeding(func(q *webhooks.FeedQuery) {
		if q.After.Place > 1_000 {
			q.After.Place -= 1_000_000
		}
	}, nil), "feed/cursors", "a cursor beyond the end"},
	{"takes cursors of other feeds", func(s *broken) {
		s.readFeed = func(ctx context.Context, q webhooks.FeedQuery) (webhooks.FeedPage, error) {
			if ends, err := s.Store.FeedEnds(ctx); err == nil && q.After.Feed != 0 {
				q.After.Feed = ends.Newest.Feed
			}
			return s.Store.ReadFeed(ctx, q)
		}
	}, "feed/cursors", "a cursor of another feed"},
	{"ends too early", func(s *broken) {
		s.feedEnds = func(ctx context.Context) (webhooks.FeedEnds, error) {
			ends, err := s.Store.FeedEnds(ctx)
			ends.Newest = ends.Oldest
			return ends, err
		}
	}, "feed/cursors", "behind Newest comes what is new"},
	{"shows what was rolled back", func(s *broken) {
		s.inTx = func(ctx context.Context, f func(ctx context.Context) error) error { return f(ctx) }
	}, "feed/what is rolled back is never there", "are never seen"},
	{"passes by what commits late", func(s *broken) { new(loose).spoil(s) }, "feed/one that commits late",
		"is never passed by"},
	{"loses events between writers", func(s *broken) {
		n := 0
		feeding(nil, func(p *webhooks.FeedPage) {
			if n++; len(p.Events) > 1 && n%2 == 0 {
				p.Events = p.Events[1:]
			}
		})(s)
	}, "feed/readers beside writers", "a reader beside writers gets every event"},
	{"repeats events", func(s *broken) {
		feeding(nil, func(p *webhooks.FeedPage) {
			if n := len(p.Events); n > 1 {
				p.Events[n-1] = p.Events[0]
			}
		})(s)
	}, "feed/readers beside writers", "no event twice"},
	{"switches on past what is open", func(s *broken) {
		s.keepFeed = func(context.Context, time.Duration) (time.Duration, error) { return 0, nil }
		s.readFeed = func(context.Context, webhooks.FeedQuery) (webhooks.FeedPage, error) {
			return webhooks.FeedPage{}, nil
		}
	}, "feed/what is open while it is switched on", "has its events in the feed"},
	{"never clears the feed", func(s *broken) {
		s.prune = func(ctx context.Context, x webhooks.PruneRequest) (int, error) {
			if x.DeliveredBefore.Unix() == 0 {
				return 0, nil
			}
			return s.Store.Prune(ctx, x)
		}
	}, "feed/what is kept for long enough goes", "at most Limit places are removed"},
	{"goes on behind what was removed", func(s *broken) {
		s.readFeed = func(ctx context.Context, q webhooks.FeedQuery) (webhooks.FeedPage, error) {
			if ends, err := s.Store.FeedEnds(ctx); err == nil && q.After.Feed == ends.Oldest.Feed {
				q.After.Place = max(q.After.Place, ends.Oldest.Place)
			}
			return s.Store.ReadFeed(ctx, q)
		}
	}, "feed/what is kept for long enough goes", "a cursor behind which events were removed"},
	{"goes on after it was switched off", func(s *broken) {
		s.keepFeed = func(ctx context.Context, keep time.Duration) (time.Duration, error) {
			if keep == 0 {
				return time.Hour, nil
			}
			return s.Store.KeepFeed(ctx, keep)
		}
	}, "feed/switched off and on", "a feed that is switched off takes no events"},
	{"wakes nobody for the feed", func(s *broken) {
		s.wake = func(context.Context) <-chan struct{} { return make(chan struct{}) }
	}, "feed/wakes those who wait", "what comes into the feed wakes"},
}
