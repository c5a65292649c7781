package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
)

// call is a request for a route.
type call struct {
	method, route string
	path          string // that the route has here
	contentType   string
	body          string
	silent        int // the status while the database says nothing, 0 for 503
	then          int // the status once it is there again
}

// outcome is the answer to a call, or the beginning of one that goes on for as long as somebody listens.
type outcome struct {
	status     int // 0 where there is no answer
	retryAfter string
	took       time.Duration
	text       string // or what went wrong
}

// ask makes the call.
func (c *call) ask(t *testing.T, s *site) outcome {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, c.method, s.base+c.path, strings.NewReader(c.body))
	if err != nil {
		return outcome{text: err.Error()}
	}
	r.SetBasicAuth("admin", "secret")
	if c.contentType != "" {
		r.Header.Set("Content-Type", c.contentType)
	}
	stream := strings.HasSuffix(c.route, "/events") || c.route == "/status/"
	if stream {
		r.Header.Set("Accept", "text/event-stream")
	}
	began := time.Now()
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		return outcome{text: err.Error()}
	}
	defer func() { _ = w.Body.Close() }()
	o := outcome{status: w.StatusCode, retryAfter: w.Header.Get("Retry-After"), took: time.Since(began)}
	if stream {
		return o
	}
	body, err := io.ReadAll(w.Body)
	if err != nil {
		return outcome{text: err.Error()}
	}
	o.took, o.text = time.Since(began), string(body)
	return o
}

// json makes the call, and returns a field of the answer.
func (c *call) json(t *testing.T, s *site, field string) string {
	t.Helper()
	o := c.ask(t, s)
	require.Equal(t, c.then, o.status, o.text)
	var answer map[string]any
	require.NoError(t, json.Unmarshal([]byte(o.text), &answer))
	if results, is := answer["results"].([]any); is {
		answer, _ = results[0].(map[string]any)
	}
	return fmt.Sprint(answer[field])
}

