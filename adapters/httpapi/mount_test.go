package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// TestMounts mounts the API in the ways that an application can, and follows every link that it gives.
func TestMounts(t *testing.T) {
	strip := func(prefix string) func(*httpapi.API) http.Handler {
		return func(api *httpapi.API) http.Handler {
			mux := http.NewServeMux()
			mux.Handle(prefix+"/", http.StripPrefix(prefix, api))
			return mux
		}
	}
	for _, test := range []struct {
		name, prefix string
		mount        func(api *httpapi.API) http.Handler
	}{
		{"at the root", "", func(api *httpapi.API) http.Handler { return api }},
		{"below a prefix", "/admin/catalog", strip("/admin/catalog")},
		{"below a prefix with an escape", "/admin/caf%C3%A9", func(api *httpapi.API) http.Handler {
			return http.StripPrefix("/admin/café", api)
		}},
		{"below a prefix that is a path of its own", "/products/imports", strip("/products/imports")},
		{"below two prefixes", "/a/b", func(api *httpapi.API) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/a/", http.StripPrefix("/a", strip("/b")(api)))
			return mux
		}},
		{"below a wildcard", "/tenants/7/catalog", func(api *httpapi.API) http.Handler {
			mux := http.NewServeMux()
			mux.HandleFunc("/tenants/{tenant}/catalog/", func(w http.ResponseWriter, r *http.Request) {
				http.StripPrefix("/tenants/"+r.PathValue("tenant")+"/catalog", api).ServeHTTP(w, r)
			})
			return mux
		}},
		{"handlers one by one", "/admin/catalog", func(api *httpapi.API) http.Handler {
			mux := http.NewServeMux()
			for path, handler := range httpapi.Handlers(api) {
				mux.Handle("/admin/catalog"+strings.TrimSuffix(path, "/"), handler)
				mux.Handle("/admin/catalog"+strings.TrimSuffix(path, "/")+"/{$}", handler)
			}
			return mux
		}},
		{"handlers one by one below a wildcard, protected", "/tenants/7", func(api *httpapi.API) http.Handler {
			mux := http.NewServeMux()
			for path, handler := range httpapi.Handlers(api) {
				mux.Handle("/tenants/{tenant}"+strings.TrimSuffix(path, "/"), api.Protect(path, handler))
				mux.Handle("/tenants/{tenant}"+strings.TrimSuffix(path, "/")+"/{$}", api.Protect(path, handler))
			}
			return mux
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t, "", test.mount)
			s.base += test.prefix
			s.walk()
		})
	}
	t.Run("behind a proxy that strips the path", func(t *testing.T) {
		proxy := httptest.NewUnstartedServer(nil)
		proxy.Start()
		t.Cleanup(proxy.Close)
		s := newSite(t, proxy.URL+"/shop/api", func(api *httpapi.API) http.Handler { return api })
		behind := s.server.Config.Handler
		proxy.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.RequestURI = strings.TrimPrefix(r.RequestURI, "/shop/api")
			http.StripPrefix("/shop/api", behind).ServeHTTP(w, r)
		})
		s.base = proxy.URL + "/shop/api"
		s.walk()
	})
}

// site is an API that is mounted somewhere.
type site struct {
	*testing.T
	server *httptest.Server
	base   string // where clients find the API
	client *http.Client
	hooks  *memory.Webhooks
	board  *board
}

