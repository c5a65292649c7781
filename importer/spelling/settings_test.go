package spelling_test

import (
	"encoding/json"
	"flag"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/spelling"
)

func TestSettingsAsText(t *testing.T) {
	var sign spelling.Sign
	for _, text := range []string{",", ".", "auto"} {
		require.NoError(t, sign.UnmarshalText([]byte(text)))
		got, err := sign.MarshalText()
		require.NoError(t, err)
		require.Equal(t, text, string(got))
		require.Equal(t, text, sign.String())
	}
	require.EqualError(t, sign.UnmarshalText([]byte(";")), `bad decimal sign ";": want "," or "." or auto`)
	_, err := spelling.Sign('x').MarshalText()
	require.EqualError(t, err, "bad decimal sign 'x'")
	require.Equal(t, "Sign(120)", spelling.Sign('x').String())

	var order spelling.Order
	for _, text := range []string{"ymd", "dmy", "mdy", "auto"} {
		require.NoError(t, order.UnmarshalText([]byte(text)))
		got, err := order.MarshalText()
		require.NoError(t, err)
		require.Equal(t, text, string(got))
	}
	require.EqualError(t, order.UnmarshalText([]byte("ydm")), `bad order of dates "ydm": want ymd, dmy, mdy or auto`)
	_, err = spelling.Order(9).MarshalText()
	require.EqualError(t, err, "bad order of dates 9")
	require.Equal(t, "Order(9)", spelling.Order(9).String())

	var zone spelling.Zone
	require.Equal(t, "UTC", zone.Location().String())
	for text, want := range map[string]string{"": "UTC", "UTC": "UTC", "Europe/Berlin": "Europe/Berlin"} {
		require.NoError(t, zone.UnmarshalText([]byte(text)))
		got, err := zone.MarshalText()
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
	require.NoError(t, zone.UnmarshalText(nil))
	require.Equal(t, spelling.Zone{}, zone)
	for _, text := range []string{"Local", "Berlin", "../UTC"} {
		require.ErrorContains(t, zone.UnmarshalText([]byte(text)), "want a name like Europe/Berlin")
	}
}

func TestSettingsAsFlags(t *testing.T) {
	var signs spelling.Signs
	var orders spelling.Orders
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Var(&signs, "number", "")
	flags.Var(&orders, "date", "")
	require.NoError(t, flags.Parse([]string{"-number", "price=,", "-date", "from=dmy", "-number", " cost = . ", "-date", "till=mdy"}))
	require.Equal(t, spelling.Signs{"price": ',', "cost": '.'}, signs)
	require.Equal(t, spelling.Orders{"from": spelling.DMY, "till": spelling.MDY}, orders)
	require.Equal(t, "cost=. price=,", signs.String())
	require.Equal(t, "from=dmy till=mdy", orders.String())
	kept, err := json.Marshal(signs)
	require.NoError(t, err)
	require.JSONEq(t, `{"cost": ".", "price": ","}`, string(kept))
	require.EqualError(t, signs.Set("price=."), "price is given twice")
	require.EqualError(t, signs.Set("sku"), `bad setting "sku": want a field and how it is written, as in price=,`)
	require.Error(t, signs.Set("=,"))
	require.EqualError(t, orders.Set("x=y"), `bad order of dates "y": want ymd, dmy, mdy or auto`)
}
