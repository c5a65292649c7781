//go:build !nopage

package page_test

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	pageui "github.com/products-importer/products-importer/adapters/httpapi/page"
)

// streamedScript has a file come byte by byte, with line breaks, quotes and longer letters in its cells, and reads some of
// its rows.
const streamedScript = `(async () => {
	const text = 'a,"b\nä"\n' + Array.from({length: 40}, (_, i) => i + ',"x\n""' + i + '""ä"\r\n').join('');
	window.fetch = async () => new Response(new ReadableStream({start(stream) {
		for (const byte of new TextEncoder().encode(text)) stream.enqueue(new Uint8Array([byte]));
		stream.close();
	}}));
	const rows = new m.StreamedRows();
	let told = 0;
	await rows.read('rows.csv', {signal: new AbortController().signal, grown: () => told++});
	const [one] = await rows.slice(1, 2);
	const all = await rows.slice(0, 40);
	const middle = await rows.slice(15, 18);
	return [rows.header, rows.length, one, all[39], middle.map(([n]) => n), rows.whole && told > 40];
})()`

// TestModuleFunctions calls functions of modules that have no screen.
func TestModuleFunctions(t *testing.T) {
	server := httptest.NewServer(newPage(t, pageui.Options{}))
	t.Cleanup(server.Close)
	b := openTab(t)
	b.visit(server.URL + "/page/icon.svg") // a document without the page's own scripts
	for _, c := range []struct{ module, expression, want string }{
		{"settings", `m.queryOf({mode: 'update', map: {price: 'Preis=€', sku: 'none'}, set: {brand: ''}, zone: null,
			x: 1}) + ''`,
			"mode=update&map=price%3DPreis%3D%E2%82%AC&map=sku%3Dnone&set=brand%3D"},
		{"settings", `m.settingsOf(new URLSearchParams('mode=update&map=price%3DPreis%3D%E2%82%AC&set=brand%3D&map=x&x=1'))`,
			`{"mode":"update","map":{"price":"Preis=€"},"set":{"brand":""}}`},
		{"settings", `m.withSetting({map: {a: 'b'}, mode: 'update'}, 'map', null, 'a')`, `{"mode":"update"}`},
		{"settings", `m.withSetting({number: {price: ','}}, 'number', '.', 'stock')`, `{"number":{"price":",","stock":"."}}`},
		{"settings", `[{name: 'Preis'}, {name: 'a', column: 2}, {name: 'A', column: 3}, {name: '', column: 4},
			{name: '7', column: 5}, {name: 'none', column: 6}].map((c, i, all) => m.columnReference(c, all))`,
			`["Preis","2","3","4","5","6"]`},
		{"settings", `m.withColumn({set: {sku: 'x'}}, {name: 'Handle', field: 'name'}, 'sku', {columns: []})`,
			`{"map":{"name":"none","sku":"Handle"}}`},
		{"settings", `m.merged({map: {a: 'x', b: 'y'}, leave_out: ['c', 'd']}, {map: {a: 'x'}, mode: 'update', leave_out: ['c']},
			{map: {a: 'z', e: 'f'}, leave_out: ['g']})`,
			`{"leave_out":["d","g"],"map":{"a":"z","b":"y","e":"f"}}`},
		{"csv", `m.parseRecords('a,"b ""c""\r\nd",\r\ne,f\n')`, `[["a","b \"c\"\r\nd",""],["e","f"]]`},
		{"csv", `m.parseRecords('a,b\n,\n\n')`, `[["a","b"],["",""],[""]]`},
		{"streamed-rows", streamedScript, `[["a","b\nä"],40,["1","x\n\"1\"ä"],["39","x\n\"39\"ä"],["15","16","17"],true]`},
		{"format", `[m.share(0), m.share(0.004), m.share(0.5), m.share(0.9999), m.share(1)]`,
			`["0%","0.4%","50%","99.9%","100%"]`},
		{"format", `[0, 1, 999, 1500, 12_345_678].map(m.bytes)`, `["0 bytes","1 byte","999 bytes","1.5 kB","12.3 MB"]`},
		{"format", `[0.4, 59, 61, 3599, 7500].map(m.duration)`, `["0 s","59 s","1 min 1 s","59 min","2 h 5 min"]`},
		{"format", `[m.cut('short', 5), m.cut('something long', 7),
			m.cut('👩‍👧👩‍👧👩‍👧👩‍👧', 3)]`,
			`["short","som…ong","👩‍👧…👩‍👧"]`},
		{"router", `(({place, path, query}) => [place, path, query + ''])(m.parse('#/import/uploads/a%2Fb?map=a%3Db?c'))`,
			`["import",["uploads","a/b"],"map=a%3Db%3Fc"]`},
		{"router", `m.addressOf('import', ['jobs', 'a/b'], {tried: 'c d'})`, "#/import/jobs/a%2Fb?tried=c+d"},
		{"problem", `(({message, status, code}) => [message, status, code])(
			m.problemOf(422, '{"detail":"sku is missing","code":"missing"}'))`, `["Sku is missing.",422,"missing"]`},
		{"problem", `m.problemOf(502, '<html>Bad gateway').message`, "The server is busy or away; try again in a moment."},
		{"api", `new m.Api('../api/').url('products/', {search: 'a&b', tag: ['x', 'y'], none: null}) + ''`,
			server.URL + "/api/products/?search=a%26b&tag=x&tag=y"},
	} {
		got := evaluate[string](b, `import('/page/`+c.module+`.js').then((m) => `+c.expression+`)
			.then((v) => typeof v === 'string' ? v : JSON.stringify(v))`)
		require.Equal(t, c.want, got, c.expression)
	}
}

// TestTextIsText builds elements of what must not be run, in all ways that there are.
func TestTextIsText(t *testing.T) {
	server := httptest.NewServer(newPage(t, pageui.Options{}))
	t.Cleanup(server.Close)
	b := openTab(t)
	b.visit(server.URL + "/")
	const markup = `<img src=x onerror="document.title = 'ran'">`
	got := evaluate[string](b, `import('/page/dom.js').then(({h}) => {
		const markup = `+quote(markup)+`;
		const e = h('p', {title: markup}, markup, [h('b', {}, [markup])]);
		document.body.append(e);
		return e.querySelectorAll('img').length + ' ' + e.textContent;
	})`)
	require.Equal(t, "0 "+markup+markup, got)
	for _, name := range []string{"onclick", "style", "srcdoc"} {
		_, err := tryEvaluate[any](b, `import('/page/dom.js').then(({h}) => h('p', {`+name+`: 'x'}))`)
		require.ErrorContains(t, err, name+" is no attribute")
	}
}
