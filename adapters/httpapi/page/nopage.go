//go:build nopage

package page

// Included tells whether the program has the page: it was built without the tag nopage.
const Included = false

// contents returns nothing.
func contents(string) (map[string][]byte, error) { return nil, nil }
