package page_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/stretchr/testify/require"
)

// named are the roles whose elements nobody understands without a name.
var named = []string{"button", "link", "textbox", "searchbox", "combobox", "listbox", "checkbox", "radio", "spinbutton",
	"slider", "switch", "tab", "menuitem", "option", "image", "img", "dialog", "alertdialog", "heading", "table", "form",
	"progressbar", "meter", "group", "radiogroup", "region"}

// unnamed lists the elements in the accessibility tree that have no name, of those that need one.
func (b *tab) unnamed() (found []string) {
	b.t.Helper()
	// A group without a name is a mere box, unless somebody said that it is one.
	exempt := []string{"group", "region", "table", "form"}
	for _, node := range call(b, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes {
		var role, name string
		if node.Role != nil {
			_ = json.Unmarshal(node.Role.Value, &role)
		}
		if node.Name != nil {
			_ = json.Unmarshal(node.Name.Value, &name)
		}
		if node.Ignored || name != "" || !slices.Contains(named, role) || slices.Contains(exempt, role) {
			continue
		}
		html := "?"
		if node.BackendDOMNodeID != 0 {
			html = on[string](b, node.BackendDOMNodeID, `function () { return (this.outerHTML ?? '').slice(0, 120); }`)
		}
		found = append(found, fmt.Sprintf("%s without a name: %s", role, html))
	}
	return found
}

// audit checks the page as it is now, in the theme that it has: names, contrast, structure, and that nothing sticks out
// of the window.
func (b *tab) audit(state string) {
	b.t.Helper()
	found := slices.Concat(b.unnamed(), evaluate[[]string](b, contrastScript), evaluate[[]string](b, structureScript),
		evaluate[[]string](b, widthScript))
	require.Empty(b.t, found, "%s:\n%s", state, describe(found))
}

// audits checks the page in both themes, wide and at 375 px. Where PAGE_STATES names a folder, pictures of all of it are
// put there.
func (b *tab) audits(state string) {
	b.t.Helper()
	look := func(state string) {
		b.t.Helper()
		if folder := os.Getenv("PAGE_STATES"); folder != "" {
			b.picture(filepath.Join(folder, strings.ReplaceAll(b.t.Name(), "/", ", ")+", "+state+".png"))
		}
		b.audit(state)
	}
	for _, theme := range []string{"light", "dark"} {
		b.theme(theme)
		b.size(1280, 900)
		look(state + ", " + theme)
	}
	b.size(375, 800)
	look(state + ", dark, 375 px")
	b.size(1280, 900)
	b.theme("light")
}

// shifts lists the layout shifts since the page was loaded that nobody asked for.
func (b *tab) shifts() []layoutShift {
	b.t.Helper()
	return evaluate[[]layoutShift](b, "window.layoutShifts")
}

type layoutShift struct {
	Value float64
	Nodes []string
}

// contrastScript lists texts whose contrast is less than WCAG AA asks for: 4.5, or 3 for large text. Colours become
// pixels of a canvas, so that all ways to write one are understood.
const contrastScript = `(() => {
	const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
	const known = new Map();
	const rgba = (colour) => {
		if (!known.has(colour)) {
			canvas.clearRect(0, 0, 1, 1);
			canvas.fillStyle = colour;
			canvas.fillRect(0, 0, 1, 1);
			const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
			known.set(colour, [r, g, b, a / 255]);
		}
		return known.get(colour);
	};
	const over = ([r, g, b, a], below) => [r, g, b].map((c, i) => c * a + below[i] * (1 - a)).concat(1);
	const behind = (element) => {
		const layers = [];
		for (let at = element; at; at = at.parentElement ?? at.getRootNode().host) {
			const colour = rgba(getComputedStyle(at).backgroundColor);
			if (colour[3] > 0) layers.push(colour);
			if (colour[3] === 1) break;
		}
		const canvasColour = rgba(getComputedStyle(document.documentElement).colorScheme.includes('dark') &&
			matchMedia('(prefers-color-scheme: dark)').matches ? '#121212' : '#ffffff');
		return layers.reduceRight((below, layer) => over(layer, below), canvasColour);
	};
	const light = ([r, g, b]) => {
		const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
		return 0.2126 * x + 0.7152 * y + 0.0722 * z;
	};
	const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
	const found = [];
	const look = (element, style, text) => {
		const background = behind(element);
		let opacity = 1;
		for (let at = element; at; at = at.parentElement) opacity *= getComputedStyle(at).opacity;
		const [r, g, b, a] = rgba(style.color);
		const size = parseFloat(style.fontSize);
		const large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
		const has = ratio(over([r, g, b, a * opacity], background), background);
		if (has < (large ? 3 : 4.5)) found.push('contrast ' + has.toFixed(2) + ': ' + style.color + ' on rgb(' +
			background.slice(0, 3).map(Math.round) + '): ' + text.trim().slice(0, 40));
	};
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const element = walk.currentNode.parentElement;
		if (!walk.currentNode.data.trim() || !element.checkVisibility({visibilityProperty: true})) continue;
		if (element.closest(':disabled, [aria-disabled=true]')) continue;
		const box = element.getBoundingClientRect();
		if (box.width <= 1 || box.height <= 1) continue; // for screen readers alone
		look(element, getComputedStyle(element), walk.currentNode.data);
	}
	for (const input of document.querySelectorAll('input, textarea')) {
		if (!input.checkVisibility() || input.disabled) continue;
		if (input.value && input.type !== 'checkbox' && input.type !== 'radio') {
			look(input, getComputedStyle(input), input.value);
		} else if (input.placeholder) look(input, getComputedStyle(input, '::placeholder'), input.placeholder);
	}
	return [...new Set(found)];
})()`

// structureScript lists what is wrong with the structure, of what the rules of axe-core find by the elements alone.
const structureScript = `(() => {
	const found = [];
	const shown = (element) => element.outerHTML.slice(0, 120);
	const visible = (selector) => [...document.querySelectorAll(selector)].filter((e) => e.checkVisibility());
	if (!document.documentElement.lang) found.push('the page has no language');
	if (!document.title) found.push('the page has no title');
	if (visible('main').length !== 1) found.push('the page has ' + visible('main').length + ' main parts');
	if (visible('h1').length !== 1) found.push('the page has ' + visible('h1').length + ' headings of level 1');
	let level = 0;
	for (const heading of visible('h1, h2, h3, h4, h5, h6')) {
		const next = Number(heading.tagName[1]);
		if (level && next > level + 1) found.push('a level of headings is left out before: ' + shown(heading));
		level = next;
	}
	const ids = new Map();
	for (const element of document.querySelectorAll('[id]')) {
		if (ids.has(element.id)) found.push('an id twice: ' + shown(element));
		ids.set(element.id, element);
	}
	for (const name of ['aria-labelledby', 'aria-describedby', 'aria-controls', 'for']) {
		for (const element of visible('[' + name + ']')) {
			for (const id of element.getAttribute(name).split(/\s+/)) {
				if (id && !ids.has(id)) found.push(name + ' leads nowhere: ' + shown(element));
			}
		}
	}
	const controls = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
	for (const element of visible(controls)) {
		if (element.parentElement.closest('a[href], button')) found.push('a control in a control: ' + shown(element));
	}
	for (const element of visible('[tabindex]')) if (element.tabIndex > 0) found.push('tabindex: ' + shown(element));
	for (const element of visible('[role=button], [role=link], [role=tab], [onclick]')) {
		if (element.tabIndex < 0 && element.getAttribute('role') !== 'tab') found.push('no focus: ' + shown(element));
	}
	for (const element of visible('ul > *, ol > *')) {
		if (!['LI', 'TEMPLATE'].includes(element.tagName)) found.push('no li in a list: ' + shown(element));
	}
	for (const table of visible('table')) {
		if (!table.querySelector('th')) found.push('a table without headers: ' + shown(table));
		if (!table.caption && !table.ariaLabel && !table.getAttribute('aria-labelledby')) {
			found.push('a table without a name: ' + shown(table));
		}
	}
	for (const image of visible('img')) if (!image.hasAttribute('alt')) found.push('no alt: ' + shown(image));
	for (const element of visible('[style]')) {
		if (element.getAttribute('style').includes('javascript')) found.push('a style with a script: ' + shown(element));
	}
	for (const element of visible('button, select, input:not([type=checkbox]):not([type=radio]):not([type=hidden])')) {
		const box = element.getBoundingClientRect();
		if (box.width > 1 && (box.height < 24 || box.width < 24)) {
			found.push('smaller than 24 px: ' + Math.round(box.width) + ' x ' + Math.round(box.height) + ' ' + shown(element));
		}
	}
	return found;
})()`

// widthScript lists what sticks out of the window at the right, where the page or a dialog would scroll to the side.
const widthScript = `(() => {
	const width = document.documentElement.clientWidth;
	const open = document.querySelectorAll('dialog[open]');
	const wide = [...open].filter((dialog) => dialog.scrollWidth > dialog.clientWidth);
	if (wide.length > 0) return ['a dialog is wider than it shows: ' + wide[0].innerText.slice(0, 120)];
	if (document.scrollingElement.scrollWidth <= width) return [];
	const found = [...document.body.querySelectorAll('*')].filter((element) => element.checkVisibility() &&
		element.getBoundingClientRect().right > width + 0.5).slice(0, 5);
	return ['the page is wider than ' + width + ' px'].concat(found.map((element) => 'sticks out: ' +
		element.outerHTML.slice(0, 120)));
})()`
