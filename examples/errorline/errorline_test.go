package errorline_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/examples/errorline"
	"github.com/products-importer/products-importer/products"
)

func TestOf(t *testing.T) {
	away := fmt.Errorf("%w: can't connect to PostgreSQL at h:5432: dial tcp: connection refused", products.ErrUnavailable)
	for _, c := range []struct {
		err  error
		want string
	}{
		{errors.New("no prefix: at all"), "no prefix: at all"},
		{away, "store unavailable: can't connect to PostgreSQL at h:5432: dial tcp: connection refused"},
		{fmt.Errorf("waited 1m for the database: %w", errors.New("products: gone")), "waited 1m for the database: gone"},
		{errors.New("worker: job 7: postgres: importer: it went"), "job 7: it went"},
		{errors.Join(errors.New("sqlite: one"), errors.New("webhooks: two\r\nthree")), "one; two; three"},
		{errors.New(`the role "postgres" is missing: my products: none`), `the role "postgres" is missing: my products: none`},
	} {
		require.Equal(t, c.want, errorline.Of(c.err))
	}
}
