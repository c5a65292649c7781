package httpapi

import (
	"net/http"
	"slices"
	"strings"
)

// productPaths are those of routes that need products.
var productPaths = []routePath{productsPath, productPath, historyPath, exportPath, deleteAllPath, undoPath}

// productSchemas are parts of the OpenAPI document that only these routes use.
var productSchemas = []string{"Product", "ProductInput", "ProductPatch", "ProductList", "ProductHistory", "HistoryEntry",
	"HistoryImport"}

// ofProducts is a resource that needs products. Without them there is nothing.
func (a *API) ofProducts(path routePath, m methods) resource {
	if a.products == nil {
		for method := range m {
			m[method] = a.handle(func(http.ResponseWriter, *http.Request) error {
				return newProblem(http.StatusNotFound, "no_products", "this server imports into a table of its owner's: rows "+
					"are looked at, changed and deleted there, and imports aren't undone here")
			})
		}
	}
	return resource{path, m}
}

// leaveOutProducts takes what needs products out of the OpenAPI document.
func leaveOutProducts(document object) {
	paths := document["paths"].(object)
	for _, path := range productPaths {
		delete(paths, string(path))
	}
	schemas := document["components"].(object)["schemas"].(object)
	for _, name := range productSchemas {
		delete(schemas, name)
	}
	events := schemas["Event"].(object)["properties"].(object)["type"].(object)
	for _, types := range []object{schemas["WebhookEventType"].(object), events} {
		types["enum"] = slices.DeleteFunc(types["enum"].([]any), func(t any) bool { return isOfProducts(t.(string)) })
		delete(types, "examples") // which may be one of these
	}
	delete(schemas["Event"].(object), "examples")
	delete(schemas["FeedPage"].(object), "examples")
}

// isOfProducts reports whether a type of events, or a pattern of types, is of products alone.
func isOfProducts(events string) bool { return strings.HasPrefix(events, "product") }
