// Package casetest runs the cases of conformance suites, in tests and outside of them: the suites themselves are tested
// on stores that are broken on purpose, where a case that fails is no failed test.
package casetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/stretchr/testify/require"
)

// Patience is how long something may take before it is taken for a failure.
const Patience = 30 * time.Second

// deadlock is how long concurrent calls may take before they are taken for a deadlock.
const deadlock = time.Minute

// TestingT is what a case needs of a *testing.T.
type TestingT interface {
	require.TestingT
	Helper()
	Context() context.Context
}

// T is what a case reports to, and what helps it to wait.
type T struct{ TestingT }

// Check runs a case outside a test and returns what broke, or nil. A case that panics has failed.
func Check(ctx context.Context, run func(t T)) error {
	r := &recorder{ctx: ctx}
	done := make(chan struct{})
	go func() { // so that FailNow can end it
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				r.Errorf("panic: %v", p)
			}
		}()
		run(T{r})
	}()
	<-done
	return errors.Join(r.failures...)
}

// Eventually asks until the answer is yes. The case fails when that takes longer than Patience, or its context ends.
func (t T) Eventually(promise string, ask func() bool) {
	t.Helper()
	deadline := time.Now().Add(Patience)
	for !ask() {
		require.True(t, time.Now().Before(deadline), "%s: not within %v", promise, Patience)
		select {
		case <-time.After(2 * time.Millisecond):
		case <-t.Context().Done():
			require.NoError(t, t.Context().Err(), promise)
		}
	}
}

// Together runs n calls at the same time and waits for all. The case fails when one of them does; their context ends
// after a minute.
func (t T) Together(n int, promise string, call func(ctx context.Context, i int) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadlock)
	defer cancel()
	failures := make([]error, n)
	var wait sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wait.Go(func() {
			<-start
			failures[i] = call(ctx, i)
		})
	}
	close(start)
	wait.Wait()
	require.NoError(t, errors.Join(failures...), promise)
}

// recorder is a TestingT outside a test.
type recorder struct {
	ctx      context.Context
	failures []error
}

func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Errorf(format, args...))
}

func (r *recorder) FailNow()                 { runtime.Goexit() }
func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
