package main

import (
	"crypto/rand"
	_ "embed"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/products-importer/products-importer/adapters/httpapi"
)

var (
	//go:embed login.html
	loginPage string
	//go:embed office.html
	officePage string
)

// sessionCookie is the name of the shop's own cookie.
const sessionCookie = "shop_session"

// shop is the application that the importer is a part of. For this example it lets everybody in who says a name.
type shop struct {
	mux *http.ServeMux

	mu       sync.Mutex
	sessions map[string]string // names of users
}

func newShop() *shop {
	s := &shop{mux: http.NewServeMux(), sessions: map[string]string{}}
	s.mux.HandleFunc("GET /{$}", s.office)
	s.mux.HandleFunc("POST /login", s.login)
	return s
}

// user returns who makes a request. It is what the importer's API asks.
func (s *shop) user(r *http.Request) (name string, err error) {
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if name := s.sessions[cookie.Value]; name != "" {
			return name, nil
		}
	}
	// A browser shows no dialog of its own for a scheme that it doesn't know.
	return "", httpapi.Unauthorized(`Session realm="shop"`, "log in to the shop first")
}

// office shows the back office to those who are logged in.
func (s *shop) office(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	page := officePage
	if _, err := s.user(r); err != nil {
		page = loginPage
	}
	_, _ = io.WriteString(w, page) // or the browser has gone
}

func (s *shop) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<10)
	if name := strings.TrimSpace(r.PostFormValue("name")); name != "" {
		id := rand.Text()
		s.mu.Lock()
		s.sessions[id] = name
		s.mu.Unlock()
		http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: id, Path: "/", HttpOnly: true,
			SameSite: http.SameSiteStrictMode})
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
