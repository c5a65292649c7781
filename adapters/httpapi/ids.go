package httpapi

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/products-importer/products-importer/importer/job"
	jobs "github.com/products-importer/products-importer/importer/job/driver"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
	hooks "github.com/products-importer/products-importer/webhooks/driver"
)

// importID returns the ID of an import in lower case. Text that is no UUID isn't found, without asking a store.
func importID(text string) (string, error) {
	id := strings.ToLower(text)
	if !jobs.IsID(id) {
		return "", fmt.Errorf("%w: %q", job.ErrNotFound, products.Shorten(text))
	}
	return id, nil
}

// pathNumber returns the path's {id} as a positive number, and notFound for anything else.
func pathNumber(r *http.Request, notFound error) (int64, error) {
	text := r.PathValue("id")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 || strconv.FormatInt(id, 10) != text {
		return 0, fmt.Errorf("%w: %q", notFound, products.Shorten(text))
	}
	return id, nil
}

// webhookID returns the path's {id}, and webhooks.ErrNotFound for what can't be one.
func webhookID(r *http.Request) (string, error) {
	id := r.PathValue("id")
	if _, ok := hooks.ParseID("ep_", id); !ok {
		return "", fmt.Errorf("%w: %q", webhooks.ErrNotFound, products.Shorten(id))
	}
	return id, nil
}
