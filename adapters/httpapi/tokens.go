package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
)

// tokenView is a program's token.
type tokenView struct {
	Name      string         `json:"name"`
	Role      basicauth.Role `json:"role"`
	CreatedAt time.Time      `json:"created_at"`
}

// newTokenView is a token with its text, which is shown once.
type newTokenView struct {
	tokenView
	Token string `json:"token"`
}

// errNoTokens is for handlers of tokens that are mounted without any.
var errNoTokens = newProblem(http.StatusNotFound, "not_found", "this server has no tokens")

// Tokens is the handler of GET /tokens/, the list of programs' tokens, and of POST /tokens/, which makes one.
func (a *API) Tokens() http.Handler {
	return resource{tokensPath, methods{
		http.MethodGet: a.token(a.listTokens), http.MethodPost: a.token(a.createToken),
	}}
}

// Token is the handler of DELETE /tokens/{id}, which withdraws a token. Its name is the {id}.
func (a *API) Token() http.Handler {
	return resource{tokenPath, methods{http.MethodDelete: a.token(a.deleteToken)}}
}

// token is handle for routes that need tokens, with a limit of time.
func (a *API) token(f func(ctx context.Context, w http.ResponseWriter, r *http.Request) error) http.Handler {
	return a.handle(func(w http.ResponseWriter, r *http.Request) error {
		if a.tokens == nil {
			return errNoTokens
		}
		ctx, cancel := withTimeout(r, requestTime)
		defer cancel()
		return f(ctx, w, r)
	})
}

func (a *API) listTokens(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
	if p := readParameters(r); p.err != nil {
		return p.err
	}
	all, err := a.tokens.List(ctx)
	if err != nil {
		return err
	}
	results := make([]tokenView, 0, len(all))
	for _, t := range all {
		results = append(results, tokenView(t))
	}
	writeJSON(w, http.StatusOK, "application/json", map[string][]tokenView{"results": results})
	return nil
}

func (a *API) createToken(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
	var name, role *string
	if err := a.readSettings(w, r, []string{"application/json"}, setters{"name": textSetter(&name),
		"role": textSetter(&role)}); err != nil {
		return err
	}
	switch {
	case name == nil:
		return fieldProblem(http.StatusUnprocessableEntity, "name", codeMissing, "name is missing")
	case role == nil:
		return fieldProblem(http.StatusUnprocessableEntity, "role", codeMissing, "role is missing")
	}
	as, err := basicauth.ParseRole(*role)
	if err != nil {
		return fieldProblem(http.StatusUnprocessableEntity, "role", codeValue, "role: "+err.Error())
	}
	t, text, err := a.tokens.Add(ctx, *name, as)
	switch {
	case errors.Is(err, basicauth.ErrTokenName):
		return fieldProblem(http.StatusUnprocessableEntity, "name", codeValue, tokenTrouble(err))
	case errors.Is(err, basicauth.ErrTokenExists):
		p := fieldProblem(http.StatusConflict, "name", codeExists, tokenTrouble(err))
		p.Code = "token_exists"
		return p
	case errors.Is(err, basicauth.ErrTooManyTokens):
		return newProblem(http.StatusConflict, "too_many_tokens", tokenTrouble(err))
	case err != nil:
		return err
	}
	a.setLocation(w, r, tokensPath, tokenPath, t.Name)
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusCreated, "application/json", newTokenView{tokenView(t), text})
	return nil
}

// tokenTrouble is one of the errors of tokens as a sentence for people.
func tokenTrouble(err error) string { return strings.TrimPrefix(err.Error(), "basicauth: ") }

func (a *API) deleteToken(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
	err := a.tokens.Remove(ctx, r.PathValue("id"))
	if errors.Is(err, basicauth.ErrNoToken) {
		return newProblem(http.StatusNotFound, "not_found", "there is no such token")
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
