//go:build !nopage

package page_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
)

// TestRestart has two tabs follow an import while the server goes away in its middle, and comes back: both say so, go on
// by themselves, and show the end.
func TestRestart(t *testing.T) {
	s := newShop(t)
	var batches atomic.Int64
	held := make(chan struct{}, 10)
	s.hold = func(ctx context.Context) error {
		if batches.Add(1) <= 2 {
			return nil
		}
		held <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}
	s.start("127.0.0.1:0", true)
	var file strings.Builder
	file.WriteString("sku,name\n")
	for i := range 1000 {
		fmt.Fprintf(&file, "S-%d,Lamp\n", i)
	}
	id := s.submit("lamps.csv", file.String(), job.Settings{BatchRecords: 100})
	b := openTab(t)
	b.visit(s.url + "#/import/jobs/" + id)
	second := b.another()
	second.visit(s.url + "#/imports")
	b.sees("Waiting its turn")
	second.sees("Waiting its turn")
	s.work()
	<-held
	b.until("Number(document.querySelector('progress').value) > 0")

	address := strings.TrimSuffix(strings.TrimPrefix(s.url, "http://"), "/")
	s.stop()
	b.sees("The server has not answered since")
	b.audits("away")
	second.sees("The server has not answered since")
	s.hold = nil
	s.start(address, false)
	b.sees("Imported")
	require.False(t, evaluate[bool](b, "document.body.innerText.includes('has not answered')"))
	b.until("document.querySelector('.counts dd').textContent === '1,000'")
	second.sees("Done")
	second.until("!document.body.innerText.includes('has not answered')")
}
