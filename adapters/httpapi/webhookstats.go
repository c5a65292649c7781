package httpapi

import (
	"net/http"
	"time"
)

// WebhookStats is the handler of GET /webhooks/{id}/stats, which counts an endpoint's deliveries by the hour.
func (a *API) WebhookStats() http.Handler {
	return resource{webhookStatsPath, methods{http.MethodGet: a.hook(a.getWebhookStats)}}
}

// endedView counts deliveries that ended.
type endedView struct {
	Delivered int64 `json:"delivered"`
	Failed    int64 `json:"failed"`
	Skipped   int64 `json:"skipped"`
}

// hourView counts the deliveries that ended in an hour.
type hourView struct {
	Start time.Time `json:"start"`
	endedView
}

// webhookStatsView counts an endpoint's deliveries, in all and by the hour, the oldest first.
type webhookStatsView struct {
	endedView
	Hours []hourView `json:"hours"`
}

func (a *API) getWebhookStats(w http.ResponseWriter, r *http.Request) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	const byDefault, most = 24, 168
	p := readParameters(r, "hours")
	n := p.number("hours", 1, most, byDefault)
	if p.err != nil {
		return p.err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	hours, err := a.options.Webhooks.Store.Hours(ctx, id, n)
	if err != nil {
		return err
	}
	view := webhookStatsView{Hours: make([]hourView, len(hours))}
	for i, h := range hours {
		view.Hours[i] = hourView{h.Start, endedView{h.Delivered, h.Failed, h.Skipped}}
		view.Delivered, view.Failed, view.Skipped = view.Delivered+h.Delivered, view.Failed+h.Failed,
			view.Skipped+h.Skipped
	}
	writeJSON(w, http.StatusOK, "application/json", &view)
	return nil
}
