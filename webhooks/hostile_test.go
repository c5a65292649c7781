package webhooks_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

// hostile is a server that does with its connections whatever say does, until it is closed.
type hostile struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
	busy  sync.WaitGroup
}

// newHostile starts one, over TLS with the configuration where there is one. Without h2 a request is read first.
func newHostile(t *testing.T, config *tls.Config, h2 bool, say func(conn net.Conn)) *hostile {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	if config != nil {
		listener = tls.NewListener(listener, config)
	}
	s := &hostile{Listener: listener}
	s.busy.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			s.mu.Unlock()
			s.busy.Go(func() {
				defer func() { _ = conn.Close() }()
				if !h2 {
					r, err := http.ReadRequest(bufio.NewReader(conn))
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
				}
				say(conn)
			})
		}
	})
	t.Cleanup(s.stop)
	return s
}

// stop closes the server and its connections.
func (s *hostile) stop() {
	_ = s.Close()
	s.mu.Lock()
	for _, c := range s.conns {
		if over, ok := c.(*tls.Conn); ok {
			c = over.NetConn()
		}
		_ = c.Close()
	}
	s.mu.Unlock()
	s.busy.Wait()
}

// repeat writes the bytes again and again, until the connection breaks.
func repeat(conn net.Conn, bytes string, pause time.Duration) {
	for {
		if _, err := io.WriteString(conn, bytes); err != nil {
			return
		}
		time.Sleep(pause)
	}
}

// saying writes the text, and then goes on as rest does; nil for silence.
func saying(text string, rest func(conn net.Conn)) func(conn net.Conn) {
	if rest == nil {
		rest = func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }
	}
	return func(conn net.Conn) {
		_, _ = io.WriteString(conn, text)
		rest(conn)
	}
}

const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

// drips are answers that never end, or after which the connection is another one.
var drips = []struct {
	name string
	say  func(conn net.Conn)
	kind webhooks.FailureKind
}{
	{"101 and silence", saying(switching, nil), webhooks.FailureProtocol},
	{"101 and drops", saying(switching, func(c net.Conn) { repeat(c, "x", 10*time.Millisecond) }),
		webhooks.FailureProtocol},
	{"101 and a flood", saying(switching, func(c net.Conn) { repeat(c, strings.Repeat("x", 10_000), 0) }),
		webhooks.FailureProtocol},
	{"101 without a protocol", saying("HTTP/1.1 101 Switching Protocols\r\n\r\n", nil), webhooks.FailureProtocol},
	{"100 for ever", func(c net.Conn) { repeat(c, "HTTP/1.1 100 Continue\r\n\r\n", 10*time.Millisecond) },
		webhooks.FailureTimeout},
	{"103 for ever", func(c net.Conn) { repeat(c, "HTTP/1.1 103 Early Hints\r\n\r\n", 10*time.Millisecond) },
		webhooks.FailureTimeout},
	{"103 in a flood",
		func(c net.Conn) { repeat(c, strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 200), 0) },
		webhooks.FailureHeader},
	{"chunks for ever", saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		func(c net.Conn) { repeat(c, "1\r\nx\r\n", 10*time.Millisecond) }), ""},
	{"a chunk's extension for ever", saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;",
		func(c net.Conn) { repeat(c, "x", 10*time.Millisecond) }), ""},
	{"trailers for ever", saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n1\r\nx\r\n0\r\n",
		func(c net.Conn) { repeat(c, "X: y\r\n", 10*time.Millisecond) }), ""},
	{"trailers and silence",
		saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n1\r\nx\r\n0\r\n", nil),
		""},
	{"an end that doesn't come", saying("HTTP/1.1 200 OK\r\n\r\nthanks", nil), ""},
}

// frame makes a frame of HTTP/2.
func frame(kind, flags byte, stream uint32, payload string) string {
	head := make([]byte, 9)
	binary.BigEndian.PutUint32(head, uint32(len(payload))<<8|uint32(kind))
	head[4] = flags
	binary.BigEndian.PutUint32(head[5:], stream)
	return string(head) + payload
}

