// Package page serves the importer's web page: plain HTML, one stylesheet and ES modules, embedded in the program. It
// has no state and needs no log-in of its own: everything it shows comes from the API of package httpapi, which the
// browser asks.
//
//	browser -> Handler -> index.html, style.css, the modules   static, the same for everybody
//	browser -> the API: uploads, previews, imports, products, webhooks
//
// [New] returns the handler, which stands at the root of a server or, by [http.StripPrefix], below any path. Where the
// API stands at the same path, [Handler.Beside] serves both:
//
//	p, err := page.New(page.Options{})
//	...
//	mux.Handle("/catalog/", http.StripPrefix("/catalog", p.Beside(api)))
//
// The import part alone is a custom element for an application's own pages; see examples/embedpage:
//
//	<script type="module" src="/catalog/page/products-import.js"></script>
//	<products-import endpoint="/catalog/"></products-import>
//
// A program that is built with -tags nopage has no page: [Included] is false, and the handler finds nothing.
package page
