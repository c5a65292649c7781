package httpapi_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
)

// TestDrippingBodies sends hundreds of long bodies but for their last byte, from one client and from many: the memory
// that they hold has a bound, others get through with what is short, and all is as before once they are gone.
func TestDrippingBodies(t *testing.T) {
	const senders, length = 300, 4 << 20
	for _, test := range []struct {
		name    string
		clients int
		taken   int // bodies of which all that was sent is held
	}{{"one client", 1, 4}, {"many clients", senders, 16}} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, httpapi.Options{ClientAddress: func(r *http.Request) string {
				if test.clients == 1 {
					return "one"
				}
				return r.RemoteAddr
			}})
			server := httptest.NewServer(f.api)
			defer server.Close()
			text := bytes.Repeat([]byte("x"), length-1)
			var before, during runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)

			var conns []net.Conn
			defer func() {
				for _, conn := range conns {
					_ = conn.Close()
				}
			}()
			refused := make(chan string, senders)
			var sending sync.WaitGroup
			for range senders {
				conn, err := net.Dial("tcp", server.Listener.Addr().String())
				require.NoError(t, err)
				conns = append(conns, conn)
				sending.Go(func() {
					_, _ = fmt.Fprintf(conn,
						"POST /products/ HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Type: "+
							"application/json\r\nContent-Length: %d\r\n\r\n", basic(user, password), length)
					_, _ = conn.Write(text)
				})
				go func() {
					answer := make([]byte, 12)
					if _, err := io.ReadFull(conn, answer); err == nil {
						refused <- string(answer)
					}
				}()
			}
			for range senders - test.taken {
				select {
				case answer := <-refused:
					require.Equal(t, "HTTP/1.1 503", answer)
				case <-time.After(time.Minute):
					require.Fail(t, "more bodies are held than there is room for")
				}
			}
			runtime.GC()
			runtime.ReadMemStats(&during)
			require.Less(t, int64(during.HeapAlloc)-int64(before.HeapAlloc), int64(128<<20))

			require.Equal(t, 201, f.call("POST", "/products/", `{"sku":"a","name":"b"}`).Code,
				"short bodies get through")
			for _, conn := range conns {
				_ = conn.Close()
			}
			sending.Wait()
			long := fmt.Sprintf(`{"sku":"%%d","name":"b","description":%q}`, strings.Repeat("d", 60_000))
			require.Eventually(t, func() bool {
				w := f.call("POST", "/products/", fmt.Sprintf(long, time.Now().UnixNano()))
				return w.Code == 201
			}, time.Minute, 10*time.Millisecond, "there is room again")
		})
	}
}

func TestBodyWithoutRoom(t *testing.T) {
	f := newFixture(t, httpapi.Options{MaxBodyBytes: 1 << 20, MaxBodiesBytes: 1 << 20})
	body := fmt.Sprintf(`{"sku":"a","name":"b","description":%q}`, strings.Repeat("d", 60_000))
	for range 100 { // what was held is given back
		require.Contains(t, []int{201, 409}, f.call("POST", "/products/", body).Code)
	}
	_, err := httpapi.New(f.store, f.board, f.board, newUsers(t), httpapi.Options{MaxBodyBytes: 2 << 20,
		MaxBodiesBytes: 1 << 20})
	require.ErrorContains(t, err, "MaxBodiesBytes")

	task := `{"task_id":"` + strings.Repeat("x", 65_000) + `"}`
	problem(t, f.call("POST", "/status/", task), 404)
	require.Equal(t, "too_large", problem(t, f.call("POST", "/status/", task+strings.Repeat(" ", 1_000)), 413).Code)
}

// TestSlowBodies has clients that are fast enough not to stall, and slow enough to take hours.
func TestSlowBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, httpapi.Options{})
		_, l, stop := f.serve()
		defer stop()
		conn, err := l.dial(t.Context(), "", "")
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		began := time.Now()
		go func() {
			_, _ = fmt.Fprintf(conn,
				"POST /products/ HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Type: "+
					"application/json\r\nContent-Length: %d\r\n\r\n", basic(user, password), 4<<20)
			for range 800 {
				if _, err := io.WriteString(conn, strings.Repeat(" ", 5_000)); err != nil {
					return
				}
				time.Sleep(20 * time.Second)
			}
		}()
		answer := make([]byte, 12)
		_, err = io.ReadFull(conn, answer)
		require.NoError(t, err)
		require.Equal(t, "HTTP/1.1 408", string(answer))
		require.InDelta(t, 2*time.Minute, time.Since(began), float64(time.Minute))
		time.Sleep(12 * time.Hour) // until nobody sends any more
	})
}
