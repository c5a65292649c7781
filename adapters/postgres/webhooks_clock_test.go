package postgres

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestClockWatch(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	server := at.Add(-17 * time.Minute) // clocks differ
	c := clockWatch{local: at, server: server}
	for _, x := range []struct {
		name           string
		passed, server time.Duration
		back           time.Duration
	}{
		{"it goes on", 5 * time.Second, 5 * time.Second, 0},
		{"it is set back", 5 * time.Second, 5*time.Second - time.Hour, time.Hour},
		{"it is set forward", 5 * time.Second, time.Hour, 5*time.Second - time.Hour},
		{"nobody looked for a day", 24 * time.Hour, 23 * time.Hour, time.Hour},
		{"the server is asked late", 5 * time.Second, 12 * time.Second, -7 * time.Second},
	} {
		t.Run(x.name, func(t *testing.T) {
			require.Equal(t, x.back, c.back(at.Add(x.passed), server.Add(x.server)))
		})
	}
}
