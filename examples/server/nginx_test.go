package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
)

// proxied is a real nginx with the configuration that is kept as an example, once with TLS and once without.
type proxied struct {
	address, plain string // host:port
	client         *http.Client
}

// freeAddress returns one of this machine that nobody listens at.
func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, listener.Close()) }()
	return listener.Addr().String()
}

// writeCertificate writes a certificate of this machine and its key, and returns those who trust it.
func writeCertificate(t testing.TB, certificate, key string) *x509.CertPool {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	require.NoError(t, os.WriteFile(certificate, text, 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(text))
	return pool
}

// startNginx starts nginx in front of the servers at the addresses, or skips the test where there is none.
func startNginx(t testing.TB, servers ...string) *proxied {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("there is no nginx: " + err.Error())
	}
	folder := t.TempDir()
	certificate, key := filepath.Join(folder, "shop.pem"), filepath.Join(folder, "shop.key")
	n := &proxied{address: freeAddress(t), plain: freeAddress(t)}
	n.client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
		RootCAs: writeCertificate(t, certificate, key)}}}
	t.Cleanup(n.client.CloseIdleConnections)

	example, err := os.ReadFile(filepath.Join("..", "nginx.conf"))
	require.NoError(t, err)
	replace := func(text, old, new string) string {
		require.Equal(t, 1, strings.Count(text, old), old)
		return strings.Replace(text, old, new, 1)
	}
	with := replace(string(example), "    server 127.0.0.1:8080 max_fails=0;\n",
		"    server "+strings.Join(servers, " max_fails=0;\n    server ")+" max_fails=0;\n")
	with = replace(with, "/etc/ssl/shop.example.pem", certificate)
	with = replace(with, "/etc/ssl/shop.example.key", key)
	with, redirecting, _ := strings.Cut(with, "\nserver {\n    listen 80;")
	require.Contains(t, redirecting, "return 301 https://")
	without := replace(with, "listen 443 ssl;", "listen "+n.plain+";")
	without = strings.ReplaceAll(without, "ssl_", "# ssl_")
	without = strings.NewReplacer("upstream importer", "upstream plain", "http://importer/", "http://plain/").Replace(without)
	with = replace(with, "listen 443 ssl;", "listen "+n.address+" ssl;")
	user := ""
	if os.Getuid() == 0 {
		user = "user root;\n"
	}
	temporary := ""
	for _, name := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		temporary += name + "_temp_path " + filepath.Join(folder, name) + ";\n"
	}
	conf := filepath.Join(folder, "nginx.conf")
	require.NoError(t, os.WriteFile(conf, []byte(user+"daemon off;\npid "+filepath.Join(folder, "pid")+
		";\nerror_log stderr crit;\nevents {}\nhttp {\naccess_log off;\n"+temporary+with+without+"}\n"), 0o600))
	p := exec.Command(program, "-p", folder, "-c", conf)
	p.Stderr = os.Stderr
	require.NoError(t, p.Start())
	t.Cleanup(func() {
		_ = p.Process.Signal(syscall.SIGTERM)
		_ = p.Wait()
	})
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", n.plain)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}, 20*time.Second, 20*time.Millisecond, "nginx doesn't start")
	return n
}

// reply is an answer, whose body was read.
type reply struct {
	*http.Response
	text string
}

// ask sends a request with headers, as in "Name: value", whose answer has to have the status.
func ask(t testing.TB, client *http.Client, status int, method, url string, body io.Reader, headers ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	require.NoError(t, err)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	response, err := client.Do(r)
	require.NoError(t, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, status, response.StatusCode, string(text))
	return reply{response, string(text)}
}

