package page_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

const (
	// tabTime is how long a test may take in a tab, on a machine that is busy.
	tabTime = 2 * time.Minute
	// waitTime is how long something may take to come.
	waitTime = 30 * time.Second
)

// tab is a tab of Chromium. A script that throws, and what the page's Content-Security-Policy stops, fail the test when
// it ends. The methods fail the test where something doesn't come in time.
type tab struct {
	t       testing.TB
	ctx     context.Context
	folder  string // of downloads
	mu      sync.Mutex
	trouble []string
	notes   []string    // what else Chromium logged, for whom a test fails
	files   chan string // downloaded
}

// openTab opens a tab with a profile of its own: nobody is logged in.
func openTab(t testing.TB) *tab {
	t.Helper()
	return newTab(t, inChromium(t), t.TempDir(), chromedp.WithNewBrowserContext())
}

// another opens a tab with the same profile.
func (b *tab) another() *tab {
	b.t.Helper()
	return newTab(b.t, b.ctx, b.t.TempDir())
}

func newTab(t testing.TB, parent context.Context, folder string, options ...chromedp.ContextOption) *tab {
	t.Helper()
	b := &tab{t: t, folder: folder, files: make(chan string, 10)}
	ctx, closeTab := chromedp.NewContext(parent, append(options, chromedp.WithListener(b.listen))...)
	t.Cleanup(closeTab)
	require.NoError(t, chromedp.Do(ctx)) // without a limit, which would be that of the tab's life
	ctx, cancel := context.WithTimeout(ctx, tabTime)
	t.Cleanup(cancel)
	b.ctx = ctx
	call(b, log.Enable, cdp.Empty{})
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watchScript})
	_, err := chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder, EventsEnabled: ptr(true),
		BrowserContextID: chromedp.FromContext(ctx).BrowserContextID})
	require.NoError(t, err)
	require.NoError(t, chromedp.ListenBrowser(ctx, b.listenBrowser))
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, trouble := range b.trouble {
			t.Errorf("in the tab: %s", trouble)
		}
	})
	return b
}

// watchScript notes what the page moved without having been asked: the entries of layout shifts.
const watchScript = `window.layoutShifts = [];
new PerformanceObserver((list) => {
	for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.layoutShifts.push({value: entry.value,
		nodes: entry.sources.map(({node, previousRect: from, currentRect: to}) => [node?.outerHTML?.slice(0, 100),
			'from', from.x, from.y, from.width, from.height, 'to', to.x, to.y, to.width, to.height].join(' '))});
}).observe({type: 'layout-shift', buffered: true});`

func ptr[V any](v V) *V { return &v }

// listen notes what must not happen in any tab.
func (b *tab) listen(event any) {
	var trouble string
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		trouble = exceptionText(e.ExceptionDetails)
	case *log.EventEntryAdded:
		if e.Entry.Source == log.EntrySourceSecurity || e.Entry.Source == log.EntrySourceJavascript {
			trouble = e.Entry.Text
		}
		b.note(e.Entry.Text + " " + e.Entry.URL)
	case *network.EventLoadingFailed:
		b.note(e.ErrorText + " " + string(e.BlockedReason) + " " + string(e.Type))
	}
	if trouble != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.trouble = append(b.trouble, trouble)
	}
}

func (b *tab) note(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.notes = append(b.notes, text); len(b.notes) > 20 {
		b.notes = b.notes[1:]
	}
}

func exceptionText(details *runtime.ExceptionDetails) string {
	if details.Exception == nil {
		return details.Text
	}
	return details.Text + " " + details.Exception.Description
}

// troubles returns what was noted, and forgets it.
func (b *tab) troubles() (noted []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	noted, b.trouble = b.trouble, nil
	return noted
}

func (b *tab) listenBrowser(event any) {
	if e, ok := event.(*browser.EventDownloadProgress); ok && e.State == browser.DownloadProgressStateCompleted &&
		filepath.Dir(e.FilePath) == b.folder {
		select {
		case b.files <- e.FilePath:
		default: // nobody takes that many
		}
	}
}

