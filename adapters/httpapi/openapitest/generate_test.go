package openapitest

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// wholeDocument returns the document of an API with all that there is: log-ins, tokens, webhooks, metrics, and fields of
// each type.
func wholeDocument(t *testing.T) []byte {
	t.Helper()
	schema, err := products.NewSchema(
		products.Field{Name: "price", Type: products.Decimal, Scale: 2, Rules: "gte=0"},
		products.Field{Name: "weight", Type: products.Decimal, Rules: "required"},
		products.Field{Name: "stock", Type: products.Integer},
		products.Field{Name: "brand", Type: products.Text, Rules: "max=100", Search: true},
		products.Field{Name: "currency", Type: products.Text, Rules: "oneof=EUR USD 'not known'"},
		products.Field{Name: "tags", Type: products.List, Separator: "|"},
		products.Field{Name: "available_from", Type: products.Date},
		products.Field{Name: "seen_at", Type: products.Timestamp},
		products.Field{Name: "fragile", Type: products.Boolean})
	require.NoError(t, err)
	db := memory.New(memory.Options{Fields: schema})
	jobs, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{Fields: schema})
	require.NoError(t, err)
	hash, err := basicauth.StablePasswordHash("admin", "secret")
	require.NoError(t, err)
	users, err := basicauth.NewStaticUsers(map[string]string{"admin": hash})
	require.NoError(t, err)
	sender, err := webhooks.NewSender(webhooks.SenderOptions{})
	require.NoError(t, err)
	hooks, err := webhooks.NewService(db.Webhooks(), sender, webhooks.ServiceOptions{})
	require.NoError(t, err)
	api, err := httpapi.New(db.Products(), jobs, db.Jobs(), users, httpapi.Options{Tokens: db.Tokens(),
		Metrics: http.NotFoundHandler(), Webhooks: httpapi.Webhooks{Service: hooks, Store: db.Webhooks()}})
	require.NoError(t, err)
	r := httptest.NewRequest(http.MethodGet, "/openapi.json", nil)
	r.SetBasicAuth("admin", "secret")
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)
	return w.Body.Bytes()
}

// TestOpenAPIGenerates has a program make Go of the document, a client and a server, and compiles it. The program is
// pinned in a module of its own, whose modules have to be on this machine already: a test asks no network.
func TestOpenAPIGenerates(t *testing.T) {
	pinned, err := filepath.Abs("../../../.ci/openapi")
	require.NoError(t, err)
	goCommand := func(folder string, args ...string) (string, error) {
		c := exec.CommandContext(t.Context(), "go", args...)
		c.Dir, c.Env = folder, append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off")
		said, err := c.CombinedOutput()
		return string(said), err
	}
	if _, err := goCommand(pinned, "list", "-deps", "tool", "."); err != nil {
		t.Skip("the program that makes Go of the document is missing: go -C .ci/openapi mod download gets it")
	}
	folder := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(pinned, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), text, 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "openapi.json"), wholeDocument(t), 0o600))
	for _, args := range [][]string{
		{"tool", "oapi-codegen", "-generate", "types,client,std-http-server", "-package", "openapi", "-o", "openapi.go",
			"openapi.json"},
		{"vet", "."},
	} {
		said, err := goCommand(folder, args...)
		require.NoError(t, err, "go %v: %s", args, said)
	}
}
