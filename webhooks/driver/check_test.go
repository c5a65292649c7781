package driver_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
	"github.com/products-importer/products-importer/webhooks/receive"
)

func TestCheckEvent(t *testing.T) {
	good := webhooks.Event{Type: "product.created", Data: []byte(`{}`)}
	require.NoError(t, driver.CheckEvent(&good))
	for name, spoil := range map[string]func(e *webhooks.Event){
		"no type":        func(e *webhooks.Event) { e.Type = "" },
		"a long type":    func(e *webhooks.Event) { e.Type = strings.Repeat("x", 101) },
		"a bad ID":       func(e *webhooks.Event) { e.ID = "evt_1" },
		"an ID too long": func(e *webhooks.Event) { e.ID = driver.NewID("evt_", time.Now()) + "0" },
		"another prefix": func(e *webhooks.Event) { e.ID = driver.NewID("ep_", time.Now()) },
		"a long import":  func(e *webhooks.Event) { e.ImportID = strings.Repeat("x", 101) },
		"no data":        func(e *webhooks.Event) { e.Data = nil },
		"a list":         func(e *webhooks.Event) { e.Data = []byte(`[]`) },
		"half an object": func(e *webhooks.Event) { e.Data = []byte(`{`) },
	} {
		e := good
		spoil(&e)
		require.Error(t, driver.CheckEvent(&e), name)
	}
	e := good
	e.Data = []byte(`{"x":"` + strings.Repeat("x", webhooks.MaxData-8) + `"}`)
	require.NoError(t, driver.CheckEvent(&e))
	e.Type, e.ImportID, e.Number = strings.Repeat("\x01", 100), strings.Repeat("\x01", 100), 1<<62
	e.Init(time.Now())
	require.LessOrEqual(t, len(e.AppendBody(nil)), receive.MaxBody,
		"the body of the longest event is within its limit")
	e.Data = append(e.Data, ' ')
	require.ErrorIs(t, driver.CheckEvent(&e), webhooks.ErrTooLarge)
}
