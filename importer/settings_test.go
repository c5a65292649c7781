package importer_test

import (
	"encoding"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
)

// setting is what flags, queries and JSON need of an option's type.
type setting interface {
	fmt.Stringer
	encoding.TextMarshaler
}

func TestSettingsAsText(t *testing.T) {
	share := func(share float64) importer.RejectLimit { return importer.RejectLimit{Share: share} }
	for text, value := range map[string]setting{
		"HeaderMode auto": importer.HeaderAuto, "HeaderMode yes": importer.HeaderYes,
		"HeaderMode no": importer.HeaderNo, "HeaderMode skip": importer.HeaderSkip,
		"ExtraMode ignore": importer.ExtraIgnore, "ExtraMode keep": importer.ExtraKeep,
		"ExtraMode reject": importer.ExtraReject,
		"Delimiter auto":   importer.Delimiter(0), "Delimiter tab": importer.Delimiter('\t'),
		"Delimiter ;": importer.Delimiter(';'), "Delimiter  ": importer.Delimiter(' '),
		"Quote auto": importer.Quote(0), `Quote "`: importer.Quote('"'), "Quote '": importer.Quote('\''),
		"Quote none":  importer.NoQuote,
		"Escape auto": importer.Escape(0), `Escape \`: importer.Escape('\\'), `Escape "`: importer.Escape('"'),
		"Escape '":      importer.Escape('\''),
		"RejectLimit 0": importer.RejectLimit{}, "RejectLimit 100": importer.RejectLimit{Count: 100},
		"RejectLimit 2.5%": share(0.025), "RejectLimit 7%": share(0.07), "RejectLimit 100%": share(1),
		"RejectLimit 0.001%": share(0.00001),
	} {
		_, want, _ := strings.Cut(text, " ")
		require.Equal(t, want, value.String())
		got, err := value.MarshalText()
		require.NoError(t, err, text)
		require.Equal(t, want, string(got))
		again := blankOf(t, value)
		require.NoError(t, again.UnmarshalText(got), text)
		require.Equal(t, value, valueOf(t, again), text)
	}
	limit := importer.RejectLimit{Count: 9}
	require.NoError(t, limit.UnmarshalText([]byte("0%")))
	require.Equal(t, importer.RejectLimit{}, limit)
	var tab importer.Delimiter
	require.NoError(t, tab.UnmarshalText([]byte(`\t`)))
	require.EqualValues(t, '\t', tab)
}

// blankOf returns a variable of the value's type.
func blankOf(t *testing.T, value setting) encoding.TextUnmarshaler {
	t.Helper()
	switch value.(type) {
	case importer.HeaderMode:
		return new(importer.HeaderMode)
	case importer.ExtraMode:
		return new(importer.ExtraMode)
	case importer.Delimiter:
		return new(importer.Delimiter)
	case importer.Quote:
		return new(importer.Quote)
	case importer.Escape:
		return new(importer.Escape)
	case importer.RejectLimit:
		return new(importer.RejectLimit)
	}
	require.Fail(t, "no such type", "%T", value)
	return nil
}

func valueOf(t *testing.T, variable encoding.TextUnmarshaler) setting {
	t.Helper()
	switch v := variable.(type) {
	case *importer.HeaderMode:
		return *v
	case *importer.ExtraMode:
		return *v
	case *importer.Delimiter:
		return *v
	case *importer.Quote:
		return *v
	case *importer.Escape:
		return *v
	case *importer.RejectLimit:
		return *v
	}
	require.Fail(t, "no such type", "%T", variable)
	return nil
}

// TestSettingsThatAreNone: a text that is none leaves the setting as it is, and a value that is none has a name.
func TestSettingsThatAreNone(t *testing.T) {
	for _, test := range []struct {
		value setting
		texts []string
	}{
		{importer.HeaderMode(1), []string{"", "maybe", "AUTO"}},
		{importer.ExtraMode(1), []string{"", "drop"}},
		{importer.Delimiter(';'), []string{"", ";;", `"`, "'", "é", "\n", "\x00"}},
		{importer.Quote('"'), []string{"", "x", `""`}},
		{importer.Escape('\\'), []string{"", "x"}},
		{importer.RejectLimit{Count: 3}, []string{"", "-1", "x", "-1%", "101%", "1.5", "NaN%"}},
	} {
		for _, text := range test.texts {
			variable := blankOf(t, test.value)
			kept, err := test.value.MarshalText()
			require.NoError(t, err)
			require.NoError(t, variable.UnmarshalText(kept))
			require.ErrorContains(t, variable.UnmarshalText([]byte(text)), fmt.Sprintf("%q", text))
			require.Equal(t, test.value, valueOf(t, variable))
		}
	}
	for want, value := range map[string]setting{"HeaderMode(9)": importer.HeaderMode(9),
		"ExtraMode(9)": importer.ExtraMode(9), "Delimiter(34)": importer.Delimiter('"'),
		"Quote(120)": importer.Quote('x'), "Escape(120)": importer.Escape('x'),
		"-1": importer.RejectLimit{Count: -1}} {
		require.Equal(t, want, value.String())
		_, err := value.MarshalText()
		require.Error(t, err, want)
	}
}
