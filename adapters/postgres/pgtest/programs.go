package pgtest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fromPrograms sets a server up in a temporary folder and runs it.
func fromPrograms() (*server, error) {
	fail := func(err error) (*server, error) { return nil, fmt.Errorf("PostgreSQL's programs: %w", err) }
	bin, err := findPrograms()
	if err != nil {
		return fail(err)
	}
	folder, err := os.MkdirTemp("", "pgtest-")
	if err != nil {
		return fail(err)
	}
	s, err := serve(bin, folder)
	if err != nil {
		return fail(errors.Join(err, os.RemoveAll(folder)))
	}
	return s, nil
}

// findPrograms returns the folder of initdb and postgres: on the PATH, or the newest where Debian keeps them.
func findPrograms() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("initdb is neither on the PATH nor in /usr/lib/postgresql")
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0 for a folder that is none
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

func serve(bin, folder string) (*server, error) {
	attributes, err := unprivileged(folder)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(folder, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = folder, attributes
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, lastLine(out))
	}
	for range 3 { // somebody else may take the free port before the server does
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		s, err := runPostgres(bin, folder, data, port, attributes)
		if err == nil {
			return s, nil
		}
		if !errors.Is(err, errEnded) {
			return nil, err
		}
	}
	return nil, errEnded
}

var errEnded = errors.New("the server ended at once")

func runPostgres(bin, folder, data string, port int, attributes *sysProcAttr) (*server, error) {
	var log bytes.Buffer
	cmd := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-p", strconv.Itoa(port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200")
	cmd.Dir, cmd.SysProcAttr, cmd.Stderr = folder, dieWithUs(attributes), &log
	started, ended := make(chan error), make(chan struct{})
	go func() {
		// The system ends the server when the thread that started it ends: keep the thread until then.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	stop := func() {
		_ = cmd.Process.Signal(os.Interrupt) // "fast shutdown"
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
	}
	url := fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
	answer := make(chan error, 1)
	go func() {
		_, err := await(url, 30*time.Second)
		answer <- err
	}()
	select {
	case <-ended:
		return nil, fmt.Errorf("%w: %s", errEnded, lastLine(log.Bytes()))
	case err := <-answer:
		if err != nil {
			stop()
			return nil, err
		}
	}
	return &server{url: url, from: bin, stop: func() {
		stop()
		_ = os.RemoveAll(folder)
	}}, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}
