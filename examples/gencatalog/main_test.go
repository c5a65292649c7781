package main

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/examples/version"
	"github.com/products-importer/products-importer/importer/catalogtest"
)

func TestRun(t *testing.T) {
	var want bytes.Buffer
	require.NoError(t, catalogtest.WriteVariant(&want, 100, catalogtest.Random))
	for _, c := range []struct {
		name   string
		args   []string
		status int
		stdout string
		stderr string
	}{
		{"a catalogue", []string{"-records", "100", "-variant", "random"}, 0, want.String(), ""},
		{"the version", []string{"-version"}, 0, version.Line("gencatalog") + "\n", ""},
		{"nothing but the header", []string{"-records", "0"}, 0, "name,sku,description\r\n", ""},
		{"fields", []string{"-records", "0", "-columns", "fields"}, 0,
			"name,sku,description,price,stock,brand,ean,available_from\r\n", ""},
		{"stock", []string{"-records", "0", "-columns", "stock"}, 0, "sku,stock\r\n", ""},
		{"stock of another variant", []string{"-columns", "stock", "-variant", "random"}, 2, "",
			"gencatalog: -columns stock is for the variant base alone (gencatalog -h explains)\n"},
		{"unknown columns", []string{"-columns", "x"}, 2, "",
			"gencatalog: -columns must be standard, fields or stock, not \"x\" (gencatalog -h explains)\n"},
		{"a negative length", []string{"-records", "-1"}, 2, "",
			"gencatalog: -records must be between 0 and 2,000,000,000, not -1 (gencatalog -h explains)\n"},
		{"an unknown variant", []string{"-variant", "x"}, 2, "",
			"gencatalog: -variant must be base, halfnew, random or changed, not \"x\" (gencatalog -h explains)\n"},
		{"an argument", []string{"x"}, 2, "", "gencatalog: unexpected argument \"x\" (gencatalog -h explains)\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			require.Equal(t, c.status, run(c.args, &stdout, &stderr))
			require.Equal(t, c.stdout, stdout.String())
			require.Equal(t, c.stderr, stderr.String())
		})
	}
}

type fullWriter struct{}

func (fullWriter) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestRunFailsWhenItCannotWrite(t *testing.T) {
	var stderr bytes.Buffer
	require.Equal(t, 1, run([]string{"-records", "1"}, fullWriter{}, &stderr))
	require.Equal(t, "gencatalog: no space left\n", stderr.String())
}