// download waits until a file is downloaded, and returns its name and its text.
func (b *tab) download() (name, text string) {
	b.t.Helper()
	select {
	case path := <-b.files:
		content, err := os.ReadFile(path)
		require.NoError(b.t, err)
		return filepath.Base(path), string(content)
	case <-time.After(waitTime):
		require.FailNow(b.t, "nothing was downloaded")
		return "", ""
	}
}

// call sends a command to the tab.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	result, err := chromedp.Call(b.ctx, command, params)
	require.NoError(b.t, err)
	return result
}

// do runs actions in the tab.
func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, actions...))
}

// visit goes to an address, and waits until it is loaded.
func (b *tab) visit(address string) {
	b.t.Helper()
	b.do(chromedp.Navigate(address))
}

// evaluate returns the value of an expression of JavaScript, or of the promise that it is.
func evaluate[V any](b *tab, expression string) V {
	b.t.Helper()
	v, err := tryEvaluate[V](b, expression)
	require.NoError(b.t, err, expression)
	return v
}

func tryEvaluate[V any](b *tab, expression string) (v V, err error) {
	result, err := chromedp.Call(b.ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: expression,
		ReturnByValue: ptr(true), AwaitPromise: ptr(true)})
	switch {
	case err != nil:
		return v, err
	case result.ExceptionDetails != nil:
		return v, errors.New(exceptionText(result.ExceptionDetails))
	case len(result.Result.Value) == 0:
		return v, nil // undefined
	}
	return v, json.Unmarshal(result.Result.Value, &v)
}

// until waits until an expression of JavaScript is true, also across addresses.
func (b *tab) until(expression string) {
	b.t.Helper()
	look := `new Promise((done) => {
		const end = performance.now() + 1000;
		const look = () => {
			let now = false;
			try { now = Boolean(` + expression + `) } catch {}
			if (now || performance.now() > end) done(now); else setTimeout(look, 40);
		};
		look();
	})`
	for end := time.Now().Add(waitTime); time.Now().Before(end); {
		if now, err := tryEvaluate[bool](b, look); err == nil && now {
			return
		}
		require.NoError(b.t, b.ctx.Err(), "the tab's time is over: %s", expression)
	}
	require.FailNow(b.t, "it didn't come: "+expression, "%s\nChromium says: %s", b.text(), b.said())
}

// said returns what Chromium logged, and what of the page came with another status than 200.
func (b *tab) said() string {
	b.t.Helper()
	odd := evaluate[[]string](b, `performance.getEntriesByType('resource').filter((one) => one.responseStatus !== 200)
		.map((one) => one.responseStatus + ' ' + one.name)`)
	b.mu.Lock()
	defer b.mu.Unlock()
	return describe(append(odd, b.notes...))
}

// text returns the beginning of what stands on the page, and its address.
func (b *tab) text() string {
	b.t.Helper()
	return evaluate[string](b, `(location.href + "\n" + document.body.innerText).slice(0, 2000)`)
}

// sees waits until the text stands on the page.
func (b *tab) sees(text string) {
	b.t.Helper()
	b.until("document.body.innerText.includes(" + quote(text) + ")")
}

// quote returns the text as JavaScript writes it.
func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // it is text
	}
	return string(quoted)
}

// size gives the window a size, in CSS pixels.
func (b *tab) size(width, height int64) {
	b.t.Helper()
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height,
		DeviceScaleFactor: 1})
}

// theme is light or dark, as the system asks for it.
func (b *tab) theme(name string) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
}

// picture saves what the window shows as a PNG, for people.
func (b *tab) picture(path string) {
	b.t.Helper()
	shot := call(b, page.CaptureScreenshot, page.CaptureScreenshotParams{})
	require.NoError(b.t, os.WriteFile(path, shot.Data, 0o644))
}

// describe lists texts with a line for each.
func describe(texts []string) string { return strings.Join(texts, "\n") }