// everyRoute returns a call for each route, of what is made for them. Those that delete are the last ones.
func everyRoute(t *testing.T, s *site) []call {
	const object = "application/json"
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(receiver.Close)
	made := func(path, body, field string, status int) string {
		t.Helper()
		contentType := object
		if strings.HasPrefix(path, "/upload") {
			contentType = "text/csv"
		}
		return (&call{method: "POST", path: path, contentType: contentType, body: body, then: status}).json(t, s, field)
	}
	const file = "sku,name\na,A\n"
	hook := "/webhooks/" + made("/webhooks/", `{"callback_url":"`+receiver.URL+`"}`, "id", 201)
	product := "/products/" + made("/products/", `{"sku":"kept","name":"n"}`, "id", 201)
	delivery := "/webhooks/deliveries/" + (&call{method: "GET", path: hook + "/deliveries", then: 200}).json(t, s, "id")
	upload := made("/uploads/", file, "id", 201)
	imports := "/imports/" + made("/upload_csv/", file, "id", 202)
	made("/tokens/", `{"name":"known","role":"viewer"}`, "token", 201)
	require.Equal(t, 200, (&call{method: "PUT", path: "/profiles/kept", contentType: object,
		body: `{"upload":"` + upload + `","settings":{}}`}).ask(t, s).status)
	return []call{
		{method: "GET", route: "/livez", silent: 200, then: 200},
		{method: "GET", route: "/readyz", then: 200},
		{method: "GET", route: "/metrics", silent: 200, then: 200},
		{method: "GET", route: "/openapi.json", silent: 200, then: 200},
		{method: "GET", route: "/template.csv", silent: 200, then: 200},
		{method: "GET", route: "/session", silent: 200, then: 200},
		{method: "POST", route: "/session", contentType: object, body: `{"user":"admin","password":"secret"}`, silent: 200,
			then: 200},
		{method: "DELETE", route: "/session", silent: 204, then: 204},
		{method: "GET", route: "/tokens/", then: 200},
		{method: "POST", route: "/tokens/", contentType: object, body: `{"name":"new","role":"viewer"}`, then: 201},

		{method: "POST", route: "/upload_csv/", contentType: "text/csv", body: file, then: 202},
		{method: "POST", route: "/upload_csv/", contentType: "text/csv",
			body: file + strings.Repeat("b,"+strings.Repeat("B", 1000)+"\n", 5000), then: 202},
		{method: "POST", route: "/upload_csv/", path: "/upload_csv/?profile=kept", contentType: "text/csv", body: file,
			then: 202},
		{method: "POST", route: "/uploads/", contentType: "text/csv", body: file, then: 201},
		{method: "GET", route: "/uploads/{id}", path: "/uploads/" + upload, then: 200},
		{method: "GET", route: "/uploads/{id}/preview", path: "/uploads/" + upload + "/preview", then: 200},

		{method: "GET", route: "/imports/", then: 200},
		{method: "POST", route: "/imports/", contentType: object, body: `{"upload":"` + upload + `"}`, then: 202},
		{method: "GET", route: "/imports/{id}", path: imports, then: 200},
		{method: "GET", route: "/imports/{id}/events", path: imports + "/events", silent: 200, then: 200},
		{method: "POST", route: "/status/", contentType: object, silent: 200, then: 200,
			body: `{"task_id":"` + strings.TrimPrefix(imports, "/imports/") + `"}`},
		{method: "GET", route: "/imports/{id}/rejects.csv", path: imports + "/rejects.csv", then: 200},
		{method: "GET", route: "/imports/{id}/superseded.csv", path: imports + "/superseded.csv", then: 200},
		{method: "GET", route: "/imports/{id}/skipped.csv", path: imports + "/skipped.csv", then: 409},
		{method: "GET", route: "/imports/{id}/changes", path: imports + "/changes", then: 409},
		{method: "GET", route: "/imports/{id}/changes.csv", path: imports + "/changes.csv", then: 409},
		{method: "POST", route: "/imports/{id}/rerun", path: imports + "/rerun", then: 202},
		{method: "POST", route: "/imports/{id}/undo", path: imports + "/undo", then: 409},
		{method: "POST", route: "/imports/{id}/cancel", path: imports + "/cancel", then: 202},

		{method: "GET", route: "/profiles/", then: 200},
		{method: "GET", route: "/profiles/{name}", path: "/profiles/kept", then: 200},
		{method: "PUT", route: "/profiles/{name}", path: "/profiles/new", contentType: object,
			body: `{"upload":"` + upload + `","settings":{}}`, then: 200},
		{method: "DELETE", route: "/profiles/{name}", path: "/profiles/kept", then: 204},

		{method: "GET", route: "/products/", then: 200},
		{method: "GET", route: "/products/", path: "/products/?search=x", then: 200},
		{method: "GET", route: "/products/export.csv", then: 200},
		{method: "POST", route: "/products/", contentType: object, body: `{"sku":"new","name":"n"}`, then: 201},
		{method: "GET", route: "/products/{id}", path: product, then: 200},
		{method: "GET", route: "/products/{id}/history", path: product + "/history", then: 200},
		{method: "PUT", route: "/products/{id}", path: product, contentType: object, body: `{"sku":"kept","name":"m"}`,
			then: 200},
		{method: "PATCH", route: "/products/{id}", path: product, contentType: object, body: `{"name":"o"}`, then: 200},

		{method: "GET", route: "/webhooks/", then: 200},
		{method: "POST", route: "/webhooks/", contentType: object, body: `{"callback_url":"` + receiver.URL + `"}`, then: 201},
		{method: "GET", route: "/webhooks/{id}", path: hook, then: 200},
		{method: "PUT", route: "/webhooks/{id}", path: hook, contentType: object,
			body: `{"callback_url":"` + receiver.URL + `"}`, then: 200},
		{method: "PATCH", route: "/webhooks/{id}", path: hook, contentType: object, body: `{"client_name":"d"}`, then: 200},
		{method: "POST", route: "/webhooks/{id}/test", path: hook + "/test", then: 200},
		{method: "POST", route: "/webhooks/{id}/pause", path: hook + "/pause", then: 200},
		{method: "POST", route: "/webhooks/{id}/resume", path: hook + "/resume", then: 200},
		{method: "POST", route: "/webhooks/{id}/rotate", path: hook + "/rotate", then: 200},
		{method: "POST", route: "/webhooks/{id}/replay", path: hook + "/replay", contentType: object,
			body: `{"since":"2026-01-01T00:00:00Z"}`, then: 202},
		{method: "GET", route: "/webhooks/{id}/deliveries", path: hook + "/deliveries", then: 200},
		{method: "GET", route: "/webhooks/{id}/stats", path: hook + "/stats", then: 200},
		{method: "GET", route: "/webhooks/deliveries/{id}/attempts", path: delivery + "/attempts", then: 200},
		{method: "POST", route: "/webhooks/deliveries/{id}/resend", path: delivery + "/resend", then: 202},

		{method: "DELETE", route: "/tokens/{id}", path: "/tokens/known", then: 204},
		{method: "DELETE", route: "/uploads/{id}", path: "/uploads/" + upload, then: 409},
		{method: "DELETE", route: "/products/{id}", path: product, then: 204},
		{method: "DELETE", route: "/webhooks/{id}", path: hook, then: 204},
		{method: "DELETE", route: "/delete_all/", then: 204},
	}
}

