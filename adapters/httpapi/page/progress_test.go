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
	"github.com/chromedp/cdproto/page"
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

// clockScript gives a page a clock that the test moves: tick(ms) runs what is due meanwhile, once clock.held.
const clockScript = `window.clock = {held: false, now: 0, waits: []}; {
	const {setTimeout: wait, clearTimeout: stop} = window;
	const now = performance.now.bind(performance);
	let last = -1;
	performance.now = () => clock.held ? clock.now : now();
	window.setTimeout = (run, ms = 0, ...rest) => {
		if (!clock.held) return wait(run, ms, ...rest);
		clock.waits.push({id: last--, at: clock.now + ms, run});
		return last + 1;
	};
	window.clearTimeout = (id) => {
		if (id < 0) clock.waits = clock.waits.filter((one) => one.id !== id);
		else stop(id);
	};
	clock.hold = () => { clock.now = now(); clock.held = true; };
	clock.tick = async (ms) => {
		const end = clock.now + ms;
		for (;;) {
			const due = clock.waits.filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0];
			if (!due) break;
			clock.waits = clock.waits.filter((one) => one !== due);
			clock.now = due.at;
			due.run();
			await null;
		}
		clock.now = end;
		await null;
	};
}`

// streamScript gives a page streams of events that the test sends: send(data) sends a progress event to the newest one.
const streamScript = `window.EventSource = class extends EventTarget {
	static CLOSED = 2;
	readyState = 1;
	constructor() {
		super();
		window.send = (data) => this.dispatchEvent(new MessageEvent('progress', {data: JSON.stringify(data)}));
	}
	close() { this.readyState = 2; }
};`

// hourScript watches an import for so many minutes of the clock, with four events a second, and for each tenth minute a
// hundred. It returns how often it was drawn in the busiest second, and how often screen readers were told.
const hourScript = `async (first, minutes) => {
	const line = document.querySelector('.progress-line'), spoken = document.getElementById('announcements');
	let drawn = 0, told = 0, most = 0;
	const watch = (element, seen) => {
		const observer = new MutationObserver(seen);
		observer.observe(element, {childList: true, characterData: true, subtree: true});
		return observer;
	};
	const observers = [watch(line, () => { drawn++; }), watch(spoken, () => { told++; })];
	let events = 0;
	for (let second = first * 60; second < (first + minutes) * 60; second++) {
		const before = drawn;
		const each = Math.floor(second / 60) % 10 === 9 ? 100 : 4;
		for (let i = 0; i < each; i++) {
			send({id: 'x', state: 'PROGRESS', phase: 'importing', progression: second / 36, read: ++events * 1000,
				rows_per_second: 1000 + i, eta: 3600 - second, created: events * 1000, updated: 0, unchanged: 0, skipped: 0,
				superseded: 0, rejected: second, waiting: null});
			await clock.tick(1000 / each);
		}
		most = Math.max(most, drawn - before);
	}
	for (const observer of observers) observer.disconnect();
	return [most, told];
}`

// TestAnHourOfWatching has an import that takes an hour of the page's own clock: it is drawn at most five times in any
// second, and the page holds no more at the end than in the beginning.
func TestAnHourOfWatching(t *testing.T) {
	b := openTab(t)
	for _, script := range []string{clockScript, streamScript} {
		call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	}
	b.visit(runningJob(t, nil))
	b.sees("lamps.csv")
	b.until("window.send")
	evaluate[any](b, "clock.hold(); layoutShifts.length = 0;")
	nodes := func() int { return evaluate[int](b, "document.querySelectorAll('*').length") }
	minutes := func(first, n int) {
		t.Helper()
		got := evaluate[[]int](b, fmt.Sprintf("(%s)(%d, %d)", hourScript, first, n))
		require.LessOrEqual(t, got[0], 6, "drawings in a second, whose first one may belong to the one before")
		require.Positive(t, got[0])
		require.LessOrEqual(t, got[1], n*60/5+1, "sentences for screen readers")
	}
	minutes(0, 10)
	before, had := heap(b), nodes()
	minutes(10, 50)
	require.Less(t, heap(b)-before, 200_000.0, "bytes that stay")
	require.Equal(t, had, nodes())
	require.Empty(t, b.shifts())
}

// heap is what the page holds, once what it doesn't need is gone.
func heap(b *tab) float64 {
	b.t.Helper()
	call(b, heapprofiler.CollectGarbage, cdp.Empty{})
	return call(b, runtime.GetHeapUsage, cdp.Empty{}).UsedSize
}
