package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestBehindAProxy has somebody fail behind the same proxy, and a client that finds the next page where the public sees
// it.
func TestBehindAProxy(t *testing.T) {
	c := start(t, "-trusted-proxies", "192.0.2.0/24, 127.0.0.1", "-public-url", "https://shop.example/api")
	ask := func(client, password string) (status int, page struct{ Previous string }) {
		r, err := http.NewRequestWithContext(t.Context(), "GET", c.base+"/imports/?offset=1", nil)
		require.NoError(t, err)
		r.SetBasicAuth("admin", password)
		r.Header.Set("X-Forwarded-For", "198.51.100.9, "+client)
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer func() { _ = response.Body.Close() }()
		require.NoError(t, json.NewDecoder(response.Body).Decode(&page))
		return response.StatusCode, page
	}
	for i := range 10 {
		status, _ := ask("203.0.113.1", fmt.Sprint("wrong", i))
		require.Equal(t, 401, status)
	}
	began := time.Now()
	status, page := ask("203.0.113.2", c.password)
	require.Equal(t, 200, status)
	require.Less(t, time.Since(began), 5*time.Second, "the other's failures are the other's")
	require.Equal(t, "https://shop.example/api/imports/", page.Previous)
}
