package lifecycle_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/examples/lifecycle"
)

// answer is what came of a request.
type answer struct {
	code   int
	header http.Header
	last   bool // of its connection
	body   string
}

// get gets a path of a front.
func get(t *testing.T, front *lifecycle.Front, path string) answer {
	t.Helper()
	response, err := http.Get("http://" + front.Addr().String() + path)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return answer{response.StatusCode, response.Header, response.Close, string(body)}
}

func TestFront(t *testing.T) {
	front, err := lifecycle.Listen("127.0.0.1:0", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	_, err = lifecycle.Listen(front.Addr().String(), slog.New(slog.DiscardHandler))
	require.Error(t, err, "the address is taken")

	for _, path := range []string{"/livez", "/livez/"} {
		a := get(t, front, path)
		require.Equal(t, 200, a.code)
		require.JSONEq(t, `{"status":"ok"}`, a.body)
	}
	front.Starting("building <an index>")
	lifecycle.SetHold(front, 10*time.Millisecond)
	for _, path := range []string{"/readyz", "/", "/products/?limit=1", "/livezz"} {
		a := get(t, front, path)
		require.Equal(t, 503, a.code, path)
		require.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
		require.Equal(t, "5", a.header.Get("Retry-After"))
		require.Equal(t, "no-store", a.header.Get("Cache-Control"))
		var p httpapi.Problem
		require.NoError(t, json.Unmarshal([]byte(a.body), &p))
		require.Equal(t, httpapi.Problem{Type: "about:blank", Title: "Service Unavailable", Status: 503,
			Code: "unavailable", Detail: "the program is starting: building <an index>"}, p)
	}
	lifecycle.SetHold(front, time.Minute)
	held := make(chan string, 1)
	go func() {
		body := ""
		if response, err := http.Get("http://" + front.Addr().String() + "/early"); err == nil {
			text, _ := io.ReadAll(response.Body)
			body = string(text)
			_ = response.Body.Close()
		}
		held <- body
	}()
	require.Eventually(t, func() bool { return lifecycle.Holding(front) == 1 }, time.Minute, time.Millisecond)
	require.Equal(t, 503, get(t, front, "/readyz").code, "at once")
	front.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) }))
	require.Equal(t, "/early", <-held, "a client that comes during a start waits")
	a := get(t, front, "/livez")
	require.Equal(t, "/livez", a.body, "the handler has everything")
	require.False(t, a.last)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, front.Run(ctx))
	front.Drain(ctx, &lifecycle.Settings{})
	a = get(t, front, "/products/")
	require.Equal(t, "/products/", a.body, "connections are taken, until Shutdown")
	require.True(t, a.last, "and closed with the answer")
	require.NoError(t, front.Shutdown(time.Minute))
	require.NoError(t, front.Shutdown(time.Minute), "again")
	_, err = net.Dial("tcp", front.Addr().String())
	require.Error(t, err)
}

// TestCutOff has more requests under way than are logged one by one, which take longer than the shutdown waits.
func TestCutOff(t *testing.T) {
	const requests = 23
	var log bytes.Buffer
	front, err := lifecycle.Listen("127.0.0.1:0", slog.New(slog.NewTextHandler(&log,
		&slog.HandlerOptions{Level: slog.LevelWarn})))
	require.NoError(t, err)
	under := make(chan bool)
	front.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/long" {
			under <- true
			<-r.Context().Done()
		}
	}))
	ended := make(chan error, requests)
	for range requests {
		go func() {
			response, err := http.Get("http://" + front.Addr().String() + "/long?password=secret")
			if err == nil {
				err = response.Body.Close()
			}
			ended <- err
		}()
		<-under
	}
	require.Equal(t, 200, get(t, front, "/short").code)
	require.NoError(t, front.Shutdown(time.Millisecond))
	for range requests {
		require.Error(t, <-ended)
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	require.Len(t, lines, 21)
	for _, line := range lines[:20] {
		require.Contains(t, line, `msg="a request is cut off: the program stops" method=GET path=/long client=127.0.0.1:`)
	}
	require.Contains(t, lines[20], `msg="more requests are cut off" requests=3`)
	require.NotContains(t, log.String(), "secret", "what a query has is nobody's")
}
