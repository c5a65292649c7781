package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
	"github.com/products-importer/products-importer/webhooks"
)

// rights are the roles that may use each operation, by their first letters.
var rights = map[string]string{
	"POST /upload_csv/":                      "iea",
	"POST /uploads/":                         "iea",
	"GET /uploads/{id}":                      "iea",
	"DELETE /uploads/{id}":                   "iea",
	"GET /uploads/{id}/preview":              "iea",
	"POST /imports/":                         "iea",
	"POST /imports/{id}/rerun":               "iea",
	"GET /profiles/":                         "viea",
	"GET /profiles/{name}":                   "viea",
	"PUT /profiles/{name}":                   "iea",
	"DELETE /profiles/{name}":                "iea",
	"POST /status/":                          "viea",
	"GET /imports/":                          "viea",
	"GET /imports/{id}":                      "viea",
	"GET /imports/{id}/events":               "viea",
	"POST /imports/{id}/cancel":              "iea",
	"GET /imports/{id}/rejects.csv":          "viea",
	"GET /imports/{id}/superseded.csv":       "viea",
	"GET /imports/{id}/skipped.csv":          "viea",
	"GET /imports/{id}/changes":              "viea",
	"POST /imports/{id}/undo":                "iea",
	"GET /imports/{id}/changes.csv":          "viea",
	"GET /products/":                         "vea",
	"POST /products/":                        "ea",
	"GET /products/{id}":                     "vea",
	"PUT /products/{id}":                     "ea",
	"PATCH /products/{id}":                   "ea",
	"DELETE /products/{id}":                  "ea",
	"GET /products/export.csv":               "vea",
	"GET /template.csv":                      "viea",
	"DELETE /delete_all/":                    "ea",
	"GET /metrics":                           "vea",
	"GET /openapi.json":                      "viea",
	"GET /tokens/":                           "a",
	"POST /tokens/":                          "a",
	"DELETE /tokens/{id}":                    "a",
	"GET /webhooks/":                         "vea",
	"POST /webhooks/":                        "a",
	"GET /webhooks/{id}":                     "vea",
	"PUT /webhooks/{id}":                     "a",
	"PATCH /webhooks/{id}":                   "a",
	"DELETE /webhooks/{id}":                  "a",
	"POST /webhooks/{id}/test":               "a",
	"POST /webhooks/{id}/pause":              "a",
	"POST /webhooks/{id}/resume":             "a",
	"POST /webhooks/{id}/rotate":             "a",
	"POST /webhooks/{id}/replay":             "a",
	"GET /webhooks/{id}/deliveries":          "vea",
	"GET /products/{id}/history":             "vea",
	"GET /webhooks/{id}/stats":               "vea",
	"GET /webhooks/deliveries/{id}/attempts": "vea",
	"POST /webhooks/deliveries/{id}/resend":  "a",
	"GET /changes":                           "vea",
}

// staff are users called as their roles, and one of whom no role is known.
func staff(t testing.TB) basicauth.Users {
	accounts := map[string]basicauth.Account{"boss": {PasswordHash: cheapHash(t, password)}}
	for _, role := range basicauth.Roles() {
		accounts[string(role)] = basicauth.Account{PasswordHash: cheapHash(t, password), Role: role}
	}
	users, err := basicauth.NewStaticAccounts(accounts)
	require.NoError(t, err)
	return users
}

// TestRolesOfRoutes sends every operation as every role, to the API as a whole and to its handlers one by one.
func TestRolesOfRoutes(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{}).fixture
	f.withUsers(staff(t))
	operations := map[string][]string{}
	for path, item := range openAPI(t, f.as("admin")).root["paths"].(object) {
		for method, operation := range item.(object) {
			if operation.(object)["security"] == nil {
				operations[strings.ToUpper(method)+" "+path] = texts(operation.(object)["x-roles"])
			}
		}
	}
	single := http.NewServeMux()
	for path, handler := range httpapi.Handlers(f.api) {
		single.Handle("/one"+strings.TrimSuffix(path, "/"), f.api.Protect("one", handler))
	}
	single.Handle("/", f.api)
	server := httptest.NewServer(single)
	t.Cleanup(server.Close)
	for operation, documented := range operations {
		letters, listed := rights[operation]
		require.True(t, listed, "nothing says who may %s", operation)
		method, path, _ := strings.Cut(operation, " ")
		path = strings.NewReplacer("{id}", "0", "{name}", "0").Replace(path)
		var may []string
		for _, role := range []basicauth.Role{basicauth.Viewer, basicauth.Importer, basicauth.Editor, basicauth.Admin} {
			if strings.Contains(letters, string(role[0])) {
				may = append(may, string(role))
			}
		}
		require.Equal(t, may, documented, operation)
		for _, name := range []string{"viewer", "importer", "editor", "admin", "boss"} {
			for _, target := range []string{path, "/one" + strings.TrimSuffix(path, "/")} {
				status, p := sendAs(t, server.URL+target, method, name)
				if name == "boss" || slices.Contains(may, name) {
					require.NotContains(t, []int{401, 403}, status, "%s %s as %s", method, target, name)
					continue
				}
				require.Equal(t, 403, status, "%s %s as %s", method, target, name)
				require.Equal(t, "wrong_role", p.Code)
				require.Equal(t, may, roleNames(p.Roles))
				require.Contains(t, p.Detail, "you have the role "+name)
				for _, role := range may {
					require.Contains(t, p.Detail, role)
				}
			}
		}
	}
	for operation := range rights {
		require.Contains(t, operations, operation, "there is no such operation")
	}
}

