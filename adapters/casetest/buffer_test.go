package casetest_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
)

func TestBuffer(t *testing.T) {
	var b casetest.Buffer
	require.Empty(t, b.String())
	const writers, lines = 4, 100
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			for range lines {
				_, _ = fmt.Fprintln(&b, "writer", i)
				_ = b.String()
			}
		})
	}
	all.Wait()
	for i := range writers {
		require.Equal(t, lines, strings.Count(b.String(), fmt.Sprintln("writer", i)), "each line is whole")
	}
}
