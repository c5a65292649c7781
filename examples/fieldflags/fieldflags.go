// Package fieldflags has the flag about fields of one's own that the programs have in common.
package fieldflags

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/products"
)

// maxBytes is how long a fields file may be.
const maxBytes = 1 << 20

// Settings are what the command line and the environment say.
type Settings struct {
	// Schema is that of the file, products.Standard without one.
	Schema *products.Schema
}

// Add adds the flag, or FIELDS in the environment. An error about it is a sentence with the file and the place in it.
func (s *Settings) Add(flags *envflags.Set) {
	s.Schema = products.Standard()
	flags.Func("fields",
		"the JSON `FILE` that declares products' fields of your own, such as a price. Servers, workers and imports of "+
			"one database have the same one", s.read)
	flags.FromEnv("fields")
}

// read reads the file, or none for an empty path.
func (s *Settings) read(path string) error {
	s.Schema = products.Standard()
	if path == "" {
		return nil
	}
	text, err := read(path)
	if err != nil {
		return err
	}
	schema, err := products.ParseSchema(text)
	if err != nil {
		return fmt.Errorf("the fields file %s: %s", path, strings.TrimPrefix(err.Error(), "fields: "))
	}
	s.Schema = schema
	return nil
}

func read(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(file, maxBytes+1))
	if err == nil && len(text) > maxBytes {
		err = fmt.Errorf("%s is longer than %d bytes", path, maxBytes)
	}
	return text, err
}
