package casetest_test

import (
	"context"
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
)

// A suite's case fails on a store that breaks its promise.
func ExampleCheck() {
	promise := func(t casetest.T, lookUp func(id int) string) {
		require.NotEmpty(t, lookUp(1), "a product that was stored is found")
	}
	good := func(int) string { return "Blue mug" }
	broken := func(int) string { return "" }
	for _, lookUp := range []func(int) string{good, broken} {
		err := casetest.Check(context.Background(), func(t casetest.T) { promise(t, lookUp) })
		fmt.Println("kept:", err == nil)
	}
	// Output:
	// kept: true
	// kept: false
}
