package basicauth

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
)

// Options are the settings of an Authenticator. The zero value works.
type Options struct {
	// Realm is what browsers show beside the question for name and password; empty is "restricted". It has neither
	// quotes, backslashes nor control characters.
	Realm string
	// ClientAddress names the client of a request, to slow down those whose log-ins fail; nil is the function
	// ClientAddress, which sees only the proxy where there is one: see TrustedProxies. It must not believe what a
	// client can write itself.
	ClientAddress func(r *http.Request) string
	// SessionCookie is the name of the cookie of sessions that NewSession begins, of letters, digits, - and _; empty is
	// for no sessions. With sessions a request that a page's script has made is told "Session" in WWW-Authenticate, not
	// "Basic", so that the browser leaves the question to the page. It is one that has a header X-Requested-With, a
	// cookie of that name, or Sec-Fetch-Dest: empty, as browsers send it over TLS.
	//
	// A handler that changes something has to refuse requests of pages of other origins, as http.CrossOriginProtection
	// does: SameSite=Strict lets pages of the same site through.
	SessionCookie string
	// Tokens are those of programs, which send them as "Authorization: Bearer TOKEN"; nil for none.
	Tokens *Tokens
	// Refuse answers a request that Handler doesn't let pass, for the reason that Authenticate has returned; nil is
	// Refuse.
	Refuse func(w http.ResponseWriter, r *http.Request, err error)
}

// Authenticator checks log-ins. It is safe for concurrent use.
type Authenticator struct {
	users   Users
	options Options
	key     [sha256.Size]byte
	queue   *queue

	basicChallenge, sessionChallenge, bearerChallenge string
}

// New returns an Authenticator for the users.
func New(users Users, options Options) (*Authenticator, error) {
	if users == nil {
		return nil, errors.New("basicauth: the users are missing")
	}
	if options.Realm == "" {
		options.Realm = "restricted"
	}
	if strings.ContainsFunc(options.Realm, func(r rune) bool { return r < ' ' || r == 0x7f || r == '"' || r == '\\' }) {
		return nil, fmt.Errorf("basicauth: Options.Realm must have neither quotes, backslashes nor control characters: %q",
			options.Realm)
	}
	if options.ClientAddress == nil {
		options.ClientAddress = ClientAddress
	}
	if options.Refuse == nil {
		options.Refuse = Refuse
	}
	if strings.ContainsFunc(options.SessionCookie, func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		return nil, fmt.Errorf("basicauth: Options.SessionCookie must have letters, digits, - and _ alone: %q",
			options.SessionCookie)
	}
	realm := ` realm="` + options.Realm + `"`
	a := &Authenticator{users: users, options: options, basicChallenge: "Basic" + realm + `, charset="UTF-8"`,
		sessionChallenge: "Session" + realm, bearerChallenge: "Bearer" + realm + `, error="invalid_token"`}
	if _, err := rand.Read(a.key[:]); err != nil {
		return nil, fmt.Errorf("basicauth: %w", err)
	}
	// However many log in, half of the processors are left to others.
	a.queue = newQueue(max(1, runtime.GOMAXPROCS(0)/2), a.verify)
	return a, nil
}

// Authenticate returns the name of the user who has made the request, as Identify does.
func (a *Authenticator) Authenticate(r *http.Request) (user string, err error) {
	identity, err := a.Identify(r)
	return identity.User, err
}

// Identify returns who has made the request, by the header Authorization or, without one, by a session. A program with
// a token is the user "token:NAME". The error is an *Error for a request without a right log-in, the context's once
// that has ended, or that of Users or of the TokenStore. A log-in that isn't known yet may wait up to 30 seconds for
// its turn.
func (a *Authenticator) Identify(r *http.Request) (Identity, error) {
	if r.Header.Get("Authorization") == "" {
		identity, ok, err := a.session(r)
		if err == nil && !ok {
			err = a.unauthorized(r, "log in with HTTP Basic authentication")
		}
		return identity, err
	}
	if text, given := bearer(r); given && a.options.Tokens != nil {
		identity, ok, err := a.options.Tokens.find(r.Context(), text)
		if err == nil && !ok {
			err = &Error{Status: http.StatusUnauthorized, Challenge: a.bearerChallenge,
				Reason: "the token is unknown, or was withdrawn"}
		}
		return identity, err
	}
	user, password, given := r.BasicAuth()
	if !given {
		return Identity{}, a.unauthorized(r, "log in with HTTP Basic authentication")
	}
	known, err := a.check(r.Context(), a.options.ClientAddress(r), user, password)
	if errors.Is(err, errWrong) {
		err = a.unauthorized(r, errWrong.Error())
	}
	if err != nil {
		return Identity{}, err
	}
	return Identity{user, known.Role}, nil
}

// Close refuses the log-ins that wait for their turn, now and later, with an *Error of status 503, so that a server
// can stop at once. A log-in that needn't wait is checked as before. Closing twice is no error.
func (a *Authenticator) Close() { a.queue.close() }

// Handler passes requests with a right log-in to next, where FromContext returns who has made it, and answers the
// others by Options.Refuse. Since a log-in may wait for its turn, a server's WriteTimeout has to be longer than 30
// seconds, or 0.
func (a *Authenticator) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		identity, err := a.Identify(r)
		if err != nil {
			a.options.Refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(NewContext(r.Context(), identity)))
	})
}
