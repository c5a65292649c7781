package postgres_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
)

// TestExample runs the server of the example: it does an import, says what became of it, and stops in good order.
func TestExample(t *testing.T) {
	url := pgtest.URL(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var log bytes.Buffer
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- serveAll(ctx, url, "open sesame", listener, slog.New(slog.NewTextHandler(&log, nil)))
	}()
	send := func(method, path, body string, into any) int {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+listener.Addr().String()+path,
			strings.NewReader(body))
		require.NoError(t, err)
		r.SetBasicAuth("admin", "open sesame")
		r.Header.Set("Content-Type", "text/csv")
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer func() { _ = response.Body.Close() }()
		require.NoError(t, json.NewDecoder(response.Body).Decode(into))
		return response.StatusCode
	}
	var accepted struct {
		ID string `json:"task_id"`
	}
	require.Equal(t, http.StatusAccepted, send("POST", "/upload_csv/", "sku,name\nA-1,Apple\n", &accepted))
	require.Eventually(t, func() bool {
		var j struct{ State string }
		return send("GET", "/imports/"+accepted.ID, "", &j) == http.StatusOK && j.State == "SUCCESS"
	}, time.Minute, 20*time.Millisecond)
	http.DefaultClient.CloseIdleConnections()
	stop()
	require.NoError(t, <-ended)
	require.NotContains(t, log.String(), "not_set", "nothing is missing")
}
