package main

import (
	"net/http"

	"github.com/products-importer/products-importer/adapters/httpapi/page"
)

// withPage returns the API with the web page at its root, unless the program was built without it.
func withPage(api http.Handler) (http.Handler, error) {
	if !page.Included {
		return api, nil
	}
	p, err := page.New(page.Options{})
	if err != nil {
		return nil, err
	}
	return p.Beside(api), nil
}
