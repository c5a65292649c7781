//go:build !nopage

package page_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	pageui "github.com/products-importer/products-importer/adapters/httpapi/page"
)

// rejecting is an API with imports that have ended, each named by how many of its records were not taken, and how many
// products it changed. The report of one
// that is called broken breaks off once seen is closed.
func rejecting(t testing.TB, seen <-chan struct{}) (address string) {
	t.Helper()
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, changes := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/imports/"), "/changes")
		id, report := strings.CutSuffix(id, "/rejects.csv")
		n, err := strconv.Atoi(strings.TrimPrefix(id, "broken"))
		switch {
		case err != nil:
			http.NotFound(w, r)
		case changes:
			changePages(w, r, n)
		case report:
			w.Header().Set("Content-Type", "text/csv; charset=utf-8")
			_, _ = io.WriteString(w, rejects(n))
			if strings.HasPrefix(id, "broken") {
				_ = http.NewResponseController(w).Flush()
				<-seen
				panic(http.ErrAbortHandler)
			}
		default:
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"id":%q,"state":"SUCCESS","progression":100,"read":%d,"created":0,"updated":%d,"unchanged":0,"skipped":0,
				"superseded":0,"rejected":%d,"seconds":1,"file_name":"lamps.csv","created_at":"2026-11-28T10:00:00Z",
				"settings":{"changes":"all"}}`, id, 2*n, n, n)
		}
	})
	files, err := pageui.New(pageui.Options{})
	require.NoError(t, err)
	server := httptest.NewServer(files.Beside(api))
	t.Cleanup(server.Close)
	return server.URL + "/#/import/jobs/"
}

// changePages answers for an import that changed n products, page by page.
func changePages(w http.ResponseWriter, r *http.Request, n int) {
	from, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	next := "null"
	if to := from + limit; to < n {
		next = fmt.Sprintf(`"http://%s%s?cursor=%d"`, r.Host, r.URL.Path, to)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"next":%s,"results":[`, next)
	for i := from; i < min(from+limit, n); i++ {
		if i > from {
			_, _ = io.WriteString(w, ",")
		}
		_, _ = fmt.Fprintf(w, `{"kind":"updated","sku":"LX-%d","fields":{"name":{"before":"Floor\n\"lamp\"","after":"Lamp %d"},
			"price":{"before":"10.00","after":null}},"attributes":{"Colour":{"before":null,"after":"green"}}}`, i, i)
	}
	_, _ = io.WriteString(w, "]}")
}

// rejects is the report of n records.
func rejects(n int) string {
	var b strings.Builder
	b.WriteString("sku,name,price,_line,_column,_code,_reason\n")
	for i := range n {
		fmt.Fprintf(&b, "LX-%d,\"Floor lamp, green\nwith \"\"shade\"\"\",on request,%d,price,number,"+
			"\"price must be a number, not \"\"on request\"\"\"\n", i, i+2)
	}
	return b.String()
}

// openList opens the list of what an import did not take, or changed, and waits until all of it is there.
func (b *tab) openList(address string, n int, of string) {
	b.t.Helper()
	b.visit("about:blank")
	b.visit(address + strconv.Itoa(n))
	b.control("button", "Show what is "+of)
	evaluate[any](b, gapsScript)
	b.click("button", "Show what is "+of)
	b.until(fmt.Sprintf(`document.querySelector('[role=grid]').ariaRowCount === '%d' &&
		document.querySelector('dialog [role=status]').textContent === ''`, n+1))
}

// gapsScript notes the longest time between two frames, and what it takes to read all of a report at once.
const gapsScript = `window.longest = 0; window.nodes = 0; {
	let last = performance.now();
	const look = (now) => {
		window.longest = Math.max(window.longest, now - last);
		window.nodes = Math.max(window.nodes, document.querySelectorAll('*').length);
		last = now;
		requestAnimationFrame(look);
	};
	requestAnimationFrame(look);
	window.atOnce = async (url) => {
		const { parseRecords } = await import('/page/csv.js');
		const text = await (await fetch(url)).text();
		const begun = performance.now();
		parseRecords(text);
		return performance.now() - begun;
	};
	// scrollThrough jumps through the list, and returns the longest time until the rows of a place are there.
	window.scrollThrough = async (steps) => {
		const list = document.querySelector('.windowed');
		const tall = list.querySelector('tbody:not(.pad) tr').offsetHeight;
		let longest = 0;
		for (let i = 0; i <= steps; i++) {
			const begun = performance.now();
			list.scrollTop = (list.scrollHeight - list.clientHeight) * i / steps;
			const row = '[data-row="' + Math.floor(list.scrollTop / tall) + '"]';
			do await new Promise(requestAnimationFrame); while (!list.querySelector(row));
			longest = Math.max(longest, performance.now() - begun);
		}
		return longest;
	};
}`

// TestManyRejects scrolls through 100,000 records: no place of the list takes much longer than in a list of 2,000, and the
// document is as small. While they come, the page never rests as long as it takes to read them at once.
func TestManyRejects(t *testing.T) {
	const few, many = 2_000, 100_000
	address := rejecting(t, nil)
	b := openTab(t)
	b.openList(address, many, "not taken")
	coming := evaluate[float64](b, "longest")
	atOnce := evaluate[float64](b, fmt.Sprintf("atOnce('/imports/%d/rejects.csv')", many))
	t.Logf("while 100,000 rows came, the longest time between two frames was %.0f ms; read at once they take %.0f ms",
		coming, atOnce)
	require.Less(t, coming, atOnce)

	b.scrollsAlike(address, "not taken", few, many)
	before := heap(b)
	evaluate[any](b, "scrollThrough(60)")
	require.Less(t, heap(b)-before, 300_000.0, "bytes that stay")
	require.Less(t, heap(b), 10_000_000.0, "bytes, of a report that has 11 million characters")
}

