package main

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi/page"
)

// TestWebPage finds the page at the server's address without a log-in, and the API behind one.
func TestWebPage(t *testing.T) {
	t.Parallel()
	c := start(t)
	for path, want := range map[string]int{"/": 200, "/page/app.js": 200, "/page/none.js": 401, "/imports/": 401} {
		response, err := http.Get(c.base + path)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		if !page.Included {
			want = http.StatusUnauthorized
		}
		require.Equal(t, want, response.StatusCode, path)
		if path == "/" && page.Included {
			require.Contains(t, string(body), "<title>Products importer</title>")
		}
	}
}
