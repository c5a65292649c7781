package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
)

// realm is what browsers show beside the question for name and password.
const realm = "products importer"

// userKey is the context's key of a *string for the user's name, which the log has.
type userKey struct{}

// User returns the name of the user who makes the request that the context is of, for an application's own handlers
// behind [API.Protect]; empty elsewhere.
func User(ctx context.Context) string {
	if user, ok := ctx.Value(userKey{}).(*string); ok {
		return *user
	}
	return ""
}

// newAuthenticate returns the function that returns who makes a request, and one that ends the wait of those who log
// in.
func newAuthenticate(users basicauth.Users, options *Options) (authenticate func(*http.Request) (string, error),
	stop func(), err error) {
	switch {
	case users == nil && options.Authenticate == nil:
		return nil, nil, errors.New("httpapi: the users are missing, or Options.Authenticate")
	case users != nil && options.Authenticate != nil:
		return nil, nil, errors.New("httpapi: there are both users and Options.Authenticate; give one of them")
	case users == nil:
		return options.Authenticate, func() {}, nil
	}
	auth, err := basicauth.New(users, basicauth.Options{Realm: realm, ClientAddress: options.ClientAddress})
	if err != nil {
		return nil, nil, err
	}
	return auth.Authenticate, auth.Close, nil
}

// errNoUser is for an Options.Authenticate that breaks its contract.
var errNoUser = errors.New("httpapi: Options.Authenticate returned neither a name nor an error")

// protected passes the requests of users on to next, and refuses the others.
func (a *API) protected(next http.Handler) http.Handler {
	return a.handle(func(w http.ResponseWriter, r *http.Request) error {
		began := time.Now()
		user, err := a.authenticate(r)
		if err == nil && user == "" {
			err = errNoUser
		}
		if err != nil {
			return err
		}
		if time.Since(began) > time.Second { // a log-in has waited for its turn
			extendDeadline(w, requestTime+writeTime)
		}
		if place, ok := r.Context().Value(userKey{}).(*string); ok {
			*place = user
		}
		next.ServeHTTP(w, r)
		return nil
	})
}