// TestManyChanges scrolls through 100,000 changes, which come in pages, as through rejects.
func TestManyChanges(t *testing.T) {
	address := rejecting(t, nil)
	b := openTab(t)
	b.scrollsAlike(address, "changed", 2_000, 100_000)
	require.Contains(t, evaluate[string](b, `document.querySelector('[data-row="99999"]').innerText.replace(/\s+/g, ' ')`),
		`LX-99999 Name Floor "lamp" → Lamp 99999; Price 10.00 → nothing; Colour nothing → green`)
	require.Less(t, heap(b), 10_000_000.0, "bytes")
}

// scrollsAlike scrolls through a list of few and of many rows, in turns, and again where the machine may have rested: no
// jump through many takes much longer than the longest one through few. What is slow is so each time.
func (b *tab) scrollsAlike(address, of string, few, many int) {
	b.t.Helper()
	const steps, rounds = 40, 5
	t := b.t
	alike := func(longest map[int]float64) bool { return longest[many] < 2.5*longest[few] }
	best, nodes := map[int]float64{}, map[int]int{}
	for round := 0; round == 0 || round < rounds && !alike(best); round++ {
		for _, n := range []int{few, many} {
			b.openList(address, n, of)
			longest := evaluate[float64](b, fmt.Sprintf("scrollThrough(%d)", steps))
			if best[n] == 0 || longest < best[n] {
				best[n] = longest
			}
			nodes[n] = evaluate[int](b, "nodes")
		}
	}
	t.Logf("the longest of %d jumps: %.0f ms with %d rows, %.0f ms with %d", steps, best[few], few, best[many], many)
	require.True(t, alike(best))
	require.InDelta(t, nodes[few], nodes[many], 100)
	require.Less(t, nodes[many], 1_000)
}

// TestRejectList leads through a list by the keyboard alone, opens a record and comes back.
func TestRejectList(t *testing.T) {
	address := rejecting(t, nil)
	b := openTab(t)
	b.openList(address, 5_000, "not taken")
	b.audits("a list")
	b.walk("grid", "Not taken")
	active := func() string {
		return evaluate[string](b, `(document.getElementById(document.activeElement.getAttribute('aria-activedescendant')))
			.innerText.replace(/\s+/g, ' ')`)
	}
	require.Contains(t, active(), `2 price on request Price must be a number, not "on request". LX-0, Floor lamp, green`)
	b.press("ArrowDown", "ArrowDown")
	require.Contains(t, active(), "LX-2,")
	b.press("End")
	b.until("document.querySelector('.active')?.ariaRowIndex === '5001'")
	require.Contains(t, active(), "LX-4999,")
	b.press("ArrowUp", "PageUp")
	b.until("document.querySelector('.active') && document.querySelector('.active').ariaRowIndex < 4999")
	b.until(`(() => {
		const row = document.querySelector('.active').getBoundingClientRect();
		const list = document.querySelector('.windowed').getBoundingClientRect();
		return row.top >= list.top && row.bottom <= list.bottom + 1;
	})()`) // it is seen
	b.press("Home", "Enter")
	b.control("heading", "Line 2")
	b.audits("a record")
	require.Equal(t, "on request", evaluate[string](b, `document.querySelector('dd.wrong').textContent`))
	b.press("Escape")
	b.until("document.querySelectorAll('dialog').length === 1")
	require.Contains(t, active(), "LX-0,", "the focus is where it was")
	b.press("End")
	b.until("document.querySelector('.active')?.ariaRowIndex === '5001'")
	b.size(375, 800)
	b.until("document.querySelector('.windowed tbody:not(.pad) tr').offsetHeight > 150")
}

// A report that breaks off says so, and what is there stays.
func TestBrokenReport(t *testing.T) {
	seen := make(chan struct{})
	b := openTab(t)
	b.visit(rejecting(t, seen) + "broken300")
	b.click("button", "Show what is not taken")
	b.until("document.querySelector('[data-row]')")
	close(seen)
	b.sees("The connection broke before the list was there.")
	b.until("document.querySelector('[data-row]')")
	b.audits("broken")
}

// TestMoreThanTall has more rows than a browser lays out below each other: each is reached all the same.
func TestMoreThanTall(t *testing.T) {
	b := openTab(t)
	b.visit(rejecting(t, nil) + "1")
	b.sees("lamps.csv")
	evaluate[any](b, `import('/page/windowed.js').then(({WindowedTable}) => {
		const rows = {length: 3_000_000, slice: async (from, to) =>
			Array.from({length: to - from}, (_, i) => ['row ' + (from + i)])};
		const list = new WindowedTable({caption: 'Rows', titles: ['Row'], rows, write: (row) => row,
			signal: new AbortController().signal});
		document.querySelector('main').replaceChildren(list.element);
		list.draw();
	})`)
	seen := func(row int) {
		t.Helper()
		b.until(fmt.Sprintf(`(() => {
			const row = document.querySelector('[data-row="%d"]').getBoundingClientRect();
			const list = document.querySelector('.windowed').getBoundingClientRect();
			return row.top >= list.top && row.bottom <= list.bottom + 1;
		})()`, row))
	}
	seen(0)
	b.walk("grid", "Rows")
	b.press("End")
	seen(2_999_999)
	b.press("ArrowUp", "ArrowUp", "ArrowUp")
	seen(2_999_996)
	evaluate[any](b, `(() => { const list = document.querySelector('.windowed');
		list.scrollTop = (list.scrollHeight - list.clientHeight) / 2; })()`)
	b.until(`Math.abs(document.querySelector('.windowed tbody:not(.pad) tr').dataset.row - 1_500_000) < 100`)
	b.press("Home")
	seen(0)
}
