package page_test

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// unfold is the role that Chromium gives to what opens a part of the page.
const unfold = "DisclosureTriangle"

// find returns the elements of a role with a name, as a screen reader finds them; an empty name stands for any.
func (b *tab) find(role, name string) (found []cdp.BackendNodeID, err error) {
	document, err := chromedp.Call(b.ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: "document"})
	if err != nil {
		return nil, err
	}
	answer, err := chromedp.Call(b.ctx, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{
		ObjectID: document.Result.ObjectID, Role: role, AccessibleName: name})
	if err != nil {
		return nil, err
	}
	for _, node := range answer.Nodes {
		if !node.Ignored {
			found = append(found, node.BackendDOMNodeID)
		}
	}
	return found, nil
}

// control waits until there is exactly one element of the role with the name, and returns it.
func (b *tab) control(role, name string) cdp.BackendNodeID {
	b.t.Helper()
	var found []cdp.BackendNodeID
	for end := time.Now().Add(waitTime); time.Now().Before(end); {
		var err error
		if found, err = b.find(role, name); err == nil && len(found) == 1 {
			return found[0]
		}
		require.NoError(b.t, b.ctx.Err(), "the tab's time is over: %s %q", role, name)
		_, _ = tryEvaluate[any](b, changeScript)
	}
	require.FailNowf(b.t, "control", "want one %s %q, there are %d\n%s", role, name, len(found), b.text())
	return 0
}

// changeScript waits for a change of the page, but not for long.
const changeScript = `new Promise((done) => {
	const observer = new MutationObserver(() => { observer.disconnect(); done(null); });
	observer.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
	setTimeout(() => { observer.disconnect(); done(null); }, 50);
})`

// has reports whether there is an element of the role with the name now.
func (b *tab) has(role, name string) bool {
	b.t.Helper()
	found, err := b.find(role, name)
	require.NoError(b.t, err)
	return len(found) > 0
}

// on calls a function of JavaScript with the element as this, and returns its value.
func on[V any](b *tab, node cdp.BackendNodeID, function string, arguments ...any) (v V) {
	b.t.Helper()
	object := call(b, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: node})
	params := runtime.CallFunctionOnParams{FunctionDeclaration: function, ObjectID: object.Object.ObjectID,
		ReturnByValue: ptr(true), AwaitPromise: ptr(true), UserGesture: ptr(true)}
	for _, argument := range arguments {
		value, err := json.Marshal(argument)
		require.NoError(b.t, err)
		params.Arguments = append(params.Arguments, &runtime.CallArgument{Value: value})
	}
	result := call(b, runtime.CallFunctionOn, params)
	require.Nil(b.t, result.ExceptionDetails, function)
	if len(result.Result.Value) > 0 {
		require.NoError(b.t, json.Unmarshal(result.Result.Value, &v))
	}
	return v
}

// middle scrolls to an element, and returns where its middle is in the window.
func (b *tab) middle(node cdp.BackendNodeID) (x, y float64, err error) {
	if _, err := chromedp.Call(b.ctx, dom.ScrollIntoViewIfNeeded,
		dom.ScrollIntoViewIfNeededParams{BackendNodeID: node}); err != nil {
		return 0, 0, err
	}
	answer, err := chromedp.Call(b.ctx, dom.GetContentQuads, dom.GetContentQuadsParams{BackendNodeID: node})
	if err != nil {
		return 0, 0, err
	}
	if len(answer.Quads) == 0 {
		return 0, 0, errors.New("it has no place on the page")
	}
	for i := 0; i < 8; i += 2 {
		x, y = x+answer.Quads[0][i]/4, y+answer.Quads[0][i+1]/4
	}
	return x, y, nil
}

