package basicauth_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
)

// Part of a mux is for people with a password alone.
func Example() {
	hash, err := basicauth.HashPassword("open sesame")
	if err != nil {
		log.Fatal(err)
	}
	users, err := basicauth.NewStaticUsers(map[string]string{"ali": hash}) // or OpenHtpasswd
	if err != nil {
		log.Fatal(err)
	}
	auth, err := basicauth.New(users, basicauth.Options{Realm: "cave"})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/admin/", auth.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "welcome, %s\n", basicauth.User(r.Context()))
	})))

	for _, password := range []string{"open sesame", "open barley"} {
		r := httptest.NewRequest("GET", "/admin/treasure", nil)
		r.SetBasicAuth("ali", password)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Print(w.Code, " ", w.Body)
	}
	// Output:
	// 200 welcome, ali
	// 401 the name or the password is wrong
}

// An application with its own kind of answers asks who makes a request, and writes the refusal itself.
func ExampleAuthenticator_Authenticate() {
	users, err := basicauth.NewStaticUsers(nil)
	if err != nil {
		log.Fatal(err)
	}
	auth, err := basicauth.New(users, basicauth.Options{Realm: "shop"})
	if err != nil {
		log.Fatal(err)
	}
	_, err = auth.Authenticate(httptest.NewRequest("GET", "/", nil))
	fmt.Println(err)

	w := httptest.NewRecorder()
	basicauth.Refuse(w, nil, err)
	fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"))
	// Output:
	// basicauth: log in with HTTP Basic authentication
	// 401 Basic realm="shop", charset="UTF-8"
}
