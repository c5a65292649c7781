package webhooks

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestRetryAfterHolds: a receiver that is overloaded speaks for all deliveries, any other answer for the one.
func TestRetryAfterHolds(t *testing.T) {
	for status, want := range map[int]time.Duration{
		http.StatusTooManyRequests: time.Hour, http.StatusServiceUnavailable: time.Hour,
		http.StatusInternalServerError: 0, http.StatusBadGateway: 0, http.StatusMovedPermanently: 0,
	} {
		for number, state := range map[int]DeliveryState{1: Pending, len(Schedule()) + 1: Failed} {
			answer := Answer{RetryAfter: time.Hour,
				Attempt: Attempt{Number: number, Status: status, Failure: FailureStatus}}
			result := resultOf(Schedule(), &Delivery{}, &answer)
			require.Equal(t, state, result.State)
			require.Equal(t, want, result.Hold, "status %d, attempt %d", status, number)
		}
	}
}
