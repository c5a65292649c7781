// Package lifecycle is the start and the end that the server and the worker have in common. A program listens before it
// opens its database, and says until then that it isn't ready (Front). A database that isn't there yet is waited for
// (Settings.Await). The end begins with saying that it isn't ready any more; connections are taken on until whoever
// sends them has noticed (Settings.Drain), and what is cut off then is logged.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/products"
)

// Settings are the settings of the command line and the environment.
type Settings struct {
	// Wait is how long a database is waited for that can't be reached; 0 for one try.
	Wait time.Duration
	// Drain is how long connections are taken after SIGTERM.
	Drain time.Duration
}

// AddWait adds the flag -wait.
func (s *Settings) AddWait(flags *envflags.Set) {
	flags.DurationIn(&s.Wait, "wait", time.Minute, 0, 24*time.Hour,
		"how long the database is waited for at the start when it can't be reached; 0 for one try")
}

// AddDrain adds the flag -drain.
func (s *Settings) AddDrain(flags *envflags.Set) {
	flags.DurationIn(&s.Drain, "drain", 5*time.Second, 0, time.Hour,
		"how long connections are taken after SIGTERM, while /readyz says that none should come any more: as long as "+
			"what spreads requests takes to notice")
}

// The pauses between two tries to open a database.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = time.Second
)

// Await calls open until it succeeds. An error that is products.ErrUnavailable is waited out, for as long as Wait says,
// which is logged once and not with every try; any other one is returned at once. When the context ends its error is
// returned.
func (s *Settings) Await(ctx context.Context, front *Front, logger *slog.Logger,
	open func(ctx context.Context) error) error {
	began, pause, waits := time.Now(), firstPause, false
	for {
		front.Starting("opening the database")
		err := open(ctx)
		left := s.Wait - time.Since(began)
		switch {
		case err == nil:
			if waits {
				logger.Info("the database is there", "waited", time.Since(began).Round(time.Millisecond))
			}
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.Is(err, products.ErrUnavailable) || s.Wait == 0:
			return err
		case left <= 0:
			return fmt.Errorf("waited %v for the database: %w", s.Wait, err)
		}
		front.Starting("waiting for the database, which can't be reached")
		if !waits {
			waits = true
			args := []any{"at_most", s.Wait, "error", err}
			if addr := front.Addr(); addr != nil {
				args = append(args, "listening", addr.String())
			}
			logger.Warn("waiting for the database, which can't be reached", args...)
		}
		timer := time.NewTimer(min(pause, left))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		pause = min(2*pause, lastPause)
	}
}
