//go:build !nopage

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPageBehindNginx logs in and imports a file on the page, in a real browser, below a path and with TLS.
func TestPageBehindNginx(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no Chromium: " + err.Error())
	}
	address := freeAddress(t)
	base := "https://" + startNginx(t, address).address + "/catalog"
	c := start(t, "-addr", address, "-public-url", base, "-trusted-proxies", "127.0.0.1")
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.IgnoreCertErrors)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium has none for root
	}
	allocator, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	require.NoError(t, chromedp.Do(tab, chromedp.Navigate(base)))
	// until waits until the expression is true in the page.
	until := func(expression string) {
		t.Helper()
		require.EventuallyWithT(t, func(collect *assert.CollectT) {
			result, err := chromedp.Call(tab, runtime.Evaluate, runtime.EvaluateParams{
				Expression: "Boolean(" + expression + ")"})
			if err == nil && result.ExceptionDetails != nil {
				err = errors.New(result.ExceptionDetails.Text)
			}
			require.NoError(collect, err)
			require.Equal(collect, "true", string(result.Result.Value), expression)
		}, time.Minute, 50*time.Millisecond)
	}
	says := func(text string) {
		t.Helper()
		until(fmt.Sprintf("document.body.innerText.includes(%q)", text))
	}
	press := func(button string) string {
		return fmt.Sprintf("([...document.querySelectorAll('button')].find((b) => b.textContent === %q).click(), true)", button)
	}
	says("Log in")
	until(fmt.Sprintf(`(() => {
		const [user, password] = document.querySelectorAll('input');
		user.value = 'admin';
		password.value = %q;
		password.form.requestSubmit();
		return true;
	})()`, c.password))
	says("Choose a file")
	until(`(() => {
		const input = document.querySelector('input[type=file]');
		const transfer = new DataTransfer();
		transfer.items.add(new File(['sku,name\nA-1,Lamp\nB-1,Desk\n'], 'catalogue.csv'));
		input.files = transfer.files;
		input.dispatchEvent(new Event('change'));
		return true;
	})()`)
	says("catalogue.csv")
	until(press("Show what would change"))
	says("Import 2 products now")
	until(press("Import 2 products now"))
	until("location.href.startsWith('" + base + "/')")
	require.Eventually(t, func() bool { return c.count("") == 2 }, time.Minute, 100*time.Millisecond)
}