func newSite(t *testing.T, publicURL string, mount func(api *httpapi.API) http.Handler) *site {
	db := memory.New(memory.Options{})
	sender, err := webhooks.NewSender(webhooks.SenderOptions{Transport: nowhere{}})
	require.NoError(t, err)
	service, err := webhooks.NewService(db.Webhooks(), sender, webhooks.ServiceOptions{})
	require.NoError(t, err)
	b := &board{jobs: map[string]job.Job{}}
	api, err := httpapi.New(db.Products(), b, b, nil, httpapi.Options{
		PublicURL:    publicURL,
		Authenticate: func(*http.Request) (string, error) { return "ann", nil },
		Webhooks:     httpapi.Webhooks{Service: service, Store: db.Webhooks()},
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- api.Run(ctx) }()
	t.Cleanup(func() { cancel(); require.NoError(t, <-ended) })
	s := &site{T: t, server: httptest.NewServer(mount(api)), client: &http.Client{}, hooks: db.Webhooks(), board: b}
	t.Cleanup(s.server.Close)
	s.base = s.server.URL
	for _, sku := range []string{"A", "B", "C"} {
		_, err := db.Products().Create(t.Context(), products.Product{SKU: sku, Name: sku})
		require.NoError(t, err)
	}
	return s
}

// answer is a response that was read, and the URL that it is from.
type answer struct {
	StatusCode int
	Header     http.Header
	url        *url.URL
}

// send sends a request to a URL, which may be relative to the API's, and returns the answer with its JSON.
func (s *site) send(method, target, body string) (*answer, map[string]any) {
	s.Helper()
	if strings.HasPrefix(target, "/") {
		target = s.base + target
	}
	r, err := http.NewRequestWithContext(s.Context(), method, target, strings.NewReader(body))
	require.NoError(s, err)
	if body != "" && !strings.Contains(target, "/upload_csv") {
		r.Header.Set("Content-Type", "application/json")
	}
	response, err := s.client.Do(r)
	require.NoError(s, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(s, err)
	var value map[string]any
	if strings.HasSuffix(response.Header.Get("Content-Type"), "json") {
		require.NoError(s, json.Unmarshal(text, &value))
	}
	require.Less(s, response.StatusCode, 500, "%s %s: %s", method, target, text)
	return &answer{response.StatusCode, response.Header, response.Request.URL}, value
}

// follow sends a GET to a link of a response, which a client resolves by the URL of its request.
func (s *site) follow(from *answer, link string) (*answer, map[string]any) {
	s.Helper()
	require.NotEmpty(s, link)
	target, err := from.url.Parse(link)
	require.NoError(s, err)
	require.True(s, strings.HasPrefix(target.String(), s.base+"/"), "%s is not below %s", target, s.base)
	got, value := s.send("GET", target.String(), "")
	require.Equal(s, 200, got.StatusCode, "GET %s: %v", target, value)
	return got, value
}

// pages follows the links of a list to its end and back, and returns how many pages there are.
func (s *site) pages(target string) (n int) {
	s.Helper()
	response, page := s.send("GET", target, "")
	require.Equal(s, 200, response.StatusCode, page)
	for n = 1; page["next"] != nil; n++ {
		response, page = s.follow(response, page["next"].(string))
	}
	for range n {
		previous, _ := page["previous"].(string)
		if previous == "" {
			break
		}
		response, page = s.follow(response, previous)
	}
	require.Nil(s, page["previous"])
	return n
}

// walk follows every link.
func (s *site) walk() {
	created, value := s.send("POST", "/upload_csv/", "name,sku\nx,y\n")
	require.Equal(s, 202, created.StatusCode, value)
	_, one := s.follow(created, created.Header.Get("Location"))
	require.Equal(s, value["id"], one["id"])
	importPath := "/imports/" + one["id"].(string)
	cancelled, _ := s.send("POST", importPath+"/cancel", "")
	require.Equal(s, 202, cancelled.StatusCode)
	s.follow(cancelled, cancelled.Header.Get("Location"))
	s.send("POST", "/upload_csv/", "name,sku\nx,y\n")
	require.Equal(s, 2, s.pages("/imports/?limit=1"))
	s.stream(importPath + "/events")

	created, value = s.send("POST", "/products/", `{"name":"x","sku":"D"}`)
	require.Equal(s, 201, created.StatusCode, value)
	_, one = s.follow(created, created.Header.Get("Location"))
	require.Equal(s, "D", one["sku"])
	require.Equal(s, 4, s.pages("/products?limit=1&ordering=-id"))
	require.Equal(s, 4, s.pages("/products?limit=1&cursor="))

	created, value = s.send("POST", "/webhooks/", `{"callback_url":"https://shop.example/"}`)
	require.Equal(s, 201, created.StatusCode, value)
	_, one = s.follow(created, created.Header.Get("Location"))
	hook := "/webhooks/" + one["id"].(string)
	s.send("POST", "/webhooks/", `{"callback_url":"https://other.example/"}`)
	require.Equal(s, 2, s.pages("/webhooks/?limit=1"))
	_, value = s.send("PATCH", hook, `{"secret":"whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"}`)
	path := strings.TrimPrefix(s.base, "http://")
	path = path[strings.IndexAny(path+"/", "/"):]
	require.Contains(s, value["detail"], "POST "+path+"/webhooks/{id}/rotate")
	_, err := s.hooks.Append(s.Context(), []webhooks.Event{{Type: webhooks.ProductCreated, Data: []byte(`{}`)},
		{Type: webhooks.ProductCreated, Data: []byte(`{}`)}})
	require.NoError(s, err)
	require.Equal(s, 2, s.pages(hook+"/deliveries?limit=1"))
	_, value = s.send("GET", hook+"/deliveries", "")
	delivery := value["results"].([]any)[0].(map[string]any)["id"].(float64)
	resent, value := s.send("POST", fmt.Sprintf("/webhooks/deliveries/%.0f/resend", delivery), "")
	require.Equal(s, 202, resent.StatusCode, value)
	s.follow(resent, resent.Header.Get("Location"))

	response, document := s.send("GET", "/openapi.json", "")
	server, err := response.url.Parse(document["servers"].([]any)[0].(map[string]any)["url"].(string))
	require.NoError(s, err)
	for path := range document["paths"].(map[string]any) {
		target := strings.TrimSuffix(server.String(), "/") + strings.NewReplacer("{id}", "1", "{name}", "1").Replace(path)
		response, _ := s.send("OPTIONS", target, "")
		require.Equal(s, 204, response.StatusCode, "the document's paths are below its server: %s", target)
	}
}

// stream reads the first event of a stream.
func (s *site) stream(target string) {
	r, err := http.NewRequestWithContext(s.Context(), "GET", s.base+target, nil)
	require.NoError(s, err)
	response, err := s.client.Do(r)
	require.NoError(s, err)
	defer func() { _ = response.Body.Close() }()
	require.Equal(s, 200, response.StatusCode)
	line, err := bufio.NewReader(response.Body).ReadString('\n')
	require.NoError(s, err)
	require.Equal(s, "event: progress\n", line)
}

// TestMountElsewhere mounts handlers under names of the application's own: where the others are isn't known then.
func TestMountElsewhere(t *testing.T) {
	s := newSite(t, "", func(api *httpapi.API) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("POST /shop/file", api.Upload())
		mux.Handle("/shop/things", api.Products())
		mux.Handle("/shop/thing/{id}", api.Product())
		mux.Handle("/shop/description", api.OpenAPI())
		return mux
	})
	r, err := http.NewRequestWithContext(t.Context(), "POST", s.base+"/shop/file", strings.NewReader("name,sku\nx,y\n"))
	require.NoError(t, err)
	uploaded, err := s.client.Do(r)
	require.NoError(t, err)
	require.NoError(t, uploaded.Body.Close())
	require.Equal(t, 202, uploaded.StatusCode)
	require.Empty(t, uploaded.Header.Get("Location"), "a wrong one is worse than none")
	response, _ := s.send("POST", "/shop/things", `{"name":"x","sku":"D"}`)
	require.Equal(t, 201, response.StatusCode)
	require.Empty(t, response.Header.Get("Location"))
	require.Equal(t, 4, s.pages("/shop/things?limit=1"), "a list's own place is known")
	response, _ = s.send("GET", "/shop/thing/1", "")
	require.Equal(t, 200, response.StatusCode)
	_, document := s.send("GET", "/shop/description", "")
	require.NotContains(t, document, "servers")
}

// TestUncleanPaths wants redirects to stay below the prefix, and on the same host.
func TestUncleanPaths(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	below := http.StripPrefix("/shop", f.api)
	for _, test := range []struct {
		handler http.Handler
		path    string
		want    string
	}{
		{f.api, "//products/?a=%20", "/products/?a=%20"}, {f.api, "/products/./1", "/products/1"},
		{f.api, "/a/../products//", "/products/"},
		{below, "/shop//products/?limit=1", "/shop/products/?limit=1"}, {below, "/shop", "/shop/"},
		{below, "/shop/imports/../products", "/shop/products"},
		{http.StripPrefix("//evil.example", f.api), "//evil.example//products", "/products"},
	} {
		r := request("GET", "/", "")
		r.RequestURI = test.path
		path, query, _ := strings.Cut(test.path, "?")
		r.URL = &url.URL{Path: path, RawQuery: query}
		w := newRecorder(test.handler, r)
		require.Equal(t, 307, w.Code, test.path)
		require.Equal(t, test.want, w.Header().Get("Location"), test.path)
	}
	// A link never leads to a host that the path names.
	r := request("POST", "/", `{"name":"x","sku":"y"}`, "Content-Type: application/json")
	r.RequestURI, r.URL = "//evil.example/products/", &url.URL{Path: "//evil.example/products/"}
	w := newRecorder(f.api.Products(), r)
	require.Equal(t, 201, w.Code)
	require.Empty(t, w.Header().Get("Location"))
	require.True(t, bytes.HasPrefix(w.Body.Bytes(), []byte(`{"id":`)))
}
