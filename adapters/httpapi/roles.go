package httpapi

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
)

// access says who may use a route.
type access struct {
	read   []basicauth.Role // may GET it
	change []basicauth.Role // may do the rest
}

// Who may, the least role first.
var (
	everybody = []basicauth.Role{basicauth.Viewer, basicauth.Importer, basicauth.Editor, basicauth.Admin}
	viewers   = []basicauth.Role{basicauth.Viewer, basicauth.Editor, basicauth.Admin}
	importers = []basicauth.Role{basicauth.Importer, basicauth.Editor, basicauth.Admin}
	editors   = []basicauth.Role{basicauth.Editor, basicauth.Admin}
	admins    = []basicauth.Role{basicauth.Admin}
)

// may returns the roles that may use a method.
func (a access) may(method string) (roles []basicauth.Role) {
	switch method {
	case http.MethodOptions:
		return everybody
	case http.MethodGet, http.MethodHead:
		roles = a.read
	default:
		roles = a.change
	}
	if roles == nil {
		return admins
	}
	return roles
}

// resource is what is at a route. Where it is known who makes a request, it serves those whose roles may do that. Where
// it is not, the application has decided already who comes here.
type resource struct {
	path routePath
	methods
}

func (s resource) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.has(r.Method) {
		if p := refusal(s.path, r); p != nil {
			writeProblem(w, r, slog.New(slog.DiscardHandler), p)
			return
		}
	}
	s.methods.ServeHTTP(w, r)
}

// refusal returns the problem of a request that the user's role may not make, nil where it may.
func refusal(path routePath, r *http.Request) *Problem {
	identity, known := basicauth.FromContext(r.Context())
	may := accesses[path].may(r.Method)
	if !known || slices.Contains(may, identity.Role) {
		return nil
	}
	p := newProblem(http.StatusForbidden, "wrong_role", fmt.Sprintf("this is for the role %s, and you have the role %s",
		alternatives(may), identity.Role))
	p.Roles = may
	return p
}

// alternatives returns the roles as "a", "a or b", or "a, b or c".
func alternatives(roles []basicauth.Role) string {
	names := roleNames(roles)
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

func roleNames(roles []basicauth.Role) (names []string) {
	for _, role := range roles {
		names = append(names, string(role))
	}
	return names
}
