package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/importer/job"
)

// listen serves the API on a port of this machine, and returns the address.
func (f *fixture) listen() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(f.t, err)
	server := httpapi.NewHTTPServer(f.api, nil)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	f.t.Cleanup(func() {
		require.NoError(f.t, server.Close())
		require.ErrorIs(f.t, <-ended, http.ErrServerClosed)
	})
	return listener.Addr().String()
}

// TestBodiesThatNobodyWants: the answer to a request whose body isn't wanted comes at once, and doesn't wait for the
// body; then the connection serves another request, or ends soon.
func TestBodiesThatNobodyWants(t *testing.T) {
	f := newFixture(t, httpapi.Options{MaxBodyBytes: 1 << 10, MaxUploadBytes: 1 << 20})
	f.board.put(job.Job{ID: id(1), State: job.Progress})
	address := f.listen()
	known := "Authorization: " + basic(user, password) + "\r\n"
	form := known + "Content-Type: multipart/form-data; boundary=b\r\n"
	const filled = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n" + catalogue +
		"\r\n--b--\r\n"
	const expect = "Expect: 100-continue\r\n"
	for _, test := range []struct {
		name, line, header, sent string
		status                   int
		reused                   bool
	}{
		{"nobody's, expecting", "POST /products/", expect + "Content-Length: 100\r\n", "", 401, false},
		{"nobody's upload, expecting", "POST /upload_csv/", expect + "Content-Length: 100000000\r\n", "", 401, false},
		{"nobody's, a byte", "POST /products/", "Content-Length: 100\r\n", "{", 401, false},
		{"nobody's, none", "POST /products/", "Content-Length: 100\r\n", "", 401, false},
		{"nobody's, large", "POST /upload_csv/", "Content-Length: 100000000\r\n", "x", 401, false},
		{"nobody's, chunked", "POST /upload_csv/", "Transfer-Encoding: chunked\r\n", "1\r\nx\r\n", 401, false},
		{"nobody's, at a probe", "POST /livez", "Content-Length: 100\r\n", "{", 405, false},
		{"a probe's", "GET /livez", "Content-Length: 100\r\n", "{", 200, false},
		{"wrong password", "POST /products/", "Authorization: " + basic(user, "wrong") + "\r\nContent-Length: 100\r\n",
			"{", 401, false},
		{"another site's page", "POST /products/", known + "Sec-Fetch-Site: cross-site\r\nContent-Length: 100\r\n", "{",
			403, false},
		{"type, expecting", "POST /products/", known + expect + "Content-Type: text/plain\r\nContent-Length: 100\r\n",
			"", 415, false},
		{"type of an upload, expecting", "POST /upload_csv/", known + expect +
			"Content-Type: image/png\r\nContent-Length: 100\r\n", "", 415, false},
		{"type, a byte", "POST /products/", known + "Content-Type: text/plain\r\nContent-Length: 100\r\n", "x", 415,
			false},
		{"type, whole", "POST /products/", known + "Content-Type: text/plain\r\nContent-Length: 3\r\n", "abc", 415,
			true},
		{"too long, expecting", "POST /upload_csv/", known + expect + "Content-Length: 100000000\r\n", "", 413, false},
		{"too long, sent", "POST /products/", known + "Content-Length: 5000\r\n", "{" + strings.Repeat(" ", 4_999), 413,
			true},
		{"too long, chunked", "POST /products/", known + "Transfer-Encoding: chunked\r\n", "1000\r\n" +
			strings.Repeat(" ", 0x1000) + "\r\n", 413, false},
		{"a setting in the form", "POST /upload_csv/", form + "Content-Length: 1000\r\n",
			"--b\r\nContent-Disposition: form-data; name=\"mode\"\r\n\r\n", 422, false},
		{"no body is wanted", "POST /imports/" + id(1) + "/cancel",
			known + "Content-Type: application/json\r\nContent-Length: 2\r\n", "{}", 202, true},
		{"no body is wanted, chunked", "POST /imports/" + id(1) + "/cancel", known + "Transfer-Encoding: chunked\r\n",
			"2\r\n{}\r\n0\r\n\r\n", 202, true},
		{"a form in chunks", "POST /upload_csv/", form + "Transfer-Encoding: chunked\r\n",
			fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(filled), filled), 202, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", address)
			require.NoError(t, err)
			defer func() { _ = conn.Close() }()
			// Waiting for the body to come, or go on, would take half a minute.
			require.NoError(t, conn.SetDeadline(time.Now().Add(25*time.Second)))
			_, err = fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: x\r\n%s\r\n%s", test.line, test.header, test.sent)
			require.NoError(t, err)
			in := bufio.NewReader(conn)
			read := func() (status int) {
				response, err := http.ReadResponse(in, nil)
				require.NoError(t, err)
				body, err := io.ReadAll(response.Body)
				require.NoError(t, err)
				require.NoError(t, response.Body.Close())
				require.NotContains(t, string(body), "internal")
				return response.StatusCode
			}
			require.Equal(t, test.status, read())
			if test.reused {
				_, err = fmt.Fprint(conn, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
				require.NoError(t, err)
				require.Equal(t, 200, read())
				return
			}
			_, err = in.ReadByte()
			require.Error(t, err)
			require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the connection has ended")
		})
	}
}

// TestRefusedWhileSending: a client that sends all before it reads gets to see the answer.
func TestRefusedWhileSending(t *testing.T) {
	address := newFixture(t, httpapi.Options{}).listen()
	for range 20 {
		conn, err := net.Dial("tcp", address)
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
		const length = 200_000
		_, err = fmt.Fprintf(conn, "POST /upload_csv/ HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", length)
		require.NoError(t, err)
		for range 10 {
			_, err = io.WriteString(conn, strings.Repeat("x", length/10))
			require.NoError(t, err)
			time.Sleep(time.Millisecond)
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.Equal(t, 401, response.StatusCode)
		require.NoError(t, response.Body.Close())
		require.NoError(t, conn.Close())
	}
}

// TestStreamOfARequestWithAnUnreadBody: what was sent besides doesn't end the stream.
func TestStreamOfARequestWithAnUnreadBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, httpapi.Options{})
		client, _, stop := f.serve()
		defer stop()
		f.board.put(job.Job{ID: id(1), State: job.Progress})
		s := open(t, client, "GET", "/imports/"+id(1)+"/events", "{}", "")
		time.Sleep(5 * time.Minute)
		f.board.put(job.Job{ID: id(1), State: job.Success})
		events := s.rest()
		require.Equal(t, "done", events[len(events)-1].name)
	})
}
