//go:build !nopage

package page

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLean shortens what could be taken for something else: every text, and every space that means something, stays.
func TestLean(t *testing.T) {
	for _, c := range []struct{ name, from, to string }{
		{"a.js", "// About.\nconst a = 1; // one\n\n/* two\n */\nlet b = a + 2;\n", "let a=1,b=a+2"},
		{"a.js", "f(`a  // ${ b ? `{ ${c} }` : '}' }  b`, \"'  //\", 'it\\'s  it');\n",
			"f(`a  // ${b?`{ ${c} }`:'}'}  b`,\"'  //\",'it\\'s  it')"},
		{"a.js", "x = a / b / c; y = /[/'\"]  \\/ (a)/.test(z)\nreturn /\"  /g;\n",
			"x=a/b/c;y=/[/'\"]  \\/ (a)/.test(z)\nreturn/\"  /g"},
		{"a.js", "a = b\n++c\nd++\ne\nf = g + +h - -i;\n", "a=b\n++c\nd++\ne\nf=g+ +h- -i"},
		{"a.js", "class A {\n  #b = 1;\n  static #c = 2;\n\n  get d() { return !this.#b; }\n  async e() {}\n}\n",
			"class A{#b=1;static #c=2;get d(){return!this.#b}async e(){}}"},
		{"a.js", "const f = (a) =>\n  a.b\n    .c() ?? `d`;\nif (x) y()\n(z)\n", "let f=a=>a.b.c()??`d`;if(x)y()\n(z)"},
		{"a.js", "const a = () => {\n  let b = [1, 2];\n  // const\n  const { c } = b;\n" +
			"  for (const d of c) d();\n};\n\nlet e;\ne();\n",
			"let a=()=>{let b=[1,2],{c}=b;for(let d of c)d()},e;e()"},
		{"a.js", "export const a = 1;\nconst b = 2;\n// let us see\nif (a) {\n  b();\n}\nconst c = 3;\n",
			"export let a=1;let b=2;if(a){b()}let c=3"},
		{"a.js", "f(async (a) => true, (b, c) => `true const ${false}`, d.true, 'const', isConst, (e) ?? 1);\n",
			"f(async a=>!0,(b,c)=>`true const ${!1}`,d.true,'const',isConst,(e)??1)"},
		{"a.js", "f([\n  1,\n  { a,\n    b: ',' },\n], \",\",\n);\n", "f([1,{a,b:','}],\",\")"},
		{"a.js", "f((a) => a, async (b) => b, (c, d) => c, ({ e }) => e, () => 1, x >= (y));\n(z) => z;\n",
			"f(a=>a,async b=>b,(c,d)=>c,({e})=>e,()=>1,x>=(y));z=>z"},
		{"a.css", "/* About. */\n.a .b:hover > c,\n.d :is(e) { width: calc(1px + 2px);\n  margin: 0\n 1px; }\n",
			".a .b:hover>c,.d :is(e){width:calc(1px + 2px);margin:0 1px}"},
		{"a.css", "a::before { content: \"  /* a */  \"; }\n", "a::before{content:\"  /* a */  \"}"},
		{"a.html", "<p>\n  a  b\n</p>\n", "<p>a  b</p>"},
	} {
		require.Equal(t, c.to, string(lean(c.name, []byte(c.from))), c.from)
	}
}
