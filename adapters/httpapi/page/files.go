//go:build !nopage

package page

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"path"
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
		Modules []string
	}{API: api}
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
		all["page/"+name] = lean(content)
		if path.Ext(name) == ".js" && name != "load-again.js" {
			data.Modules = append(data.Modules, name)
		}
	}
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

// lean returns a file without indentation and without lines that are comments of a module, of which a browser makes
// nothing: a fifth of the page. No line within a text of several lines may look like these.
func lean(content []byte) []byte {
	var short []byte
	for line := range bytes.Lines(content) {
		line = bytes.TrimLeft(line, " ")
		if !bytes.HasPrefix(line, []byte("//")) && len(line) > 1 {
			short = append(short, line...)
		}
	}
	return short
}
