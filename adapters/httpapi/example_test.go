package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/importer/job"
)

// The whole API in memory, with a worker beside it: a file is uploaded, its import watched, and a product changed.
func Example() {
	db := memory.New(memory.Options{})
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{KeyRule: db.Products().KeyRule()})
	if err != nil {
		log.Fatal(err)
	}
	hash, err := basicauth.HashPassword("open sesame")
	if err != nil {
		log.Fatal(err)
	}
	users, err := basicauth.NewStaticUsers(map[string]string{"ali": hash})
	if err != nil {
		log.Fatal(err)
	}
	api, err := httpapi.New(db.Products(), service, db.Jobs(), users, httpapi.Options{})
	if err != nil {
		log.Fatal(err)
	}
	runner, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{})
	if err != nil {
		log.Fatal(err)
	}
	imports, err := worker.New(runner, worker.Options{})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- api.Run(ctx) }()
	go func() { ended <- imports.Run(ctx) }()
	server := httptest.NewServer(api) // in a program, httpapi.NewHTTPServer
	defer func() {
		cancel()
		server.Close()
		fmt.Println(<-ended, <-ended)
	}()
	send := func(method, path, contentType, body string) *http.Response {
		r, err := http.NewRequest(method, server.URL+path, strings.NewReader(body))
		if err != nil {
			log.Fatal(err)
		}
		r.SetBasicAuth("ali", "open sesame")
		r.Header.Set("Content-Type", contentType)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			log.Fatal(err)
		}
		return response
	}

	response := send("POST", "/upload_csv/", "text/csv", "sku,name,status\nL-1,Lamp,yes\nL-2,,no\n")
	fmt.Println(response.Status)
	location := response.Header.Get("Location")
	_ = response.Body.Close()

	response = send("GET", location+"/events", "", "")
	var last string // event, and its data
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if event, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			last = event
		}
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && last == "done" {
			var status struct{ Created, Rejected int }
			if err := json.Unmarshal([]byte(data), &status); err != nil {
				log.Fatal(err)
			}
			fmt.Printf("%s: %+v\n", last, status)
		}
	}
	_ = response.Body.Close()

	response = send("PATCH", "/products/1", "application/merge-patch+json", `{"name":"Reading lamp"}`)
	fmt.Println(response.Status, response.Header.Get("ETag"))
	_ = response.Body.Close()
	// Output:
	// 202 Accepted
	// done: {Created:1 Rejected:1}
	// 200 OK "2"
	// <nil> <nil>
}

// Two handlers stand in an application's own mux, below a prefix of its own, behind its own log-in. Their links lead to
// where they stand.
func ExampleAPI_Protect() {
	db := memory.New(memory.Options{})
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{KeyRule: db.Products().KeyRule()})
	if err != nil {
		log.Fatal(err)
	}
	sessions := map[string]string{"5f3a": "ann"} // the application's
	api, err := httpapi.New(db.Products(), service, db.Jobs(), nil, httpapi.Options{
		Authenticate: func(r *http.Request) (user string, err error) {
			cookie, err := r.Cookie("session")
			if err != nil || sessions[cookie.Value] == "" {
				return "", httpapi.Unauthorized(`Session realm="shop"`, "sign in at /login")
			}
			return sessions[cookie.Value], nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/admin/catalog/upload_csv/{$}", api.Protect("/upload_csv/", api.Upload()))
	mux.Handle("/admin/catalog/imports/{id}", api.Protect("/imports/{id}", api.Import()))

	send := func(method, path, session, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.AddCookie(&http.Cookie{Name: "session", Value: session})
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w
	}
	w := send("POST", "/admin/catalog/upload_csv/", "none", "sku,name\nL-1,Lamp\n")
	var problem httpapi.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil {
		log.Fatal(err)
	}
	fmt.Println(w.Code, problem.Detail)

	w = send("POST", "/admin/catalog/upload_csv/", "5f3a", "sku,name\nL-1,Lamp\n")
	location := w.Header().Get("Location")
	fmt.Println(w.Code, strings.HasPrefix(location, "/admin/catalog/imports/"))

	w = send("GET", location, "5f3a", "")
	var status struct{ State job.State }
	if err := json.Unmarshal(w.Body.Bytes(), &status); err != nil {
		log.Fatal(err)
	}
	fmt.Println(w.Code, status.State)
	// Output:
	// 401 sign in at /login
	// 202 true
	// 200 PENDING
}

// The whole API stands below a prefix.
func ExampleAPI_ServeHTTP() {
	db := memory.New(memory.Options{})
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{KeyRule: db.Products().KeyRule()})
	if err != nil {
		log.Fatal(err)
	}
	api, err := httpapi.New(db.Products(), service, db.Jobs(), nil, httpapi.Options{
		Authenticate: func(*http.Request) (string, error) { return "ann", nil }, // whoever comes
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/catalog/", http.StripPrefix("/catalog", api))

	r := httptest.NewRequest("POST", "/catalog/products/", strings.NewReader(`{"sku":"L-1","name":"Lamp"}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("Location"))
	// Output: 201 /catalog/products/1
}
