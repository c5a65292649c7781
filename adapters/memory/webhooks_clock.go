package memory

import (
	"time"

	"github.com/products-importer/products-importer/webhooks/driver"
)

// watchClock puts right what is stored where the clock was set back, so that nothing waits until it has caught up. It
// stays so when the transaction is rolled back.
func (w *Webhooks) watchClock(at time.Time) {
	back := at.Before(w.latest.Add(-time.Second))
	if back || at.After(w.latest) {
		w.latest = at
	}
	if !back {
		return
	}
	end := at.Add(driver.MaxLease)
	for _, r := range w.endpoints {
		driver.RewindEndpoint(&r.Endpoint, at)
		for _, c := range r.claims {
			if c.until.After(end) {
				c.until = end
			}
		}
	}
	for _, d := range w.deliveries {
		late := d.claim != "" && d.until.After(end)
		if late {
			d.until = end
		}
		if driver.RewindDelivery(&d.Delivery, at) || late {
			d.enqueue()
		}
	}
}
