package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
)

// lines passes on what is written to it, whole lines at a time.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

// relay takes connections at an address and passes them on, until the test ends.
func relay(t *testing.T, address, to string) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	var passing sync.WaitGroup
	passing.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				_ = client.Close()
				continue
			}
			for _, c := range [][2]net.Conn{{client, server}, {server, client}} {
				passing.Go(func() {
					_, _ = io.Copy(c[0], c[1])
					_, _ = c[0].Close(), c[1].Close()
				})
			}
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		passing.Wait()
	})
}

// status gets a path, whoever answers.
func status(t *testing.T, base, path string) (code int, body string) {
	t.Helper()
	response, err := http.Get(base + path)
	require.NoError(t, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode, string(text)
}

// TestWaitsForTheDatabase starts a server before its database: it listens, says that it isn't ready, and why, and
// serves once the database is there.
func TestWaitsForTheDatabase(t *testing.T) {
	t.Parallel()
	database, err := url.Parse(pgtest.URL(t))
	require.NoError(t, err)
	reserved, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	to := database.Host
	database.Host = reserved.Addr().String()
	require.NoError(t, reserved.Close()) // nobody listens there now

	ctx, stop := context.WithCancel(t.Context())
	stdout, stderr := make(lines, 100), make(lines, 1_000)
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"-addr", "127.0.0.1:0", "-database-url", database.String(), "-wait", "5m", "-drain", "0"},
			func(string) string { return "" }, stdout, stderr)
	}()
	waits := ""
	base := ""
	for waits == "" {
		line := <-stderr
		if at := regexp.MustCompile(`listening=(\S+)`).FindStringSubmatch(line); at != nil {
			base = "http://" + at[1]
		}
		if strings.Contains(line, "waiting for the database") {
			waits = line
		}
	}
	require.Contains(t, waits, database.Host, "it says where it looks")
	for path, want := range map[string]int{"/livez": 200, "/readyz": 503, "/products/": 503, "/": 503} {
		code, body := status(t, base, path)
		require.Equal(t, want, code, path)
		if want == 503 {
			require.Contains(t, body, "waiting for the database, which can't be reached")
		}
	}
	relay(t, database.Host, to)
	require.Contains(t, <-stdout, "serving "+base)
	for path, want := range map[string]int{"/livez": 200, "/readyz": 200, "/products/": 401} {
		code, _ := status(t, base, path)
		require.Equal(t, want, code, path)
	}
	stop()
	require.Zero(t, <-ended)
	close(stderr)
	for line := range stderr {
		require.NotContains(t, line, "waiting for the database", "that was said once")
	}
}

// TestStoppedWhileItWaits ends a server that waits for its database: in good order, as at any other time.
func TestStoppedWhileItWaits(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stderr := make(lines, 1_000)
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"-addr", "127.0.0.1:0", "-database-url", "postgres://127.0.0.1:1/x"},
			func(string) string { return "" }, io.Discard, stderr)
	}()
	for !strings.Contains(<-stderr, "waiting for the database") {
	}
	stop()
	require.Zero(t, <-ended)
}

// TestAddressTaken: it is said before anything is done to a database.
func TestAddressTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	var stderr bytes.Buffer
	require.Equal(t, 1, run(t.Context(), []string{"-addr", taken.Addr().String(), "-database-url",
		"postgres://127.0.0.1:1/x"}, func(string) string { return "" }, io.Discard, &stderr))
	require.Contains(t, stderr.String(), "address already in use")
	require.Equal(t, 1, strings.Count(stderr.String(), "\n"), "one line")
}

// TestDrains sends SIGTERM to a server: it says that it isn't ready, and serves whoever comes. A second signal ends it
// at once.
func TestDrains(t *testing.T) {
	t.Parallel()
	c := start(t, "-drain", "1h")
	require.NoError(t, c.process.Process.Signal(syscall.SIGTERM))
	for giveUp := time.Now().Add(time.Minute); ; {
		code, _ := status(t, c.base, "/readyz")
		if code == 503 {
			break
		}
		require.Equal(t, 200, code)
		require.True(t, time.Now().Before(giveUp))
	}
	code, _ := status(t, c.base, "/livez")
	require.Equal(t, 200, code)
	c.do("POST", "/products/", "application/json", strings.NewReader(`{"name":"n","sku":"late"}`), 201)
	require.InDelta(t, 1, c.count("?sku=late"), 0)
	require.NoError(t, c.process.Process.Signal(syscall.SIGTERM))
	require.Error(t, c.process.Wait(), "it doesn't end in good order")
}
