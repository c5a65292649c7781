package httpapi

import (
	_ "embed"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

//go:embed openapi.json
var openAPI []byte

// withoutWebhooks is the description of an API that has no webhooks.
var withoutWebhooks = sync.OnceValue(func() []byte {
	var document map[string]any
	if err := json.Unmarshal(openAPI, &document); err != nil {
		panic(err) // it is a file of this package
	}
	delete(document, "webhooks")
	paths := document["paths"].(map[string]any)
	maps.DeleteFunc(paths, func(path string, _ any) bool { return strings.HasPrefix(path, "/webhooks/") })
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		panic(err)
	}
	return text
})

// OpenAPI is the handler of the description of the API, an OpenAPI document of version 3.1: GET.
func (a *API) OpenAPI() http.Handler {
	document := openAPI
	if !a.options.Webhooks.given() {
		document = withoutWebhooks()
	}
	return methods{http.MethodGet: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(document)))
		_, _ = w.Write(document) // who is gone can't be told
	})}
}