// TestBehindNginx does through nginx what clients and browsers do.
func TestBehindNginx(t *testing.T) {
	t.Parallel()
	address, database := freeAddress(t), home.URL(t)
	n := startNginx(t, address)
	base := "https://" + n.address + "/catalog"
	raw, err := sql.Open("postgres", database)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, raw.Close()) })
	c := start(t, "-addr", address, "-database-url", database, "-workers", "0", "-max-upload", "64MiB",
		"-public-url", base, "-trusted-proxies", "127.0.0.1")

	// A browser: the page, then a session by cookie.
	browser := *n.client
	browser.Jar, err = cookiejar.New(nil)
	require.NoError(t, err)
	redirected := ask(t, &browser, 200, "GET", base, nil)
	require.Equal(t, base+"/", redirected.Request.URL.String())
	require.Contains(t, redirected.text, "<script")
	login := ask(t, &browser, 200, "POST", base+"/session", strings.NewReader(
		`{"user": "admin", "password": "`+c.password+`"}`), "Content-Type: application/json")
	cookie := login.Cookies()[0]
	require.True(t, cookie.Secure)
	require.Equal(t, "/catalog", cookie.Path)
	var document struct{ Servers []struct{ URL string } }
	described := ask(t, &browser, 200, "GET", base+"/openapi.json", nil)
	require.NoError(t, json.Unmarshal([]byte(described.text), &document))
	require.Equal(t, base, document.Servers[0].URL)

	// Pages of other servers may not write, those of this one may: with what browsers send over https, and without.
	write := func(base string, status int, headers ...string) {
		t.Helper()
		ask(t, n.client, status, "PUT", base+"/profiles/p", strings.NewReader(`{"settings": {"mode": "update"}}`),
			append(headers, "Content-Type: application/json", "Authorization: Basic "+
				base64.StdEncoding.EncodeToString([]byte("admin:"+c.password)))...)
	}
	for _, at := range []string{"https://" + n.address, "http://" + n.plain} {
		write(at+"/catalog", 403, "Origin: https://evil.example")
		write(at+"/catalog", 403, "Origin: https://evil.example", "X-Forwarded-Host: evil.example",
			"Forwarded: host=evil.example")
		write(at+"/catalog", 403, "Origin: https://evil.example", "Sec-Fetch-Site: cross-site")
		write(at+"/catalog", 200, "Origin: "+at)
		write(at+"/catalog", 200, "Origin: "+at, "Sec-Fetch-Site: same-origin")
		write(at+"/catalog", 200)
	}
	streams(t, &browser, base, database, raw)
	long := ask(t, &browser, 413, "POST", base+"/uploads/", strings.NewReader(strings.Repeat("x", 65<<20)),
		"Content-Type: text/csv")
	require.Contains(t, long.text, "67108864 bytes")

	// Lists lead on.
	for i := range 3 {
		ask(t, &browser, 201, "POST", base+"/products/", strings.NewReader(fmt.Sprintf(
			`{"name": "Lamp", "sku": "single-%d"}`, i)), "Content-Type: application/json")
	}
	next, seen := base+"/products/?limit=2", 0
	for next != "" {
		var page struct {
			Next    string
			Results []json.RawMessage
		}
		require.NoError(t, json.Unmarshal([]byte(ask(t, &browser, 200, "GET", next, nil).text), &page))
		next, seen = page.Next, seen+len(page.Results)
		require.True(t, next == "" || strings.HasPrefix(next, base+"/products/?"), next)
	}
	require.Equal(t, 5, seen)
}

// streams uploads a file, of which the server has the beginning before the end is sent, and sees the import's progress
// as it comes.
func streams(t *testing.T, browser *http.Client, base, database string, raw *sql.DB) {
	t.Helper()
	body, sending := io.Pipe()
	type answered struct {
		location *url.URL
		status   int
		err      error
	}
	accepted := make(chan answered, 1)
	go func() {
		response, err := browser.Post(base+"/upload_csv/", "text/csv", body)
		if err != nil {
			accepted <- answered{err: err}
			return
		}
		location, err := response.Location()
		accepted <- answered{location, response.StatusCode, errors.Join(err, response.Body.Close())}
	}()
	_, err := io.WriteString(sending, "sku,name\na,Lamp\nb,Desk\n")
	require.NoError(t, err)
	noise := make([]byte, 1<<20)
	for range 16 { // not to be compressed
		_, _ = rand.Read(noise)
		_, err = fmt.Fprintf(sending, ",%x\n", noise)
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool {
		var chunks int
		return raw.QueryRowContext(t.Context(), `SELECT count(*) FROM import_upload_chunks`).Scan(&chunks) == nil && chunks > 0
	}, 20*time.Second, 50*time.Millisecond, "the server gets it while it comes")
	require.NoError(t, sending.Close())
	upload := <-accepted
	require.NoError(t, upload.err)
	require.Equal(t, 202, upload.status)
	location := upload.location.String()
	require.True(t, strings.HasPrefix(location, base+"/imports/"), location)
	require.Contains(t, ask(t, browser, 200, "GET", location, nil).text, `"PENDING"`)

	// Nobody works yet, so the first event has to come while there is no other.
	events, err := browser.Get(location + "/events")
	require.NoError(t, err)
	defer func() { require.NoError(t, events.Body.Close()) }()
	require.Equal(t, 200, events.StatusCode)
	names := make(chan string, 100)
	go func() {
		defer close(names)
		for lines := bufio.NewScanner(events.Body); lines.Scan(); {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				names <- name
			}
		}
	}()
	select {
	case name := <-names:
		require.Equal(t, "progress", name)
	case <-time.After(10 * time.Second):
		require.FailNow(t, "no event comes")
	}
	startWorker(t, database)
	last := ""
	for name := range names {
		last = name
	}
	require.Equal(t, "done", last)
}
