//go:build !nopage

package page_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/runtime"
	"github.com/stretchr/testify/require"

	pageui "github.com/products-importer/products-importer/adapters/httpapi/page"
)

// runningJob is an API with one import, whose events the test sends.
func runningJob(t testing.TB, events <-chan int) string {
	status := func(n int) string {
		state := "PROGRESS"
		if n < 0 {
			state = "SUCCESS"
		}
		return fmt.Sprintf(`{"id":"x","task_id":"x","state":%q,"phase":"importing","progression":%d,"revision":1,
			"read":%d,"created":%d,"updated":0,"unchanged":0,"skipped":0,"superseded":0,"rejected":0,
			"rows_per_second":%d,"eta":%d,"seconds":%d,"error":null,"waiting":null,"file_name":"lamps.csv","settings":{},
			"created_at":"2026-11-28T10:00:00Z"}`, state, n%100, n, n, n, n, n)
	}
	var ended atomic.Bool
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/imports/x":
			w.Header().Set("Content-Type", "application/json")
			n := 0
			if ended.Load() {
				n = -1
			}
			_, _ = fmt.Fprint(w, status(n))
		case "/imports/x/events":
			w.Header().Set("Content-Type", "text/event-stream")
			for n := range events {
				frame := []byte("event: progress\ndata: " + oneLine(status(n)) + "\n\n")
				if _, err := w.Write(frame); err != nil {
					return
				}
				_ = http.NewResponseController(w).Flush() // the next write says so
			}
			ended.Store(true)
			_, _ = fmt.Fprint(w, "event: done\ndata: "+oneLine(status(-1))+"\n\n")
		default:
			http.NotFound(w, r)
		}
	})
	files, err := pageui.New(pageui.Options{})
	require.NoError(t, err)
	server := httptest.NewServer(files.Beside(api))
	t.Cleanup(server.Close)
	return server.URL + "/#/import/jobs/x"
}

// oneLine returns JSON as a frame of a stream has it.
func oneLine(text string) string {
	line := make([]rune, 0, len(text))
	for _, c := range text {
		if c != '\n' && c != '\t' {
			line = append(line, c)
		}
	}
	return string(line)
}

// TestProgress sends very many events: what they show is drawn at most five times a second, screen readers are told at
// most one sentence in five, nothing moves, and no memory stays behind.
func TestProgress(t *testing.T) {
	events := make(chan int)
	b := openTab(t)
	b.visit(runningJob(t, events))
	b.sees("lamps.csv")
	send := func(from, to int) {
		for n := from; n < to; n++ {
			events <- n
		}
		b.until("document.querySelector('.progress-line').textContent.includes(" +
			quote(strconv.Itoa((to-1)/1000)+","+fmt.Sprintf("%03d", (to-1)%1000)+" records") + ")")
	}
	evaluate[any](b, `window.drawn = 0; window.spoken = 0; layoutShifts.length = 0;
		new MutationObserver(() => { window.drawn++; }).observe(document.querySelector('.progress-line'),
			{childList: true, characterData: true, subtree: true});
		new MutationObserver(() => { window.spoken++; }).observe(document.getElementById('announcements'),
			{childList: true, characterData: true, subtree: true});`)
	begun := time.Now()
	send(1000, 3000)
	before := heap(b)
	send(3000, 9000)
	grown := heap(b) - before
	seconds := time.Since(begun).Seconds()
	require.LessOrEqual(t, evaluate[float64](b, "drawn"), 5*seconds+2)
	require.LessOrEqual(t, evaluate[float64](b, "spoken"), seconds/5+2)
	require.Empty(t, b.shifts())
	// 6,000 events of 400 bytes are 2.4 MB.
	require.Less(t, grown, 600_000.0, "bytes that stay")
	b.audits("progress")
	close(events)
	b.sees("Imported")
}

// heap is what the page holds, once what it doesn't need is gone.
func heap(b *tab) float64 {
	b.t.Helper()
	call(b, heapprofiler.CollectGarbage, cdp.Empty{})
	return call(b, runtime.GetHeapUsage, cdp.Empty{}).UsedSize
}
