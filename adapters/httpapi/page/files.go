//go:build !nopage

package page

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"path"
	"strings"
)

// Included tells whether the program has the page: it was built without the tag nopage.
const Included = true

//go:embed files
var embedded embed.FS

// contents returns what the page consists of, by the paths below its own. The page says where the API is, and names all
// modules, so that a browser fetches them at once and not one after the other.
func contents(api string) (map[string][]byte, error) {
	all := map[string][]byte{}
	data := struct {
		API     string
		Modules string // their names, with a space between them
	}{API: api}
	var names []string
	entries, err := fs.ReadDir(embedded, "files")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		name := entry.Name()
		content, err := embedded.ReadFile("files/" + name)
		if err != nil {
			return nil, err
		}
		all["page/"+name] = lean(name, content)
		if path.Ext(name) == ".js" && name != "begin.js" {
			names = append(names, strings.TrimSuffix(name, ".js"))
		}
	}
	data.Modules = strings.Join(names, " ")
	index, err := template.New("index.html").Parse(string(all["page/index.html"]))
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	if err := index.Execute(&page, &data); err != nil {
		return nil, err
	}
	delete(all, "page/index.html")
	all[""] = page.Bytes()
	return all, nil
}
