package fieldflags_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/examples/fieldflags"
	"github.com/products-importer/products-importer/products"
)

func read(t *testing.T, environment string, args ...string) (fieldflags.Settings, error) {
	t.Helper()
	var s fieldflags.Settings
	flags := envflags.New("test", "")
	s.Add(flags)
	_, err := flags.Parse(args, func(name string) string { return map[string]string{"FIELDS": environment}[name] })
	return s, err
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fields.json")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestRead(t *testing.T) {
	price := write(t, `{"fields": [{"name": "price", "type": "decimal", "scale": 2}]}`)
	stock := write(t, `{"fields": [{"name": "stock", "type": "integer"}]}`)
	for name, c := range map[string]struct {
		environment string
		args        []string
		want        string
	}{
		"none":                                 {},
		"the flag":                             {args: []string{"-fields", price}, want: "price"},
		"the environment":                      {environment: stock, want: "stock"},
		"the flag goes before the environment": {environment: stock, args: []string{"-fields", price}, want: "price"},
		"an empty flag turns the environment's off": {environment: stock, args: []string{"-fields", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := read(t, c.environment, c.args...)
			require.NoError(t, err)
			if c.want == "" {
				require.Same(t, products.Standard(), s.Schema)
				return
			}
			require.Len(t, s.Schema.Own(), 1)
			require.Equal(t, c.want, s.Schema.Own()[0].Name)
		})
	}
}

func TestBadFiles(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no JSON":         {"{\n\"fields\": [}", "(line 2, column 12)"},
		"an unknown type": {`{"fields": [{"name": "price", "type": "money"}]}`, `field 1, "price": `},
		"a taken name":    {`{"fields": [{"name": "status", "type": "text"}]}`, "the name is taken"},
		"a rule that doesn't parse": {`{"fields": [{"name": "a", "type": "text"}, {"name": "b", "type": "text",
			"rules": "colour"}]}`, `field 2, "b": `},
		"too long": {strings.Repeat(" ", 1<<20+1), "is longer than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, c.text)
			_, err := read(t, path)
			require.ErrorContains(t, err, path)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "\n")
		})
	}
	_, err := read(t, "", "-fields", filepath.Join(t.TempDir(), "none.json"))
	require.ErrorContains(t, err, "none.json: no such file")
}
