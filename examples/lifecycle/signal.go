package lifecycle

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Stop is the cause of a context that a signal ended.
type Stop struct{ Signal os.Signal }

func (s *Stop) Error() string { return "stopped by the signal " + s.Signal.String() }

// Is makes it a kind of context.Canceled: a stop in good order.
func (s *Stop) Is(target error) bool { return target == context.Canceled }

// Signals returns a context that the first SIGINT or SIGTERM ends, with a *Stop as its cause. The next one ends the
// process at once. The caller calls stop at the end.
func Signals(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case s := <-signals:
			signal.Stop(signals)
			cancel(&Stop{s})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
		<-ended
	}
}

// drainFor returns how long connections are taken after what ended the context: not at all after trouble, nor for a
// person at a terminal, who waits for the prompt.
func (s *Settings) drainFor(cause error) time.Duration {
	var stop *Stop
	if errors.As(cause, &stop) && stop.Signal == os.Interrupt || !errors.Is(cause, context.Canceled) {
		return 0
	}
	return s.Drain
}
