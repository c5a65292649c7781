package basicauth

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBucketIsBounded(t *testing.T) {
	b := newBucket(clientFailures, clientPace)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const worst = 1 << 40
	for range 20 {
		b.add(worst, now)
	}
	for i := range uint64(3 * maxThrottled) {
		b.add(i, now.Add(time.Duration(i)*time.Millisecond))
	}
	require.LessOrEqual(t, len(b.empty), maxThrottled)
	require.Equal(t, 11*clientPace, b.wait(worst, now), "who fails most is kept in mind")
	require.Equal(t, 20, b.level(worst, now))

	later := now.Add(time.Hour)
	require.Zero(t, b.wait(worst, later), "an hour later all is forgiven")
	require.Zero(t, b.level(worst, later))
	for i := range uint64(maxThrottled) {
		b.add(1<<50+i, later)
	}
	require.LessOrEqual(t, len(b.empty), maxThrottled)
}

func TestRecentIsBounded(t *testing.T) {
	m := newRecent[int](time.Hour, 100)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := range 1_000 {
		m.add(i, now.Add(time.Duration(i)*time.Second))
		require.True(t, m.renew(0, now.Add(time.Duration(i)*time.Second)) ||
			i > 100, "what is used is remembered, as a rule")
	}
	require.Len(t, m.until, 100)
	require.True(t, m.renew(999, now.Add(time.Hour)))
	require.False(t, m.renew(999, now.Add(3*time.Hour)))
	m.add(1, now.Add(3*time.Hour))
	require.Less(t, len(m.until), 100, "what is over makes room first")
}
