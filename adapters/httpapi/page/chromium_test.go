package page_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// chromiumNames are the programs that the tests take, the first that the machine has. TEST_CHROMIUM names another one.
// Those without windows come first: a page costs them half the processor time.
var chromiumNames = []string{"chromium-headless-shell", "chrome-headless-shell", "headless-shell", "chromium",
	"chromium-browser", "google-chrome-stable", "google-chrome", "chrome",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"}

// chromium is the browser of all tests of the package. It starts with the first that needs it.
type chromium struct {
	once sync.Once
	ctx  context.Context
	stop func()
	err  error
}

var shared chromium

func TestMain(m *testing.M) {
	status := m.Run()
	if shared.stop != nil {
		shared.stop()
	}
	os.Exit(status)
}

// errNoChromium is why tests in Chromium are skipped.
var errNoChromium = errors.New("there is no Chromium on this machine (TEST_CHROMIUM names the program)")

// chromiumPath returns the program.
func chromiumPath() (string, error) {
	if named := os.Getenv("TEST_CHROMIUM"); named != "" {
		return exec.LookPath(named)
	}
	for _, name := range chromiumNames {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errNoChromium
}

func (c *chromium) start() {
	path, err := chromiumPath()
	if err != nil {
		c.err = err
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.WindowSize(1280, 900))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium has none for root
	}
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	c.ctx, c.stop = ctx, func() { _ = chromedp.Cancel(ctx); cancel(); stopAllocator() }
	started := make(chan error, 1)
	go func() { started <- chromedp.Do(ctx) }()
	select {
	case c.err = <-started:
	case <-time.After(time.Minute):
		c.err = errors.New("it didn't start within a minute")
	}
}

// inChromium returns the browser, or skips the test where there is none.
func inChromium(t testing.TB) context.Context {
	t.Helper()
	shared.once.Do(shared.start)
	switch {
	case errors.Is(shared.err, errNoChromium):
		t.Skipf("page: not tested: %v", shared.err)
	case shared.err != nil:
		t.Fatalf("page: Chromium: %v", shared.err)
	}
	return shared.ctx
}
