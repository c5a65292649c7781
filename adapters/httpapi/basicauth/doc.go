// Package basicauth lets only those requests pass that log in with HTTP Basic authentication, and keeps people from
// guessing passwords.
//
//	request -> Authenticator -> Users (name -> hash, role)
//	                         -> a log-in that was right before passes at once
//	                         -> a new one waits for its turn -> its hash is computed
//	                         -> Tokens -> TokenStore (hash -> name, role), asked every two seconds
//	                         -> a session's cookie is proof of an earlier log-in
//
// It needs nothing but an http.Handler to protect:
//
//	users, err := basicauth.OpenHtpasswd("/etc/shop/htpasswd")
//	...
//	auth, err := basicauth.New(users, basicauth.Options{Realm: "shop"})
//	...
//	mux.Handle("/admin/", auth.Handler(admin))
//
// A request without a right log-in is answered with
//
//	HTTP/1.1 401 Unauthorized
//	Www-Authenticate: Basic realm="shop", charset="UTF-8"
//
//	the name or the password is wrong
//
// and one of somebody who has failed too often with 429 and Retry-After.
//
// Users may have roles (Accounts; a file has them behind the hash, ann:$2y$...:viewer), which the protected handler
// learns from FromContext. What each role may do is that handler's business. Users without one are admins.
//
// With Options.SessionCookie a form can log in as well: NewSession checks the password, with the same bounds, and makes
// a cookie that counts for 12 hours, or until the password changes. No server keeps anything of it, and all that have
// the same users take it.
//
// With Options.Tokens programs log in with tokens of their own, which are made and withdrawn by Tokens over any
// TokenStore. Of a token's text only the hash is stored.
//
// Guesses are bounded, whatever addresses they come from, and a client that has logged in before never waits for the
// guesses of others. A client is a user at an address: it may fail 10 times at once and then 10 times a minute; all
// clients that are new to a user 100 times and then 30 times a minute; all unknown clients of an address 100 times and
// then 60 times a minute. What is slow is the hash alone: half of the processors compute hashes at most, and a log-in
// that was right or wrong is remembered, so that it takes no second hash.
package basicauth
