package basicauth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"time"
)

// SessionTime is how long a session lasts.
const SessionTime = 12 * time.Hour

// A session's cookie has, in base64: the time of its end in seconds since 1970 (8 bytes), a MAC (32 bytes), and the
// user's name. The key of the MAC is the stored hash of the user's password. So a session ends with that password's
// change, no server keeps anything of it, and all that have the same users take it.
const (
	sessionHead    = 8 + sha256.Size
	maxSessionText = (sessionHead + maxPassword + 2) / 3 * 4
)

// sessionText has the cookie's value without base64.
var sessionText = base64.RawURLEncoding.Strict()

// NewSession checks a name and a password as Authenticate does, with the same bounds on failures, and begins a session:
// requests that bring the cookie pass for SessionTime, or until the user's password is changed. The cookie has a name
// and a value, HttpOnly, SameSite=Strict and MaxAge; the caller sets Path and Secure. It returns an error without
// Options.SessionCookie.
//
// A session can't be ended at the server before its time, since no server keeps it: a client that logs out forgets the
// cookie.
func (a *Authenticator) NewSession(r *http.Request, user, password string) (*http.Cookie, Identity, error) {
	if a.options.SessionCookie == "" {
		return nil, Identity{}, errors.New("basicauth: Options.SessionCookie is empty: there are no sessions")
	}
	address := a.options.ClientAddress(r)
	known, err := a.check(r.Context(), address, user, password)
	if errors.Is(err, errWrong) {
		return nil, Identity{}, &Error{Status: http.StatusUnauthorized, Challenge: a.sessionChallenge,
			Reason: errWrong.Error()}
	}
	if err != nil {
		return nil, Identity{}, err
	}
	cookie := a.NoSession()
	cookie.Value = a.seal(user, known.PasswordHash, time.Now().Add(SessionTime))
	cookie.MaxAge = int(SessionTime / time.Second)
	return cookie, Identity{user, known.Role}, nil
}

// NoSession returns the cookie with which a client forgets its session. The caller sets Path and Secure as of the one
// that began it.
func (a *Authenticator) NoSession() *http.Cookie {
	return &http.Cookie{Name: a.options.SessionCookie, MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode}
}

// seal returns the value of a session's cookie.
func (a *Authenticator) seal(user, hash string, end time.Time) string {
	b := make([]byte, 8, sessionHead+len(user))
	binary.BigEndian.PutUint64(b, uint64(end.Unix()))
	b = append(b, a.sessionMAC(user, hash, b[:8])...)
	return sessionText.EncodeToString(append(b, user...))
}

// sessionMAC returns the MAC of a session. The name of the cookie is in it, so that it is worth nothing to others who
// have the same users.
func (a *Authenticator) sessionMAC(user, hash string, end []byte) []byte {
	mac := hmac.New(sha256.New, []byte(hash))
	for _, part := range []string{"session", a.options.SessionCookie, string(end), user} {
		mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		mac.Write([]byte(part))
	}
	return mac.Sum(nil)
}

// session returns who makes a request by a session, and whether it has one that counts.
func (a *Authenticator) session(r *http.Request) (identity Identity, ok bool, err error) {
	if a.options.SessionCookie == "" {
		return identity, false, nil
	}
	// A browser sends several of the same name where they have different paths.
	for _, cookie := range r.CookiesNamed(a.options.SessionCookie) {
		if identity, ok, err = a.open(r.Context(), cookie.Value); ok || err != nil {
			return identity, ok, err
		}
	}
	return Identity{}, false, nil
}

// open returns whose session a cookie is of, and whether it counts.
func (a *Authenticator) open(ctx context.Context, text string) (identity Identity, ok bool, err error) {
	if len(text) > maxSessionText {
		return identity, false, nil
	}
	value, err := sessionText.DecodeString(text)
	if err != nil || len(value) <= sessionHead {
		return identity, false, nil
	}
	end, mac, user := value[:8], value[8:sessionHead], string(value[sessionHead:])
	if until := binary.BigEndian.Uint64(end); until <= uint64(time.Now().Unix()) {
		return identity, false, nil
	}
	known, err := a.account(ctx, user)
	if err != nil {
		return identity, false, err
	}
	right := hmac.Equal(mac, a.sessionMAC(user, known.PasswordHash, end))
	if !right || known.PasswordHash == "" {
		return identity, false, nil
	}
	return Identity{user, known.Role}, true, nil
}

// challenge returns the value of WWW-Authenticate for a request. Where there are sessions, one that a script of a page
// has sent isn't asked for Basic, for which the browser would open a dialog of its own: the page has a form.
func (a *Authenticator) challenge(r *http.Request) string {
	if a.options.SessionCookie != "" && (r.Header.Get("X-Requested-With") != "" ||
		r.Header.Get("Sec-Fetch-Dest") == "empty" || len(r.CookiesNamed(a.options.SessionCookie)) > 0) {
		return a.sessionChallenge
	}
	return a.basicChallenge
}
