package httpapi

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/products-importer/products-importer/products"
)

//go:embed openapi.json
var openAPI []byte

// object is a part of the document.
type object = map[string]any

// document returns the description of this API: with the fields of its schema, and without products and webhooks where
// it has none.
func (a *API) document() []byte {
	var document object
	if err := json.Unmarshal(openAPI, &document); err != nil {
		panic(err) // it is a file of this package
	}
	if a.tokens == nil {
		for _, r := range a.tokenRoutes() {
			delete(document["paths"].(object), string(r.path))
		}
		components := document["components"].(object)
		delete(components["securitySchemes"].(object), "bearer")
		delete(components["schemas"].(object), "Token")
		delete(components["schemas"].(object), "TokenName")
		document["security"] = slices.DeleteFunc(document["security"].([]any), func(scheme any) bool {
			_, is := scheme.(object)["bearer"]
			return is
		})
	}
	if a.options.Metrics == nil {
		delete(document["paths"].(object), string(metricsPath))
	}
	if !a.options.Webhooks.given() {
		delete(document, "webhooks")
		paths := document["paths"].(object)
		for _, r := range a.webhookRoutes() {
			delete(paths, string(r.path))
		}
	}
	if a.auth == nil { // the application has a log-in of its own
		session := document["paths"].(object)[string(sessionPath)].(object)
		delete(session, "post")
		delete(session, "delete")
		document["components"].(object)["securitySchemes"] = object{}
		delete(document, "security")
	}
	describeRoles(document)
	if a.products == nil {
		leaveOutProducts(document)
	} else {
		describeFields(document, a.schema)
	}
	describeUploads(document, a.options.MaxUploadBytes)
	text, err := encodeJSON(document)
	if err != nil {
		panic(err)
	}
	return text
}

// describeRoles says of every operation which roles may, and that others are refused.
func describeRoles(document object) {
	for path, item := range document["paths"].(object) {
		for method, operation := range item.(object) {
			operation, responses := operation.(object), operation.(object)["responses"].(object)
			if operation["security"] != nil { // what is for everybody
				continue
			}
			may := accesses[routePath(path)].may(strings.ToUpper(method))
			operation["x-roles"] = roleNames(may)
			if responses["403"] == nil && len(may) < len(everybody) {
				responses["403"] = object{"$ref": "#/components/responses/Problem403"}
			}
		}
	}
}

// describeUploads says how long a file may be, for programs too.
func describeUploads(document object, most int64) {
	for _, path := range []routePath{uploadPath, uploadsPath} {
		body := document["paths"].(object)[string(path)].(object)["post"].(object)["requestBody"].(object)
		body["description"] = "At most " + strconv.FormatInt(most, 10) + " bytes as it is sent, or the answer is 413."
		body["x-max-bytes"] = most
	}
}

// describeFields completes the document with the fields of one's own: as parts of products, and as filters and orders
// of lists.
func describeFields(document object, schema *products.Schema) {
	schemas := document["components"].(object)["schemas"].(object)
	properties := func(name string) (fields, properties object) {
		fields = schemas[name].(object)["properties"].(object)[fieldsName].(object)
		return fields, fields["properties"].(object)
	}
	_, stored := properties("Product")
	input, given := properties("ProductInput")
	_, changed := properties("ProductPatch")
	var required []string
	var filters []any
	for _, f := range schema.All() {
		if f.Builtin() {
			continue
		}
		stored[f.Name], given[f.Name], changed[f.Name] = storedSchema(f), inputSchema(f), inputSchema(f)
		if f.Required() {
			required = append(required, f.Name)
		}
		for _, op := range f.Operators() {
			filters = append(filters, filterParameter(f, op))
		}
	}
	if required != nil {
		input["required"], input["type"] = required, "object"
		whole := schemas["ProductInput"].(object)
		whole["required"] = append(whole["required"].([]any), fieldsName)
		delete(whole, "examples") // which know nothing of these
	}
	for _, path := range []routePath{productsPath, exportPath} {
		get := document["paths"].(object)[string(path)].(object)["get"].(object)
		parameters := get["parameters"].([]any)
		get["parameters"] = append(parameters, filters...)
		for _, p := range parameters {
			if p := p.(object); p["name"] == "ordering" {
				p["schema"].(object)["enum"] = orderings(schema)
			}
		}
	}
}

// orderings returns every value of the parameter ordering.
func orderings(schema *products.Schema) (all []string) {
	for _, name := range products.OrderBy(schema) {
		all = append(all, name, "-"+name)
	}
	return all
}

// OpenAPI is the handler of GET /openapi.json, the description of the API as an OpenAPI document of version 3.1. Its
// server is where the API is mounted.
func (a *API) OpenAPI() http.Handler {
	document := a.document()
	return resource{openAPIPath, methods{http.MethodGet: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served := document
		if prefix, ok := a.mount(r, openAPIPath); ok {
			served = withServer(document, a.origin(r)+prefix)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(served)))
		_, _ = w.Write(served) // it fails where the client has gone
	})}}
}

// withServer returns the document with the URL of its only server, to which clients append the paths.
func withServer(document []byte, server string) []byte {
	if server == "" {
		server = "/"
	}
	quoted, err := json.Marshal(server)
	if err != nil {
		panic(err) // it is text
	}
	served := make([]byte, 0, len(document)+len(quoted)+64)
	served = append(served, `{"servers":[{"url":`...)
	served = append(served, quoted...)
	served = append(served, `}],`...)
	return append(served, document[1:]...)
}
