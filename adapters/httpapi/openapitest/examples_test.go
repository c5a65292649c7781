package openapitest

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/pb33f/libopenapi"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/schema_validation"
	"github.com/pb33f/libopenapi/datamodel/high/base"
	"github.com/stretchr/testify/require"
)

// TestOpenAPIExplains: every operation and every schema says what it is, and every schema has an example that fits it,
// as do the examples that properties have.
func TestOpenAPIExplains(t *testing.T) {
	text, err := os.ReadFile("../openapi.json") // which has all there is but the fields of a catalogue
	require.NoError(t, err)
	document, err := libopenapi.NewDocument(text)
	require.NoError(t, err)
	model, err := document.BuildV3Model()
	require.NoError(t, err)
	for path, item := range model.Model.Paths.PathItems.FromOldest() {
		for method, operation := range item.GetOperations().FromOldest() {
			require.NotEmpty(t, operation.Summary, "%s %s", method, path)
			require.NotEmpty(t, operation.Description, "%s %s", method, path)
		}
	}
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
	for name, proxy := range model.Model.Components.Schemas.FromOldest() {
		schema := proxy.Schema()
		require.NotEmpty(t, schema.Description, name)
		require.NotEmpty(t, schema.Examples, name)
		check(name, schema)
		for property, proxy := range schema.Properties.FromOldest() { // nil where it has none
			check(name+"."+property, proxy.Schema())
		}
	}
}
