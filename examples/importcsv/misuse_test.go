package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/products-importer/products-importer/examples/storeflags/misusetest"
)

func TestMisuse(t *testing.T) {
	misusetest.Run(t, func(ctx context.Context, args []string, getenv func(string) string, stdout,
		stderr io.Writer) int {
		return run(ctx, args, getenv, strings.NewReader(""), stdout, stderr)
	}, nil, []string{"catalog.csv"})
}
