package importer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
)

// TestSingular: what is one is no plural.
func TestSingular(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		o    importer.Options
		says string
	}{
		"a row that is passed over": {"sku,name\nsku,name\n", importer.Options{}, "its only row was passed over"},
		"a record without a SKU": {"Handle,SKU,Title\nlamp,,Lamp\n", importer.Options{},
			"the only record was rejected for its empty sku"},
		"a header of one column": {"sku\nA,1\nB,2\nC,3\n", importer.Options{Set: map[string]string{"name": "x"}},
			"its header has a single column, but every record has 2 fields"},
		"a column": {"sku\nA\nB\nC\nD\nE\nF\nG\nH\nI\n\"J\",1\n", importer.Options{Set: map[string]string{"name": "x"}},
			"the record has 2 fields, but there is a single column"},
		"a record": {"sku,name\n", importer.Options{}, "the only record looked at has 2 fields"},
	} {
		t.Run(name, func(t *testing.T) {
			var said strings.Builder
			c.o.OnReject = func(r importer.Reject) error {
				_, err := said.WriteString(r.Reason + "\n")
				return err
			}
			result, err := importer.Run(t.Context(), importer.Bytes(c.file), memory.New(memory.Options{}).Products(), c.o)
			if err != nil {
				said.WriteString(err.Error() + "\n")
			}
			if result != nil {
				fmt.Fprintln(&said, result.Dialect.Hints, result.Dialect.Evidence.Delimiter)
			}
			require.Contains(t, said.String(), c.says)
			require.NotRegexp(t, `\b1 (records|rows|fields|columns)\b|all 1 `, said.String())
		})
	}
}
