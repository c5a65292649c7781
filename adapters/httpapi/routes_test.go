package httpapi

// Routes returns the paths of the API's routes, for the test of the OpenAPI document.
func Routes(a *API) (paths []string) {
	for _, r := range a.routes() {
		paths = append(paths, r.path)
	}
	return paths
}
