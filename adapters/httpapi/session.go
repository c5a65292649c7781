package httpapi

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
)

const (
	// sessionCookie is the name of the cookie of those who have logged in by a form.
	sessionCookie = "importer_session"
	// maxLogin is the length of the longest body of a log-in. Anybody may send one, so it must take no memory from
	// others: see freeBody.
	maxLogin = 8 << 10
)

// sessionView is who has logged in.
type sessionView struct {
	User string         `json:"user"`
	Role basicauth.Role `json:"role"`
}

// Session is the handler of POST /session, which begins a session for a name and a password, of GET /session, which
// says who makes the request, and of DELETE /session, by which a browser forgets its session. It needs no log-in in
// front of it. Where users log in with an authentication of the application's own it has GET alone.
func (a *API) Session() http.Handler {
	m := methods{http.MethodGet: a.handle(a.getSession)}
	if a.auth != nil {
		m[http.MethodPost], m[http.MethodDelete] = a.handle(a.postSession), a.handle(a.deleteSession)
	}
	return m
}

func (a *API) getSession(w http.ResponseWriter, r *http.Request) error {
	identity, known := basicauth.FromContext(r.Context())
	if !known {
		var err error
		identity, err = a.identified(w, r)
		var refused *basicauth.Error
		if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
			return noSession(refused)
		}
		if err != nil {
			return err
		}
	}
	writeSession(w, identity)
	return nil
}

// noSession is the problem of somebody who has to log in by a form: the browser's own dialog would be no help.
func noSession(refused *basicauth.Error) *Problem {
	p := refusedProblem(refused)
	p.Header.Set("WWW-Authenticate", `Session realm="`+realm+`"`)
	return p
}

func writeSession(w http.ResponseWriter, identity basicauth.Identity) {
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, "application/json", sessionView{identity.User, identity.Role})
}

func (a *API) postSession(w http.ResponseWriter, r *http.Request) error {
	var user, password *string
	if err := a.readObjectOf(w, r, min(maxLogin, a.options.MaxBodyBytes), []string{"application/json"}, setters{
		"user": textSetter(&user), "password": textSetter(&password)}); err != nil {
		return err
	}
	switch {
	case user == nil:
		return fieldProblem(http.StatusUnprocessableEntity, "user", codeMissing, "user is missing")
	case password == nil:
		return fieldProblem(http.StatusUnprocessableEntity, "password", codeMissing, "password is missing")
	}
	began := time.Now()
	cookie, identity, err := a.auth.NewSession(r, *user, *password)
	if err != nil {
		return err
	}
	if time.Since(began) > time.Second { // it has waited for its turn
		extendDeadline(w, requestTime+writeTime)
	}
	noteUser(r, identity.User)
	a.setCookie(w, r, cookie)
	writeSession(w, identity)
	return nil
}

func (a *API) deleteSession(w http.ResponseWriter, r *http.Request) error {
	a.setCookie(w, r, a.auth.NoSession())
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// setCookie sets a cookie for the place where the API is mounted.
func (a *API) setCookie(w http.ResponseWriter, r *http.Request, cookie *http.Cookie) {
	cookie.Path = "/"
	// A semicolon can't stand in a cookie's path.
	if prefix, ok := a.mount(r, sessionPath); ok && prefix != "" && !strings.Contains(prefix, ";") {
		cookie.Path = prefix
	}
	scheme, _ := basicauth.Forwarded(r, a.options.TrustedProxies...)
	cookie.Secure = r.TLS != nil || scheme == "https" || a.public != nil && a.public.Scheme == "https"
	http.SetCookie(w, cookie)
}