// Frames of HTTP/2: the kinds are 0 DATA, 1 HEADERS, 4 SETTINGS, 6 PING, 8 WINDOW_UPDATE, 9 CONTINUATION.
var (
	settings = frame(4, 0, 0, "")
	noWindow = frame(4, 0, 0, "\x00\x04\x00\x00\x00\x00") // INITIAL_WINDOW_SIZE 0
	ok       = frame(1, 4, 1, "\x88")
	hints    = frame(1, 4, 1, "\x08\x03103")
	switched = frame(1, 4, 1, "\x08\x03101")
)

// h2 says what comes behind the settings, once there is a request, and reads on.
func h2(first string, rest func(conn net.Conn)) func(conn net.Conn) {
	return func(conn net.Conn) {
		_, _ = io.WriteString(conn, first)
		query := make([]byte, 16<<10)
		for n := 0; n < 200; { // the preface, settings and headers at least
			more, err := conn.Read(query)
			if err != nil {
				return
			}
			n += more
		}
		if rest == nil {
			_, _ = io.Copy(io.Discard, conn)
			return
		}
		read := make(chan struct{})
		go func() {
			defer close(read)
			_, _ = io.Copy(io.Discard, conn)
		}()
		rest(conn)
		<-read
	}
}

var h2Drips = []struct {
	name string
	say  func(conn net.Conn)
	kind webhooks.FailureKind
}{
	{"silence", h2(settings, nil), webhooks.FailureTimeout},
	{"silence from the beginning", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, webhooks.FailureTimeout},
	{"a header, and no body", h2(settings, func(c net.Conn) { _, _ = io.WriteString(c, ok) }), ""},
	{"empty data for ever",
		h2(settings, func(c net.Conn) {
			_, _ = io.WriteString(c, ok)
			repeat(c, frame(0, 0, 1, ""),
				time.Millisecond)
		}), ""},
	{"drops of data for ever",
		h2(settings, func(c net.Conn) {
			_, _ = io.WriteString(c, ok)
			repeat(c, frame(0, 0, 1, "x"),
				10*time.Millisecond)
		}), ""},
	{"trailers that don't end", h2(settings, func(c net.Conn) {
		_, _ = io.WriteString(c, ok+frame(1, 1, 1, "\x00\x01x\x01y"))
		repeat(c, frame(9, 0, 1, "\x00\x01x\x01y"), 10*time.Millisecond)
	}), ""},
	{"103 for ever", h2(settings, func(c net.Conn) { repeat(c, hints, 10*time.Millisecond) }), webhooks.FailureTimeout},
	{"101 for ever", h2(settings, func(c net.Conn) { repeat(c, switched, 10*time.Millisecond) }), webhooks.FailureTimeout},
	{"no window", h2(noWindow, nil), webhooks.FailureTimeout},
	{"pings for ever", h2(settings, func(c net.Conn) { repeat(c, frame(6, 0, 0, "12345678"), time.Millisecond) }),
		webhooks.FailureTimeout},
	{"deaf", deaf, webhooks.FailureTimeout},
}

// deaf gives a window as wide as can be, and reads nothing.
func deaf(c net.Conn) {
	_, _ = io.WriteString(c, frame(4, 0, 0, "\x00\x04\x7f\xff\xff\xff")+frame(8, 0, 0, "\x7f\x00\x00\x00"))
	repeat(c, frame(0x42, 0, 0, ""), 50*time.Millisecond) // of a kind that nobody knows
}

