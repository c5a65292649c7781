// Package casetest runs the cases of the conformance suites that adapters pass: products/storetest,
// importer/job/jobtest, webhooks/storetest and adapters/httpapi/basicauth/tokentest. It knows none of them.
//
// A case is a function of a [T], which a suite runs in two ways. As a part of an adapter's test it gets the test's:
//
//	t.Run(name, func(t *testing.T) { run(casetest.T{TestingT: t}, open(t)) })
//
// The suites are themselves tested, on stores that are broken on purpose. There a case that fails is what the test
// wants, so [Check] runs it outside of a test and returns what broke as an error.
//
// A [Buffer] takes what a program logs while a test reads it. [Thorough] says whether tests do all that they can.
package casetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/stretchr/testify/require"
)

// Patience is how long a case waits for a store before it fails.
const Patience = 30 * time.Second

// deadlock is how long concurrent calls may take. Beyond that they are considered to be in a deadlock.
const deadlock = time.Minute

// Thorough reports whether tests are to do all that they can, for which the environment has TEST_THOROUGH=1. Without it
// they leave out what others say nearly as much of: suites over the same store in another setting, and the tenth kill.
func Thorough() bool { return os.Getenv("TEST_THOROUGH") == "1" }

// Times is how often a test does something: the first number where it is to be thorough, else the second.
func Times(thorough, otherwise int) int {
	if Thorough() {
		return thorough
	}
	return otherwise
}

// TestingT is what a case needs of a *testing.T.
type TestingT interface {
	require.TestingT
	Helper()
	Context() context.Context
}

// T is what a case reports its failures to. Its methods wait for a store.
type T struct{ TestingT }

// Check runs a case outside of a test and returns its failures, joined, or nil. A case that panics has failed.
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

// Eventually calls ask until it returns true. The case fails, naming the promise, when that takes longer than
// [Patience] or its context ends.
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

// Together runs n calls at the same time, numbered from 0, and waits for all of them. The case fails, naming the
// promise, when one of them does. Their context ends after a minute.
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

// recorder is a TestingT that keeps the failures.
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
