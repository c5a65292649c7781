package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

const (
	// feedLimit is how many events a page of the feed has at most, unless the request says.
	feedLimit = 100
	// feedWait is how long a request may wait for events, in seconds.
	feedWait = 60
	// feedNow is the cursor of what will happen.
	feedNow = "now"
)

// Feed is the handler of GET /changes, all events in their order for those who fetch them, with the IDs and in the form
// of webhooks' bodies. A request may wait for events.
func (a *API) Feed() http.Handler {
	return resource{feedPath, methods{http.MethodGet: a.hook(a.getFeed)}}
}

// subscriptions returns the values of a parameter that may come several times and have several of them, separated by
// commas. Each is one that an endpoint may have.
func (p *parameters) subscriptions(name string) (all []string) {
	for _, text := range p.texts(name) {
		for one := range strings.SplitSeq(text, ",") {
			one = strings.TrimSpace(one)
			if !webhooks.IsSubscription(one) {
				p.fail(name, codeValue, fmt.Sprintf("%s: there is no event %q: want some of %s, or product.*, import.*, *",
					name, products.Shorten(one), strings.Join(webhooks.Types(), ", ")))
			}
			all = append(all, one)
		}
	}
	return all
}

// feedCursor returns the cursor of the parameter, or that it is feedNow.
func (p *parameters) feedCursor(name string) (c webhooks.Cursor, now bool) {
	text := p.text(name)
	if text == feedNow {
		return c, true
	}
	c, err := webhooks.ParseCursor(text)
	if err != nil {
		p.fail(name, codeValue, fmt.Sprintf("%s must be the next of an earlier answer, %s, or empty for the oldest event",
			name, feedNow))
	}
	return c, false
}

func (a *API) getFeed(w http.ResponseWriter, r *http.Request) error {
	p := readParameters(r, "after", "types...", "limit", "wait")
	query := webhooks.FeedQuery{Types: p.subscriptions("types"),
		Limit: p.number("limit", 1, webhooks.MaxFeedEvents, feedLimit)}
	wait := time.Duration(p.number("wait", 0, feedWait, 0)) * time.Second
	after, now := p.feedCursor("after")
	if p.err != nil {
		return p.err
	}
	if r.Method == http.MethodHead {
		wait = 0
	}
	if query.After = after; now {
		ctx, cancel := withTimeout(r, requestTime)
		defer cancel()
		ends, err := a.options.Webhooks.Store.FeedEnds(ctx)
		if err != nil {
			return err
		}
		query.After = ends.Newest
	}
	waiting, stop := context.WithTimeout(r.Context(), wait)
	defer stop()
	defer context.AfterFunc(a.polling, stop)()
	for entered := false; ; {
		extendDeadline(w, requestTime+writeTime)
		end, err := a.readFeed(w, r, query, waiting.Err() == nil)
		if err != nil || end == nil {
			return err
		}
		query.After = *end
		if !entered {
			leave, err := a.enterStream()
			if err != nil {
				return err
			}
			defer leave()
			entered = true
		}
		extendDeadline(w, requestTime+wait+writeTime)
		// Where it fails the time is over, and the answer is that there was nothing.
		_ = a.options.Webhooks.Service.AwaitFeed(waiting, query.After)
	}
}

// readFeed answers with the next page. Where the feed is at its end, and the request can wait, it returns that instead.
func (a *API) readFeed(w http.ResponseWriter, r *http.Request, query webhooks.FeedQuery,
	wait bool) (end *webhooks.Cursor, err error) {
	ctx, h, err := a.startRead(r)
	if err != nil {
		return nil, err
	}
	defer h.release()
	page, err := a.options.Webhooks.Store.ReadFeed(ctx, query)
	if err != nil {
		return nil, a.feedProblem(ctx, err)
	}
	if len(page.Events) == 0 && !page.More && wait {
		return &page.Next, nil
	}
	body := []byte(`{"events":[`)
	for i := range page.Events {
		if i > 0 {
			body = append(body, ",\n"...)
		}
		body = page.Events[i].AppendBody(body)
		page.Events[i].Data = nil
	}
	body = append(body, `],"next":`...)
	body = webhooks.AppendJSONString(body, page.Next.String())
	body = strconv.AppendBool(append(body, `,"more":`...), page.More)
	body = append(body, "}\n"...)
	if err := h.keep(ctx, len(body)); err != nil {
		return nil, err
	}
	extendDeadline(w, writeTime)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // it fails where the client has gone
	return nil, nil
}

// feedProblem returns the problem of a feed that can't be read, which says how to go on.
func (a *API) feedProblem(ctx context.Context, err error) error {
	if !errors.Is(err, webhooks.ErrFeedGone) {
		return err
	}
	ends, endsErr := a.options.Webhooks.Store.FeedEnds(ctx)
	if endsErr != nil {
		return endsErr
	}
	p := newProblem(http.StatusGone, "cursor_gone", "events behind the cursor may be missing, since they are kept for "+
		ends.Keep.String()+" alone: read the whole catalogue now, by GET "+string(exportPath)+
		", and then go on with the cursor of this answer")
	p.Cursor, p.cause = ends.Newest.String(), err
	return p
}
