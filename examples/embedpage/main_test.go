package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEmbedPage logs in to the shop, and finds its page with the element, the element's files, and the API.
func TestEmbedPage(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, "127.0.0.1:0", in) }()
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	base := strings.TrimSpace(strings.TrimPrefix(line, "serving "))
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := &http.Client{Jar: jar}
	defer client.CloseIdleConnections()
	get := func(path string) (status int, body string) {
		response, err := client.Get(base + path)
		require.NoError(t, err)
		defer func() { require.NoError(t, response.Body.Close()) }()
		content, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(content)
	}

	_, body := get("/")
	require.Contains(t, body, `action="/login"`)
	status, body := get("/catalog/imports/")
	require.Equal(t, http.StatusUnauthorized, status)
	require.Contains(t, body, "log in to the shop first")

	response, err := client.PostForm(base+"/login", url.Values{"name": {"ann"}})
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	_, body = get("/")
	require.Contains(t, body, `<products-import endpoint="/catalog/">`)
	status, body = get("/catalog/page/products-import.js")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, "customElements.define('products-import'")
	status, body = get("/catalog/imports/")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, `"results":[]`)

	cancel()
	require.NoError(t, <-ended)
}
