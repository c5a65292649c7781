package pgtest

import (
	"database/sql"
	"fmt"
	"os"
	"path"
	"testing"
	"time"

	"github.com/lib/pq"
)

// Server is a PostgreSQL of a test's own.
type Server struct {
	t testing.TB
	*server
}

// Own starts a server that nobody else uses, which the test may stop and start; it goes when the test ends. The test is
// skipped where neither Docker nor PostgreSQL's programs give one: the server in TEST_DATABASE_URL must not be stopped.
func Own(t testing.TB) *Server {
	t.Helper()
	return own(t, options{own: true})
}

func own(t testing.TB, o options) *Server {
	t.Helper()
	s, why := find(o)
	if s == nil {
		// Not every machine allows this process to mount.
		excused := os.Getenv("TEST_DATABASE_URL") != "" || o.small > 0
		giveUp(t, excused, fmt.Errorf("no PostgreSQL of the test's own: %w", why))
	}
	t.Cleanup(s.stop)
	return &Server{t, s}
}

// URL is the URL of an empty database.
func (s *Server) URL() string { return s.url }

// Crash stops the server as a crash does: nothing is written any more, connections break. It returns when it has gone.
func (s *Server) Crash() {
	s.t.Helper()
	if err := s.crash(); err != nil {
		s.t.Fatalf("pgtest: %v", err)
	}
}

// Start starts the server again, on the same port, and waits until it has recovered and answers.
func (s *Server) Start() {
	s.t.Helper()
	err := s.start()
	if err == nil {
		_, err = await(s.url, time.Minute)
	}
	if err != nil {
		s.t.Fatalf("pgtest: %v", err)
	}
}

// Freeze stops all processes of the server (SIGSTOP), so that its host answers and the server doesn't. At the end of
// the test they go on, if Thaw wasn't called.
func (s *Server) Freeze() {
	s.t.Helper()
	s.t.Cleanup(func() { _ = s.thaw() })
	if err := s.freeze(); err != nil {
		s.t.Fatalf("pgtest: %v", err)
	}
}

// Thaw lets the server go on.
func (s *Server) Thaw() {
	s.t.Helper()
	if err := s.thaw(); err != nil {
		s.t.Fatalf("pgtest: %v", err)
	}
}

// Small returns the URL of an empty database on a disk of so many bytes, at least 16 MiB, half of which it needs for
// itself. The server and its log are on another one. The test is skipped where there is no such server, see Own, or
// where this process may not mount such a disk; in Docker it may.
func Small(t testing.TB, bytes int64) string {
	t.Helper()
	s := own(t, options{own: true, small: bytes})
	db, err := sql.Open("postgres", s.url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	folder := path.Join(s.small, "tablespace")
	for _, statement := range []string{
		// The server's own user has to own it.
		`COPY (SELECT WHERE false) TO PROGRAM ` + pq.QuoteLiteral("mkdir -m 700 "+folder),
		`CREATE TABLESPACE small LOCATION ` + pq.QuoteLiteral(folder),
		`CREATE DATABASE small TABLESPACE small`,
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("pgtest: %s: %v", statement, err)
		}
	}
	return withDatabase(s.url, "small")
}
