// Package fieldflags has the flag about fields of one's own that the programs have in common.
package fieldflags

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// maxBytes is how long a fields file may be.
const maxBytes = 1 << 20

// Settings are what the command line and the environment say.
type Settings struct {
	// Schema is that of the file, products.Standard without one.
	Schema *products.Schema
	path   string
	given  bool
}

// Add adds the flag.
func (s *Settings) Add(flags *flag.FlagSet) {
	flags.Func("fields",
		"the JSON `FILE` that declares products' fields of your own, such as a price; without it that in FIELDS. "+
			"Servers, workers and imports of one database have the same one",
		func(path string) error {
			s.path, s.given = path, true
			return nil
		})
}

// Read reads the file that the flag names, or else FIELDS. The error is a sentence with the file and the place in it.
func (s *Settings) Read(getenv func(string) string) error {
	s.Schema = products.Standard()
	if !s.given {
		s.path = getenv("FIELDS")
	}
	if s.path == "" {
		return nil
	}
	text, err := read(s.path)
	if err != nil {
		return fmt.Errorf("the fields file: %w", err)
	}
	schema, err := products.ParseSchema(text)
	if err != nil {
		return fmt.Errorf("the fields file %s: %s", s.path, strings.TrimPrefix(err.Error(), "fields: "))
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