// TestEveryRouteInAnOutage freezes the database, and asks a server for everything that it has: each answer is there
// within 10 s, and says when to come again. Everything goes on by itself once the database does.
func TestEveryRouteInAnOutage(t *testing.T) {
	t.Parallel()
	database := home.Own(t)
	s := serveHere(t, []string{"-workers", "0", "-allow-private-webhooks", "-log-level", "error"},
		"DATABASE_URL", database.URL(), "ADMIN_PASSWORD", "secret")
	calls := everyRoute(t, s)
	program := call{method: "POST", path: "/tokens/", contentType: "application/json",
		body: `{"name":"program","role":"admin"}`, then: 201}
	token := program.json(t, s, "token")
	for i := range calls {
		if calls[i].path == "" {
			calls[i].path = calls[i].route
		}
		if calls[i].silent == 0 {
			calls[i].silent = http.StatusServiceUnavailable
		}
	}
	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	require.NoError(t, json.Unmarshal([]byte((&call{method: "GET", path: "/openapi.json"}).ask(t, s).text), &document))
	var missing []call // of routes that the table doesn't have: it isn't known what they should answer
	for path, operations := range document.Paths {
		for method := range operations {
			if method == "parameters" || slices.ContainsFunc(calls, func(c call) bool {
				return c.route == path && strings.EqualFold(c.method, method)
			}) {
				continue
			}
			missing = append(missing, call{method: strings.ToUpper(method), route: path, contentType: "application/json",
				path: regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, "1"), body: "{}"})
		}
	}

	database.Freeze()
	for _, connections := range []string{"that there were", "that are new"} {
		var asking sync.WaitGroup
		for _, c := range calls {
			asking.Go(func() {
				o := c.ask(t, s)
				name := fmt.Sprintf("%s %s, with connections %s: %s", c.method, c.path, connections, o.text)
				assert.Less(t, o.took, 10*time.Second, name)
				assert.Equal(t, c.silent, o.status, name)
				if o.status == http.StatusServiceUnavailable {
					assert.NotEmpty(t, o.retryAfter, name)
				}
			})
		}
		for _, c := range missing {
			asking.Go(func() {
				o := c.ask(t, s)
				assert.Less(t, o.took, 10*time.Second, c.path)
				assert.True(t, o.status != 0 && o.status != http.StatusInternalServerError, "%s %s: %s", c.method, c.path,
					o.text)
			})
		}
		asking.Go(func() { // whose token isn't remembered any more
			began := time.Now()
			assert.Equal(t, http.StatusServiceUnavailable, s.bearer(token, "GET", "/products/"))
			assert.Less(t, time.Since(began), 10*time.Second)
		})
		asking.Wait()
	}

	database.Thaw()
	s.until(func() bool { return s.as("admin", "secret", "GET", "/readyz") == http.StatusOK })
	for _, c := range calls {
		o := c.ask(t, s)
		require.Equal(t, c.then, o.status, "%s %s: %s", c.method, c.path, o.text)
	}
	require.Equal(t, http.StatusOK, s.bearer(token, "GET", "/products/"))
}
