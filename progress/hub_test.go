package progress_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/progress"
)

func TestHubGivesTheLatestValue(t *testing.T) {
	var hub progress.Hub[string, int]
	hub.Publish("a", 1)
	s := hub.Subscribe("a")
	defer s.Close()
	for i := 2; i <= 5; i++ {
		hub.Publish("a", i)
		hub.Publish("b", -i)
	}
	got, err := s.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, 5, got, "what lies between is lost")

	late := hub.Subscribe("a")
	defer late.Close()
	got, err = late.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, 5, got, "who comes later begins with the latest")

	got, known := hub.Latest("a")
	require.True(t, known)
	require.Equal(t, 5, got)

	hub.Publish("a", 5)
	got, err = s.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, 5, got, "an equal value is a new one all the same")
}

func TestHubForgetsWithoutSubscribers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hub progress.Hub[int, string]
		require.Empty(t, hub.Keys())
		require.Zero(t, hub.Len())
		first, second := hub.Subscribe(1), hub.Subscribe(1)
		other := hub.Subscribe(2)
		defer other.Close()
		require.ElementsMatch(t, []int{1, 2}, hub.Keys())
		require.Equal(t, 3, hub.Len())
		hub.Publish(1, "old")
		first.Close()
		first.Close()
		require.ElementsMatch(t, []int{1, 2}, hub.Keys(), "closing twice counts once")
		require.Equal(t, 2, hub.Len())
		second.Close()
		require.Equal(t, []int{2}, hub.Keys())

		_, known := hub.Latest(1)
		require.False(t, known)
		again := hub.Subscribe(1)
		_, known = hub.Latest(1)
		require.False(t, known, "nothing was published since")
		defer again.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := again.Next(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded, "values of former subscribers are gone")
	})
}

func TestHubWakesAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hub progress.Hub[string, int]
		s := hub.Subscribe("a")
		values := make(chan int)
		go func() {
			defer close(values)
			for {
				v, err := s.Next(t.Context())
				if err != nil {
					if !errors.Is(err, progress.ErrClosed) {
						values <- -1
					}
					return
				}
				values <- v
			}
		}()
		for i := range 10 {
			synctest.Wait()
			hub.Publish("a", i)
			require.Equal(t, i, <-values)
		}
		synctest.Wait()
		hub.Publish("a", 11)
		synctest.Wait() // the goroutine waits for this test, not for the hub
		hub.Publish("a", 12)
		require.Equal(t, 11, <-values)
		synctest.Wait()
		require.Equal(t, 12, <-values)
		s.Close()
		v, open := <-values
		require.False(t, open, "Close ends a Next that waits, but %d came", v)

		_, err := s.Next(t.Context())
		require.ErrorIs(t, err, progress.ErrClosed)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		other := hub.Subscribe("a")
		defer other.Close()
		hub.Publish("a", 1)
		_, err = other.Next(ended)
		require.ErrorIs(t, err, context.Canceled, "no value with a context that has ended")
	})
}

func TestHubManySubscribers(t *testing.T) {
	var hub progress.Hub[string, int]
	const subscribers, last = 2_000, 500
	var group sync.WaitGroup
	wrong := make(chan int, subscribers)
	for range subscribers {
		s := hub.Subscribe("a")
		group.Go(func() {
			defer s.Close()
			for before := 0; before < last; {
				v, err := s.Next(t.Context())
				if err != nil || v <= before {
					wrong <- v
					return
				}
				before = v
			}
		})
	}
	for i := 1; i <= last; i++ {
		hub.Publish("a", i)
	}
	group.Wait()
	require.Empty(t, wrong, "everybody sees values grow and gets the last one")
	require.Empty(t, hub.Keys())
}

func BenchmarkHubPublish(b *testing.B) {
	for _, n := range []struct {
		name        string
		subscribers int
	}{{"nobody", 0}, {"one", 1}, {"5000", 5_000}} {
		b.Run(n.name, func(b *testing.B) {
			var hub progress.Hub[string, int]
			var group sync.WaitGroup
			ctx, cancel := context.WithCancel(b.Context())
			for range n.subscribers {
				s := hub.Subscribe("a")
				group.Go(func() {
					defer s.Close()
					for {
						if _, err := s.Next(ctx); err != nil {
							return
						}
					}
				})
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				hub.Publish("a", i)
			}
			cancel()
			group.Wait()
		})
	}
}
