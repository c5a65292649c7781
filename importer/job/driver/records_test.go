package driver_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job/driver"
)

func TestSkippedRecordsAreStored(t *testing.T) {
	all := []importer.Skipped{{SKU: "a", Line: 2}, {SKU: "", Line: 1 << 40}, {SKU: "ä", Line: 3}}
	stored := driver.MarshalSkipped(all)
	got, err := driver.UnmarshalSkipped(stored)
	require.NoError(t, err)
	require.Equal(t, all, got)
	require.Nil(t, driver.MarshalSkipped(nil))
	for n := 1; n < len(driver.MarshalSkipped(all[:1])); n++ {
		_, err := driver.UnmarshalSkipped(stored[:n])
		require.Error(t, err, "a record that is cut off")
	}
}

func TestRefusedRecordsAreStored(t *testing.T) {
	all := []importer.Reject{{Line: 2, LastLine: 2, Offset: -1, Column: "sku", Code: "c", Reason: "r",
		Fields: []string{"a", "ä\x00"}}, {Line: 7}}
	text, err := driver.MarshalRefused(all)
	require.NoError(t, err)
	got, err := driver.UnmarshalRefused([]byte(text))
	require.NoError(t, err)
	require.Equal(t, all, got)
	text, err = driver.MarshalRefused(nil)
	require.NoError(t, err)
	require.Empty(t, text)
	_, err = driver.UnmarshalRefused([]byte("["))
	require.Error(t, err)
}
