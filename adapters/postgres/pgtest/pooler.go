package pgtest

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lib/pq"
)

// PoolSize is how many connections a pooler has to the server.
const PoolSize = 4

// Pooler returns the URL of the database, one that URL returned, by way of a pgbouncer in transaction mode: every
// transaction gets whichever of PoolSize connections is free, with whatever others left in its session. It goes when
// the test ends. The test is skipped where the program isn't installed.
func Pooler(t testing.TB, databaseURL string) string {
	t.Helper()
	return PoolerIn(t, databaseURL, "transaction")
}

// PoolerIn is Pooler in another of pgbouncer's modes: session, transaction or statement.
func PoolerIn(t testing.TB, databaseURL, mode string) string {
	t.Helper()
	program, err := findPooler()
	if err != nil {
		giveUp(t, true, err)
	}
	//nolint:usetesting // its user couldn't get into the test's folder
	folder, err := os.MkdirTemp("", "pgtest-pooler-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	config, err := pq.NewConfig(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	// All clients connect as the server's user.
	server := fmt.Sprintf("host=%s port=%d user=%s", quote(config.Host), config.Port, quote(config.User))
	if config.Password != "" {
		server += " password=" + quote(config.Password)
	}
	settings := fmt.Sprintf(`[databases]
%s = %s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = %s
default_pool_size = %d
ignore_startup_parameters = extra_float_digits
`, config.Database, server, port, mode, PoolSize)
	path := filepath.Join(folder, "pgbouncer.ini")
	if err := os.WriteFile(path, []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	attributes, err := unprivileged(folder)
	if err != nil {
		giveUp(t, true, err)
	}
	var log bytes.Buffer
	cmd := exec.Command(program, path)
	cmd.Dir, cmd.SysProcAttr, cmd.Stderr = folder, attributes, &log
	ended, err := launch(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	u := url.URL{Scheme: "postgres", User: url.User(config.User), Host: fmt.Sprintf("127.0.0.1:%d", port),
		Path: "/" + config.Database, RawQuery: "sslmode=disable"}
	if _, err := await(u.String(), 10*time.Second); err != nil {
		_ = cmd.Process.Kill()
		<-ended
		t.Fatalf("pgtest: pgbouncer doesn't answer: %v; its log:\n%s", err, strings.TrimSpace(log.String()))
	}
	return u.String()
}

// quote makes a value of a setting.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// findPooler returns the path of pgbouncer: on the PATH, or where Debian keeps it.
func findPooler() (string, error) {
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("pgbouncer is not installed")
}