func roleNames(roles []basicauth.Role) (names []string) {
	for _, role := range roles {
		names = append(names, string(role))
	}
	return names
}

// sendAs sends a request of a user by a real client.
func sendAs(t *testing.T, url, method, name string) (status int, p httpapi.Problem) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader("{"))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(name, password)
	w, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { require.NoError(t, w.Body.Close()) }()
	if w.Header.Get("Content-Type") == "application/problem+json" {
		require.NoError(t, json.NewDecoder(w.Body).Decode(&p))
	}
	return w.StatusCode, p
}

// TestRolesOfNoMethod: what a path hasn't got is told to everybody.
func TestRolesOfNoMethod(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	f.withUsers(staff(t))
	f.as("viewer")
	require.Equal(t, 405, f.call("PATCH", "/imports/", "{}").Code)
	require.Equal(t, 204, f.call("OPTIONS", "/delete_all/", "").Code)
	require.Equal(t, 404, f.call("DELETE", "/nowhere", "").Code)
	require.Equal(t, 200, f.call("HEAD", "/products/", "").Code)
	require.Equal(t, 403, f.as("importer").call("HEAD", "/products/", "").Code)
}

// TestRolesOfAnApplication has an application say the role, by Options.Role or in front of a bare handler.
func TestRolesOfAnApplication(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	var role basicauth.Role
	var err error
	authenticate := func(*http.Request) (string, error) { return "ann", nil }
	api, failed := httpapi.New(f.store, f.board, f.board, nil, httpapi.Options{Authenticate: authenticate,
		Role: func(_ *http.Request, user string) (basicauth.Role, error) {
			require.Equal(t, "ann", user)
			return role, err
		}})
	require.NoError(t, failed)
	f.api = api
	role = basicauth.Viewer
	require.Equal(t, 200, f.call("GET", "/products/", "").Code)
	require.Equal(t, "wrong_role", problem(t, f.call("DELETE", "/delete_all/", ""), 403).Code)
	role = basicauth.Editor
	require.Equal(t, 204, f.call("DELETE", "/delete_all/", "").Code)
	for _, role = range []basicauth.Role{"", "boss"} {
		problem(t, f.call("GET", "/products/", ""), 500)
	}
	role, err = basicauth.Admin, httpapi.Unauthorized("Bearer", "again")
	problem(t, f.call("GET", "/products/", ""), 401)
	err = errors.New("secret")
	problem(t, f.call("GET", "/products/", ""), 500)

	bare := f.api.DeleteAll()
	send := func(ctx context.Context) int {
		w := httptest.NewRecorder()
		bare.ServeHTTP(w, httptest.NewRequest("DELETE", "/delete_all/", nil).WithContext(ctx))
		return w.Code
	}
	require.Equal(t, 204, send(t.Context()), "the application has decided who comes here")
	for identity, status := range map[basicauth.Identity]int{{User: "ann", Role: basicauth.Viewer}: 403,
		{User: "ann", Role: basicauth.Editor}: 204, {User: "ann"}: 204, {User: "ann", Role: "boss"}: 403} {
		require.Equal(t, status, send(basicauth.NewContext(t.Context(), identity)), fmt.Sprint(identity))
	}

	_, failed = httpapi.New(f.store, f.board, f.board, newUsers(t), httpapi.Options{
		Role: func(*http.Request, string) (basicauth.Role, error) { return basicauth.Admin, nil }})
	require.ErrorContains(t, failed, "Options.Role")
}

// TestRoleBehindProtect: an application's own handler learns the user and the role.
func TestRoleBehindProtect(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	f.withUsers(staff(t))
	var got basicauth.Identity
	own := f.api.Protect("own", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, _ = basicauth.FromContext(r.Context())
	}))
	r := httptest.NewRequest("POST", "/own", nil)
	r.SetBasicAuth("importer", password)
	newRecorder(own, r)
	require.Equal(t, basicauth.Identity{User: "importer", Role: basicauth.Importer}, got)
}
