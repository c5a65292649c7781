package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
)

// realm is what browsers show beside the question for name and password.
const realm = "products importer"

// userKey is the context's key of a *string for the user's name, which the log has.
type userKey struct{}

// User returns the name of the user who makes the request that the context is of, for an application's own handlers
// behind [API.Protect]; empty elsewhere. [basicauth.FromContext] says the user's role too.
func User(ctx context.Context) string {
	if user, ok := ctx.Value(userKey{}).(*string); ok {
		return *user
	}
	return ""
}

// newIdentify returns the function that returns who makes a request, and one that ends the wait of those who log in.
func newIdentify(users basicauth.Users, options *Options) (identify func(*http.Request) (basicauth.Identity, error),
	stop func(), err error) {
	switch {
	case users == nil && options.Authenticate == nil:
		return nil, nil, errors.New("httpapi: the users are missing, or Options.Authenticate")
	case users != nil && options.Authenticate != nil:
		return nil, nil, errors.New("httpapi: there are both users and Options.Authenticate; give one of them")
	case users != nil && options.Role != nil:
		return nil, nil, errors.New("httpapi: Options.Role is for Options.Authenticate; users have roles as accounts, " +
			"see basicauth.Accounts")
	case users == nil:
		return options.identify, func() {}, nil
	}
	auth, err := basicauth.New(users, basicauth.Options{Realm: realm, ClientAddress: options.ClientAddress})
	if err != nil {
		return nil, nil, err
	}
	return auth.Identify, auth.Close, nil
}

// errNoUser is for an Options.Authenticate that breaks its contract.
var errNoUser = errors.New("httpapi: Options.Authenticate returned neither a name nor an error")

// identify returns who makes a request by Authenticate and Role.
func (o *Options) identify(r *http.Request) (identity basicauth.Identity, err error) {
	identity.User, err = o.Authenticate(r)
	switch {
	case err != nil:
		return identity, err
	case identity.User == "":
		return identity, errNoUser
	case o.Role == nil:
		return identity, nil
	}
	identity.Role, err = o.Role(r, identity.User)
	if _, unknown := basicauth.ParseRole(string(identity.Role)); err == nil && unknown != nil {
		err = fmt.Errorf("httpapi: Options.Role: %w", unknown)
	}
	return identity, err
}

// protected passes the requests of users on to next, and refuses the others.
func (a *API) protected(next http.Handler) http.Handler {
	return a.handle(func(w http.ResponseWriter, r *http.Request) error {
		began := time.Now()
		identity, err := a.identify(r)
		if err != nil {
			return err
		}
		if time.Since(began) > time.Second { // a log-in has waited for its turn
			extendDeadline(w, requestTime+writeTime)
		}
		if place, ok := r.Context().Value(userKey{}).(*string); ok {
			*place = identity.User
		}
		next.ServeHTTP(w, r.WithContext(basicauth.NewContext(r.Context(), identity)))
		return nil
	})
}

// asker returns the name of the user who makes the request that the context is of, also behind a log-in of the
// application's own by package basicauth; empty where it isn't known.
func asker(ctx context.Context) string {
	if user := User(ctx); user != "" {
		return user
	}
	identity, _ := basicauth.FromContext(ctx)
	return identity.User
}
