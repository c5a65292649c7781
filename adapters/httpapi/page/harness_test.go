package page_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// serve serves one document of HTML, with a policy that allows no script in it, and files to download.
func serve(t testing.TB, html string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'")
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, html)
		case "/app.js":
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = io.WriteString(w, `
				addEventListener('drop', async (event) => {
					event.preventDefault();
					document.title = event.dataTransfer.files[0].name + ' ' + await event.dataTransfer.files[0].text();
				});
				addEventListener('dragover', (event) => event.preventDefault());
				addEventListener('click', (event) => { document.title = event.target.textContent; });`)
		case "/rejects.csv":
			w.Header().Set("Content-Disposition", `attachment; filename="rejects.csv"`)
			_, _ = io.WriteString(w, "sku\n")
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// What the other tests use to look at the page is tried on documents that are broken in each way.
func TestHarness(t *testing.T) {
	const good = `<!doctype html><html lang=en><title>Good</title><body style="margin: 0; background: #fff; color: #222">
		<main><h1>Good</h1><label>Name <input style="height: 30px"></label><button style="height: 30px">Save</button>
		<label>Kind <select style="height: 30px"><option>One<option>Two</select></label>
		<label>File <input type=file style="height: 30px"></label>
		<a href="/rejects.csv" download>Rejects</a><script src="/app.js"></script></main>`

	t.Run("controls are found by role and name, and used", func(t *testing.T) {
		b := openTab(t)
		b.visit(serve(t, good))
		b.sees("Good")
		b.audits("good")
		require.False(t, b.has("button", "Delete"))
		b.click("button", "Save")
		b.until("document.title === 'Save'")
		b.fill("textbox", "Name", "first")
		b.fill("textbox", "Name", "lamp")
		require.Equal(t, "lamp", on[string](b, b.control("textbox", "Name"), `function () { return this.value; }`))
		b.walk("link", "Rejects")
		b.press("Enter")
		name, text := b.download()
		require.Equal(t, "rejects.csv: sku\n", name+": "+text)
		path := filepath.Join(t.TempDir(), "shop.csv")
		require.NoError(t, os.WriteFile(path, []byte("text"), 0o600))
		b.drop(100, 100, path)
		b.until("document.title === 'shop.csv text'")
		b.attach(path)
		b.until("document.querySelector('[type=file]').files[0].name === 'shop.csv'")
		b.choose("Kind", "Two")
		b.until("document.querySelector('select').value === 'Two'")
		shot := filepath.Join(t.TempDir(), "shot.png")
		b.picture(shot)
		require.FileExists(t, shot)
	})
	t.Run("tabs share a profile or don't", func(t *testing.T) {
		b := openTab(t)
		address := serve(t, good)
		b.visit(address)
		evaluate[any](b, `localStorage.setItem('a', 'b')`)
		second, third := b.another(), openTab(t)
		second.visit(address)
		third.visit(address)
		require.Equal(t, "b", evaluate[string](second, `localStorage.getItem('a')`))
		require.Empty(t, evaluate[string](third, `localStorage.getItem('a')`))
	})
	t.Run("what is broken is found", func(t *testing.T) {
		b := openTab(t)
		for _, c := range []struct{ html, says string }{
			{"<input style='height: 30px'>", "textbox without a name"},
			{"<button style='height: 30px; width: 30px'></button>", "button without a name"},
			{"<p style='color: #999'>pale</p>", "contrast 2.85: rgb(153, 153, 153) on rgb(255,255,255): pale"},
			{"<div style='background: rgb(0 0 0 / 0.5)'><p style='color: oklch(0.5 0 0)'>grey</p></div>", "contrast"},
			{"<input aria-label=a placeholder=hint style='height: 30px; background: #888'>", "hint"},
			{"<p style='width: 2000px'>wide</p>", "the page is wider than"},
			{"<dialog open style='width: 200px; overflow: auto'><p style='width: 900px'>x</dialog>", "a dialog is wider"},
			{"<p id=a>one<p id=a>two", "an id twice"},
			{"<h3>deep</h3>", "a level of headings is left out"},
			{"<table aria-label=t><tr><td>1</table>", "a table without headers"},
			{"<button style='height: 9px; width: 30px'>small</button>", "smaller than 24 px"},
			{"<p aria-labelledby=nothing>x", "leads nowhere"},
			{"<ul><p>x</ul>", "no li in a list"},
		} {
			b.visit(serve(t, `<!doctype html><html lang=en><title>Bad</title><body style="margin: 0; background: #fff">
				<main><h1>Bad</h1>`+c.html+`</main>`))
			found := append(b.unnamed(), evaluate[[]string](b, `[...`+contrastScript+`, ...`+structureScript+`,
				...`+widthScript+`]`)...)
			require.Contains(t, describe(found), c.says, c.html)
		}
	})
	t.Run("scripts in the document, and those that throw, are trouble", func(t *testing.T) {
		b := openTab(t)
		b.visit(serve(t, `<!doctype html><title>x</title><script>document.title = 'ran'</script>
			<img src=x onerror="document.title = 'ran'">`))
		b.until("document.readyState === 'complete'")
		require.Contains(t, describe(b.troubles()), "Content Security Policy")
		evaluate[any](b, `setTimeout(() => { document.title = 'thrown'; throw new Error('oh no') })`)
		b.until("document.title === 'thrown'")
		require.Contains(t, describe(b.troubles()), "oh no")
	})
	t.Run("what moves unasked is noted", func(t *testing.T) {
		b := openTab(t)
		b.visit(serve(t, good))
		b.sees("Good")
		evaluate[any](b, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
			document.querySelector('h1').style.marginTop = '300px'; requestAnimationFrame(() => requestAnimationFrame(done));
		})))`)
		b.until("window.layoutShifts.length > 0")
		require.Positive(t, b.shifts()[0].Value)
	})
}
