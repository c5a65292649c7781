package main

import (
	"testing"

	"github.com/products-importer/products-importer/examples/storeflags/misusetest"
)

func TestMisuse(t *testing.T) {
	misusetest.Run(t, run, nil, nil)
	misusetest.Run(t, run, []string{"migrate"}, nil)
}
