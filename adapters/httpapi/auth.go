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

// noteUser says who makes a request to those who log it.
func noteUser(r *http.Request, user string) {
	if place, ok := r.Context().Value(userKey{}).(*string); ok {
		*place = user
	}
}

// jobKey is the context's key of a *string for the ID of the import that a request asks for, which the log has.
type jobKey struct{}

// noteJob says which import a request has asked for to those who log it.
func noteJob(r *http.Request, id string) {
	if place, ok := r.Context().Value(jobKey{}).(*string); ok {
		*place = id
	}
}

// newAuthenticator returns what lets the users in, nil for an application with Options.Authenticate.
func newAuthenticator(users basicauth.Users, tokens *basicauth.Tokens,
	options *Options) (*basicauth.Authenticator, error) {
	switch {
	case users == nil && options.Authenticate == nil:
		return nil, errors.New("httpapi: the users are missing, or Options.Authenticate")
	case users != nil && options.Authenticate != nil:
		return nil, errors.New("httpapi: there are both users and Options.Authenticate; give one of them")
	case users != nil && options.Role != nil:
		return nil, errors.New("httpapi: Options.Role is for Options.Authenticate; users have roles as accounts, " +
			"see basicauth.Accounts")
	case users == nil && tokens != nil:
		return nil, errors.New("httpapi: Options.Tokens is for users; with Options.Authenticate the application says " +
			"who a program is")
	case users == nil:
		return nil, nil
	}
	return basicauth.New(users, basicauth.Options{Realm: realm, ClientAddress: options.ClientAddress,
		SessionCookie: sessionCookie, Tokens: tokens})
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
		identity.Role = basicauth.Admin
		return identity, nil
	}
	identity.Role, err = o.Role(r, identity.User)
	if _, unknown := basicauth.ParseRole(string(identity.Role)); err == nil && unknown != nil {
		err = fmt.Errorf("httpapi: Options.Role: %w", unknown)
	}
	return identity, err
}

// identified returns who makes a request, and notes it for the log.
func (a *API) identified(w http.ResponseWriter, r *http.Request) (identity basicauth.Identity, err error) {
	began := time.Now()
	if a.auth != nil {
		identity, err = a.auth.Identify(r)
	} else {
		identity, err = a.options.identify(r)
	}
	if err != nil {
		return identity, err
	}
	if time.Since(began) > time.Second { // a log-in has waited for its turn
		extendDeadline(w, requestTime+writeTime)
	}
	noteUser(r, identity.User)
	return identity, nil
}

// protected passes the requests of users on to next, and refuses the others.
func (a *API) protected(next http.Handler) http.Handler {
	return a.handle(func(w http.ResponseWriter, r *http.Request) error {
		identity, err := a.identified(w, r)
		if err != nil {
			return err
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