// requireGoroutines waits until there are no more than before, once nothing of the transport is under way.
func requireGoroutines(t *testing.T, transport *http.Transport, before int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); runtime.NumGoroutine() > before; time.Sleep(
		5 * time.Millisecond) {
		transport.CloseIdleConnections()
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			require.FailNow(t, "every goroutine ends", "%s", stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// TestAnswersThatNeverEnd has attempts, all at once, end in time, and leave nothing behind.
func TestAnswersThatNeverEnd(t *testing.T) {
	cert := certificate(t, time.Now().Add(time.Hour))
	trusted := x509.NewCertPool()
	trusted.AddCert(cert.Leaf)
	before := runtime.NumGoroutine()
	transport := webhooks.NewTransport(local, nil)
	transport.TLSClientConfig.RootCAs = trusted
	from := sender(t, webhooks.SenderOptions{Transport: transport})
	var servers []*hostile
	var trying sync.WaitGroup
	try := func(name string, config *tls.Config, h2 bool, say func(conn net.Conn), kind webhooks.FailureKind, data string) {
		server := newHostile(t, config, h2, say)
		servers = append(servers, server)
		e := endpoint("http://" + server.Addr().String())
		if config != nil {
			e.URL = "https://" + server.Addr().String()
		}
		e.Timeout = 20 * time.Second
		switch kind {
		case webhooks.FailureTimeout:
			e.Timeout = 500 * time.Millisecond
		case "": // taken, with a body that doesn't end; the rest takes its time on a busy machine
			e.Timeout = 2 * time.Second
		}
		trying.Go(func() {
			began := time.Now()
			answer, err := from.Send(t.Context(), &e, event(data), 1)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			assert.Less(t, time.Since(began), 15*time.Second, name)
			assert.Equal(t, kind, answer.Failure, "%s: %s %v", name, answer.Error, answer.Cause)
			if kind == webhooks.FailureProtocol {
				assert.Equal(t, http.StatusSwitchingProtocols, answer.Status, name)
				assert.Contains(t, answer.Error, "101", name)
				assert.Less(t, answer.Duration, e.Timeout, "%s: it isn't waited for", name)
			}
		})
	}
	for _, d := range drips {
		try(d.name, nil, false, d.say, d.kind, `{}`)
		try(d.name+", over TLS", &tls.Config{Certificates: []tls.Certificate{cert}}, false, d.say, d.kind, `{}`)
	}
	long := `{"x":"` + strings.Repeat("x", 1_000_000) + `"}`
	for _, d := range h2Drips {
		try("HTTP/2: "+d.name, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}}, true,
			d.say, d.kind, long)
	}
	trying.Wait()
	overdue, hanging := from.Overdue()
	require.Zero(t, overdue, "our own transport keeps to the time")
	require.Zero(t, hanging)
	for _, server := range servers {
		server.stop()
	}
	requireGoroutines(t, transport, before)
}

// TestDeafReceiver has a receiver that takes no bytes of its HTTP/2 connection: attempts after attempts leave nothing
// behind.
func TestDeafReceiver(t *testing.T) {
	cert := certificate(t, time.Now().Add(time.Hour))
	before := runtime.NumGoroutine()
	server := newHostile(t, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}}, true, deaf)
	transport := webhooks.NewTransport(local, nil)
	transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	transport.TLSClientConfig.RootCAs.AddCert(cert.Leaf)
	from := sender(t, webhooks.SenderOptions{Transport: transport})
	e := endpoint("https://" + server.Addr().String())
	e.Timeout = 100 * time.Millisecond
	long := event(`{"x":"` + strings.Repeat("x", 1_000_000) + `"}`)
	for range 10 {
		answer, err := from.Send(t.Context(), &e, long, 1)
		require.NoError(t, err)
		require.Equal(t, webhooks.FailureTimeout, answer.Failure, answer.Error)
	}
	requireGoroutines(t, transport, before+2) // those of the server, which has its end of a connection open
	server.stop()
	requireGoroutines(t, transport, before)
}

// TestHostileBesideHealthy has two dozen endpoints, more than there are places for, whose answers never end: a healthy
// one gets its deliveries, and Run ends in time.
func TestHostileBesideHealthy(t *testing.T) {
	for _, name := range []string{"101 and silence", "101 and drops", "103 for ever", "trailers for ever"} {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			store := memory.New(memory.Options{}).Webhooks()
			create := func(url string, timeout time.Duration) {
				e := endpoint(url)
				e.Timeout = timeout
				_, err := store.CreateEndpoint(t.Context(), e)
				require.NoError(t, err)
			}
			const n = 200
			got := make(chan string, 2*n)
			healthy := receiver(t,
				func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get(receive.HeaderID) })
			create(healthy.URL, 15*time.Second)
			var servers []*hostile
			for _, d := range drips {
				for i := 0; d.name == name && i < 24; i++ {
					s := newHostile(t, nil, false, d.say)
					servers = append(servers, s)
					create("http://"+s.Addr().String(), 500*time.Millisecond)
				}
			}
			require.NotEmpty(t, servers)
			transport := webhooks.NewTransport(local, nil)
			d, err := webhooks.NewDispatcher(store, sender(t, webhooks.SenderOptions{Transport: transport}),
				webhooks.DispatcherOptions{DrainTimeout: time.Second})
			require.NoError(t, err)
			stop := run(t, d)
			told := map[string]struct{}{}
			for range n {
				events := []webhooks.Event{{Type: webhooks.ProductCreated, Data: []byte(`{}`)}}
				_, err := store.Append(t.Context(), events)
				require.NoError(t, err)
				told[events[0].ID] = struct{}{}
			}
			deadline := time.After(time.Minute)
			for len(told) > 0 {
				select {
				case id := <-got:
					delete(told, id)
				case <-deadline:
					require.FailNow(t, "the healthy endpoint stands still", "%d of %d are missing", len(told), n)
				}
			}
			require.NoError(t, d.Healthy())
			began := time.Now()
			require.NoError(t, stop())
			require.Less(t, time.Since(began), 20*time.Second)
			require.Zero(t, d.Stats().Overdue)
			transport.CloseIdleConnections()
			healthy.Close()
			for _, s := range servers {
				s.stop()
			}
			requireGoroutines(t, transport, before)
		})
	}
}