// click clicks the control with the mouse. One that is drawn anew meanwhile is looked for again.
func (b *tab) click(role, name string) {
	b.t.Helper()
	for end := time.Now().Add(waitTime); ; {
		x, y, err := b.middle(b.control(role, name))
		if err == nil {
			b.do(chromedp.MouseClickXY(x, y))
			return
		}
		require.NoError(b.t, b.ctx.Err(), "the tab's time is over: %s %q", role, name)
		require.True(b.t, time.Now().Before(end), "%s %q: %v", role, name, err)
		_, _ = tryEvaluate[any](b, changeScript)
	}
}

// fill puts the text into a field, in the place of what is there.
func (b *tab) fill(role, name, text string) {
	b.t.Helper()
	on[any](b, b.control(role, name), `function () { this.focus(); this.select(); }`)
	b.enter(text)
}

// enter puts the text where the cursor is, in the place of what is selected.
func (b *tab) enter(text string) {
	b.t.Helper()
	if text == "" {
		b.press("Delete")
		return
	}
	call(b, input.InsertText, input.InsertTextParams{Text: text})
}

// choose takes an option of a select.
func (b *tab) choose(name, option string) {
	b.t.Helper()
	chosen := on[bool](b, b.control("combobox", name), `function (text) {
		const option = [...this.options].find((one) => one.textContent.trim() === text);
		if (!option) return false;
		this.focus();
		this.value = option.value;
		this.dispatchEvent(new Event('input', {bubbles: true}));
		this.dispatchEvent(new Event('change', {bubbles: true}));
		return true;
	}`, option)
	require.True(b.t, chosen, "select %q has an option %q", name, option)
}

// keyCodes are the codes of the keys that write nothing.
var keyCodes = map[string]int64{"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "End": 35, "Home": 36, "ArrowUp": 38,
	"ArrowDown": 40, "Delete": 46}

// press presses keys, one after the other; Shift+Tab goes back.
func (b *tab) press(keys ...string) {
	b.t.Helper()
	for _, key := range keys {
		key, shift := strings.CutPrefix(key, "Shift+")
		down := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: key, Code: key,
			WindowsVirtualKeyCode: keyCodes[key]}
		switch key {
		case "Enter":
			down.Text = "\r"
		case " ":
			down.Text, down.Code = " ", "Space"
		}
		if shift {
			down.Modifiers = 8
		}
		up := down
		up.Type, up.Text = input.DispatchKeyEventTypeKeyUp, ""
		call(b, input.DispatchKeyEvent, down)
		call(b, input.DispatchKeyEvent, up)
	}
}

// walk presses Tab until the control of the role with the name has the focus: it is reached by the keyboard alone.
func (b *tab) walk(role, name string) {
	b.t.Helper()
	node := b.control(role, name)
	for range 200 {
		if on[bool](b, node, `function () { return this === document.activeElement; }`) {
			return
		}
		b.press("Tab")
	}
	require.FailNowf(b.t, "walk", "the keyboard doesn't reach %s %q", role, name)
}

// attach gives files to the page's only input for files.
func (b *tab) attach(paths ...string) {
	b.t.Helper()
	b.until("document.querySelectorAll('input[type=file]').length === 1")
	input := call(b, runtime.Evaluate, runtime.EvaluateParams{Expression: "document.querySelector('input[type=file]')"})
	call(b, dom.SetFileInputFiles, dom.SetFileInputFilesParams{ObjectID: input.Result.ObjectID, Files: paths})
}

// drop drops files onto the page at a place.
func (b *tab) drop(x, y float64, paths ...string) {
	b.t.Helper()
	data := &input.DragData{Items: []*input.DragDataItem{}, Files: paths, DragOperationsMask: 1}
	for _, step := range []input.DispatchDragEventType{input.DispatchDragEventTypeDragEnter,
		input.DispatchDragEventTypeDragOver, input.DispatchDragEventTypeDrop} {
		call(b, input.DispatchDragEvent, input.DispatchDragEventParams{Type: step, X: x, Y: y, Data: data})
	}
}
