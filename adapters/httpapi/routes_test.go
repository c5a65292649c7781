package httpapi

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Routes returns the paths of the API's routes, for the test of the OpenAPI document.
func Routes(a *API) (paths []string) {
	for _, r := range a.routes() {
		paths = append(paths, string(r.path))
	}
	return paths
}

// Handlers returns the handlers of the API's routes by their paths.
func Handlers(a *API) map[string]http.Handler {
	handlers := map[string]http.Handler{}
	for _, r := range a.routes() {
		handlers[string(r.path)] = r.handler
	}
	return handlers
}

func TestMountOfAPath(t *testing.T) {
	for _, test := range []struct {
		route  routePath
		path   string
		prefix string
		ok     bool
	}{
		{importPath, "/imports/7", "", true}, {importPath, "/imports/7/", "", true},
		{importPath, "/a/b/imports/7", "/a/b", true}, {importPath, "/caf%C3%A9/%69mports/7", "/caf%C3%A9", true},
		{importsPath, "/a/imports", "/a", true}, {importsPath, "/a/imports/", "/a", true},
		{attemptsPath, "/webhooks/webhooks/deliveries/1/attempts", "/webhooks", true},
		{importPath, "/imports/", "", false}, {importPath, "/imports//", "", false}, {importPath, "/a/jobs/7", "", false},
		{importPath, "imports/7", "", false}, {importPath, "", "", false}, {importPath, "*", "", false},
		{importPath, "/imports/%zz", "", false}, {importPath, "/imports/7/events", "", false},
	} {
		prefix, ok := test.route.mount(test.path)
		require.Equal(t, test.ok, ok, test.path)
		if ok {
			require.Equal(t, test.prefix, prefix, test.path)
		}
	}
	_, ok := importPath.mount("//evil.example/imports/7")
	require.False(t, ok, "a link would lead to another host")
}
