package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/examples/programtest"
)

// launch starts a server at an address, and waits until it serves there.
func launch(t *testing.T, address, database, public string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	p := exec.Command(self, "-addr", address, "-log-level", "error", "-workers", "0", "-drain", "1s",
		"-public-url", public, "-trusted-proxies", "127.0.0.1")
	p.Env = append(os.Environ(), asProgram+"=server", "DATABASE_URL="+database, "ADMIN_PASSWORD=secret", "USERS=",
		programtest.Races(t))
	p.Stderr = os.Stderr
	stdout, err := p.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	t.Cleanup(func() { kill(p) })
	lines := bufio.NewScanner(stdout)
	require.True(t, lines.Scan(), "it says where it serves")
	return p
}

// visitor is somebody who uses the API all the time, and takes no error.
type visitor struct {
	ctx     context.Context // ends his visit
	client  *http.Client
	base    string
	visits  atomic.Int64 // that went well
	created atomic.Int64 // products
	reopen  atomic.Int64 // streams that he had to open again
}

// call sends a request, whose answer has to have the status.
func (v *visitor) call(method, path, contentType, body string, status int) (text string, err error) {
	r, err := http.NewRequestWithContext(context.WithoutCancel(v.ctx), method, v.base+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	r.SetBasicAuth("admin", "secret")
	r.Header.Set("Content-Type", contentType)
	if strings.HasSuffix(path, "/events") { // as an EventSource, which gets a stream from a server that is stopping too
		r.Header.Set("Accept", "text/event-stream")
	}
	response, err := v.client.Do(r)
	if err != nil {
		return "", err
	}
	answer, err := io.ReadAll(response.Body)
	err = errors.Join(err, response.Body.Close())
	if err == nil && response.StatusCode != status {
		err = fmt.Errorf("%s %s: %s: %s", method, path, response.Status, answer)
	}
	return string(answer), err
}

// read and write are single requests, one after the other.
func (v *visitor) read(int) error {
	_, err := v.call("GET", "/products/?limit=5", "", "", http.StatusOK)
	return err
}

func (v *visitor) write(i int) error {
	_, err := v.call("POST", "/products/", "application/json", fmt.Sprintf(`{"sku": "single-%d", "name": "Lamp"}`, i),
		http.StatusCreated)
	v.created.Add(1)
	return err
}

// importFile uploads a file and follows its import to the end, by as many streams as that takes.
func (v *visitor) importFile(i int) error {
	const records = 2_000
	file := "sku,name\n"
	for n := range records {
		file += fmt.Sprintf("import-%d-%d,Desk\n", i, n)
	}
	text, err := v.call("POST", "/upload_csv/", "text/csv", file, http.StatusAccepted)
	if err != nil {
		return err
	}
	var task struct {
		ID string `json:"task_id"`
	}
	if err := json.Unmarshal([]byte(text), &task); err != nil {
		return err
	}
	for streams := 0; ; streams++ {
		stream, err := v.call("GET", "/imports/"+task.ID+"/events", "", "", http.StatusOK)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		if strings.Contains(stream, "event: done") {
			v.created.Add(records)
			v.reopen.Add(int64(streams))
			return nil
		}
	}
}

// TestRollingRestarts restarts two servers and two workers behind nginx, one after the other, while clients read, write
// and import. None of them sees an error; streams are opened again.
func TestRollingRestarts(t *testing.T) {
	t.Parallel()
	database := home.URL(t)
	addresses := []string{freeAddress(t), freeAddress(t)}
	n := startNginx(t, addresses...)
	base := "https://" + n.address + "/catalog"
	var servers, workers []*exec.Cmd
	for _, address := range addresses {
		servers = append(servers, launch(t, address, database, base))
		workers = append(workers, startWorker(t, database))
	}
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	v := &visitor{ctx: ctx, client: n.client, base: base}
	var visits sync.WaitGroup
	for _, visit := range []func(int) error{v.read, v.write, v.importFile} {
		visits.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if err := visit(i); err != nil {
					t.Error(err)
					return
				}
				v.visits.Add(1)
			}
		})
	}
	for i, address := range addresses {
		require.NoError(t, servers[i].Process.Signal(syscall.SIGTERM))
		require.NoError(t, servers[i].Wait())
		servers[i] = launch(t, address, database, base)
		require.NoError(t, workers[i].Process.Signal(syscall.SIGTERM))
		require.NoError(t, workers[i].Wait())
		workers[i] = startWorker(t, database)
		before := v.visits.Load()
		require.Eventually(t, func() bool { return v.visits.Load() >= before+100 }, time.Minute, 10*time.Millisecond,
			"it is in use again")
	}
	leave()
	visits.Wait()
	raw, err := sql.Open("postgres", database)
	require.NoError(t, err)
	defer func() { require.NoError(t, raw.Close()) }()
	var products int64
	require.NoError(t, raw.QueryRowContext(t.Context(), `SELECT count(*) FROM products`).Scan(&products))
	require.Equal(t, v.created.Load(), products, "what was acknowledged is there, once")
	t.Logf("%d products, %d streams opened again", products, v.reopen.Load())
}
