package openapitest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/pb33f/libopenapi"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/schema_validation"
	"github.com/pb33f/libopenapi/datamodel/high/base"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// modelOf returns the document of the text.
func modelOf(t *testing.T, text []byte) *v3.Document {
	document, err := libopenapi.NewDocument(text)
	require.NoError(t, err)
	model, err := document.BuildV3Model()
	require.NoError(t, err)
	return &model.Model
}

// checkExamples checks that the examples of the schemas, and of their properties, fit.
func checkExamples(t *testing.T, model *v3.Document) {
	fits := schema_validation.NewSchemaValidator(config.WithFormatAssertions())
	check := func(name string, schema *base.Schema) {
		for _, example := range schema.Examples {
			var value any
			require.NoError(t, example.Decode(&value))
			text, err := json.Marshal(value)
			require.NoError(t, err)
			valid, wrong := fits.ValidateSchemaString(schema, string(text))
			require.True(t, valid, "%s: %s: %v", name, text, wrong)
		}
	}
	for name, proxy := range model.Components.Schemas.FromOldest() {
		schema := proxy.Schema()
		check(name, schema)
		for property, proxy := range schema.Properties.FromOldest() { // nil where it has none
			check(name+"."+property, proxy.Schema())
		}
	}
}

// TestOpenAPIExplains: every operation and every schema says what it is, and every schema has an example that fits.
func TestOpenAPIExplains(t *testing.T) {
	text, err := os.ReadFile("../openapi.json") // which has all there is but the fields of a catalogue
	require.NoError(t, err)
	model := modelOf(t, text)
	for path, item := range model.Paths.PathItems.FromOldest() {
		for method, operation := range item.GetOperations().FromOldest() {
			require.NotEmpty(t, operation.Summary, "%s %s", method, path)
			require.NotEmpty(t, operation.Description, "%s %s", method, path)
		}
	}
	for name, proxy := range model.Components.Schemas.FromOldest() {
		require.NotEmpty(t, proxy.Schema().Description, name)
		require.NotEmpty(t, proxy.Schema().Examples, name)
	}
	checkExamples(t, model)
}

// TestExamplesOfWhatIsServed: the examples fit with fields of a catalogue too, and without products.
func TestExamplesOfWhatIsServed(t *testing.T) {
	checkExamples(t, modelOf(t, wholeDocument(t)))
	schema, err := products.TableSchema(false, products.Field{Name: "code", Type: products.Text})
	require.NoError(t, err)
	db := memory.New(memory.Options{Fields: schema})
	jobs, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{Fields: schema})
	require.NoError(t, err)
	api, err := httpapi.New(nil, jobs, db.Jobs(), nil, httpapi.Options{Fields: schema,
		Authenticate: func(*http.Request) (string, error) { return "admin", nil }})
	require.NoError(t, err)
	w := httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	checkExamples(t, modelOf(t, w.Body.Bytes()))
}
