package httpapi

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestThrottleIsBounded(t *testing.T) {
	var th throttle
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for range 20 {
		th.fail("worst", now)
	}
	for i := range 3 * maxThrottled {
		th.fail(fmt.Sprint(i), now.Add(time.Duration(i)*time.Millisecond))
	}
	require.LessOrEqual(t, len(th.buckets), maxThrottled)
	require.Equal(t, 11*forgiveness, th.wait("worst", addressFailures, now), "who fails most is kept in mind")

	later := now.Add(time.Hour)
	require.Zero(t, th.wait("worst", addressFailures, later), "an hour later all is forgiven")
	for i := range maxThrottled {
		th.fail(fmt.Sprint("late", i), later)
	}
	require.LessOrEqual(t, len(th.buckets), maxThrottled)
	_, kept := th.buckets["worst"]
	require.False(t, kept, "what is forgiven makes room first")
}

func TestClientAddress(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.1:80": "192.0.2.1", "[::ffff:192.0.2.1]:80": "192.0.2.1", "[2001:db8:1:2:3:4:5:6]:80": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:80": "fe80::/64", "pipe": "pipe", "": "",
	} {
		require.Equal(t, want, ClientAddress(&http.Request{RemoteAddr: remote}))
	}
}
