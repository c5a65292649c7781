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
	"syscall"
	"time"
)

// fromPrograms sets a server up in a temporary folder and runs it.
func fromPrograms(o options) (*server, error) {
	fail := func(err error) (*server, error) { return nil, fmt.Errorf("PostgreSQL's programs: %w", err) }
	bin, err := findPrograms()
	if err != nil {
		return fail(err)
	}
	folder, err := os.MkdirTemp("", "pgtest-")
	if err != nil {
		return fail(err)
	}
	p := &programs{bin: bin, folder: folder, options: o}
	if err := p.run(); err != nil {
		p.stop()
		return fail(err)
	}
	return &server{url: p.url(), from: bin, small: p.small(), stop: p.stop, crash: p.crash, start: p.start,
		freeze: p.freeze, thaw: p.thaw}, nil
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

// programs run a server.
type programs struct {
	bin, folder string
	options     options
	attributes  *sysProcAttr
	unmount     func() error // the small disk; nil for none

	port    int
	process *os.Process
	ended   chan struct{} // closed when the process has ended; nil before the first one
}

func (p *programs) data() string  { return filepath.Join(p.folder, "data") }
func (p *programs) small() string { return filepath.Join(p.folder, "small") }

func (p *programs) url() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", p.port)
}

// run makes the data directory and starts the server.
func (p *programs) run() (err error) {
	if p.attributes, err = unprivileged(p.folder); err != nil {
		return err
	}
	if p.options.small > 0 {
		if err := os.Mkdir(p.small(), 0o700); err != nil {
			return err
		}
		if p.unmount, err = mountMemory(p.small(), p.options.small); err != nil {
			return err
		}
	}
	initdb := exec.Command(filepath.Join(p.bin, "initdb"), "-D", p.data(), "-U", "postgres", "-E", "UTF8",
		"--locale=C.UTF-8", "--auth=trust", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = p.folder, p.attributes
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, lastLine(out))
	}
	for range 3 { // somebody else may take the free port before the server does
		if p.port, err = freePort(); err != nil {
			return err
		}
		if err = p.start(); !errors.Is(err, errEnded) {
			return err
		}
	}
	return err
}

var errEnded = errors.New("the server ended at once")

// start starts the server on its port and waits until it answers.
func (p *programs) start() error {
	var log bytes.Buffer
	cmd := exec.Command(filepath.Join(p.bin, "postgres"), append([]string{"-D", p.data(), "-p", strconv.Itoa(p.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="}, p.options.settings()...)...)
	cmd.Dir, cmd.SysProcAttr, cmd.Stderr = p.folder, p.attributes, &log
	cmd.Env = append(os.Environ(), "HOME="+p.folder) // where it looks for certificates when it connects to others
	ended, err := launch(cmd)
	if err != nil {
		return err
	}
	p.process, p.ended = cmd.Process, ended
	answer := make(chan error, 1)
	go func() {
		_, err := await(p.url(), 30*time.Second)
		answer <- err
	}()
	select {
	case <-ended:
		return fmt.Errorf("%w: %s", errEnded, lastLine(log.Bytes()))
	case err := <-answer:
		return err
	}
}

// launch starts a process that ends with this one, where the system can do that, and returns a channel that is closed
// when it has ended.
func launch(cmd *exec.Cmd) (ended chan struct{}, err error) {
	cmd.SysProcAttr = dieWithUs(cmd.SysProcAttr)
	started, ended := make(chan error), make(chan struct{})
	go func() {
		// The system ends the process when the thread that started it ends: keep the thread until then.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(ended)
		}
	}()
	return ended, <-started
}

// crash is an "immediate shutdown".
func (p *programs) crash() error {
	err := p.process.Signal(syscall.SIGQUIT)
	<-p.ended
	return err
}

// freeze halts the server's processes, the parent first, so that it makes no more of them.
func (p *programs) freeze() error { return haltFamily(p.process) }

func (p *programs) thaw() error { return resumeFamily(p.process) }

// stop ends the server and removes all of it.
func (p *programs) stop() {
	if p.ended != nil {
		_ = p.process.Signal(os.Interrupt) // "fast shutdown"
		select {
		case <-p.ended:
		case <-time.After(10 * time.Second):
			_ = p.process.Kill()
			<-p.ended
		}
	}
	if p.unmount != nil {
		_ = p.unmount()
	}
	_ = os.RemoveAll(p.folder)
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