// TestDeafTransport has a transport that looks at no context: attempts end all the same, what hangs is counted and
// said, and the others go on.
func TestDeafTransport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		healthy, _ := w.receiver("healthy", nil)
		const holes = 10
		for i := range holes {
			w.receiver(string(rune('a'+i)),
				func(request) reply { return reply{status: 200, after: time.Hour, deaf: true} })
		}
		var log strings.Builder
		d := w.dispatcher(webhooks.DispatcherOptions{Logger: textLogger(&log)})
		stop := run(t, d)
		w.changes(100)
		time.Sleep(time.Minute)
		require.Len(t, w.got(healthy), 100)
		s := d.Stats()
		require.NotZero(t, s.Overdue)
		require.Equal(t, s.Overdue, s.Hanging)
		require.Equal(t, s.Overdue, s.Failures[webhooks.FailureTimeout])
		require.Contains(t, log.String(), "is abandoned")
		w.changes(1)
		time.Sleep(time.Second)
		began := time.Now()
		require.NoError(t, stop())
		require.LessOrEqual(t, time.Since(began), 6*time.Second, "nobody waits for what hangs")
		time.Sleep(2 * time.Hour)
		require.Zero(t, d.Stats().Hanging)
	})
}

// stubborn is a body that can neither be read to its end nor closed.
type stubborn struct{ end chan struct{} }

func (s stubborn) Read([]byte) (int, error) { <-s.end; return 0, io.EOF }
func (s stubborn) Close() error             { <-s.end; return nil }

// patient is a body whose reading ends when it is closed, and with nothing else.
type patient struct{ *io.PipeReader }

func TestBodies(t *testing.T) {
	for _, status := range []int{101, 200, 500} {
		synctest.Test(t, func(t *testing.T) {
			s := stubborn{make(chan struct{})}
			from := sender(t, webhooks.SenderOptions{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Body: s}, nil
			})})
			e := endpoint("https://example.com")
			began := time.Now()
			answer, err := from.Send(t.Context(), &e, event(`{}`), 1)
			require.NoError(t, err)
			require.Equal(t, webhooks.FailureTimeout, answer.Failure)
			require.Equal(t, 16*time.Second, time.Since(began))
			_, hanging := from.Overdue()
			require.EqualValues(t, 1, hanging)

			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			began = time.Now()
			_, err = from.Send(ctx, &e, event(`{}`), 1)
			require.ErrorIs(t, err, context.Canceled)
			require.Equal(t, 2*time.Second, time.Since(began))
			close(s.end)
			synctest.Wait()
			overdue, hanging := from.Overdue()
			require.EqualValues(t, 2, overdue)
			require.Zero(t, hanging)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		from := sender(t, webhooks.SenderOptions{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			body, _ := io.Pipe()
			return &http.Response{StatusCode: 200, Body: patient{body}}, nil
		})})
		e := endpoint("https://example.com")
		began := time.Now()
		answer, err := from.Send(t.Context(), &e, event(`{}`), 1)
		require.NoError(t, err)
		require.Empty(t, answer.Failure, "what was taken stays taken")
		require.Equal(t, 200, answer.Status)
		require.Equal(t, 15*time.Second, time.Since(began), "a body is closed when the time is over")
		overdue, _ := from.Overdue()
		require.Zero(t, overdue)
	})
}
