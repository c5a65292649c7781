package job_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/stretchr/testify/require"
)

func TestSettingsOptions(t *testing.T) {
	s := job.Settings{Mode: products.Update, DryRun: true, Delimiter: "tab", Encoding: "cp1252", Header: "no", Extra: "keep", Map: map[string]string{"sku": "A"},
		Group: "Handle", MaxRejects: "2%", MaxRecordBytes: 1 << 12, BatchRecords: 7, BatchBytes: 9}
	o, err := s.Options()
	require.NoError(t, err)
	require.Equal(t, importer.Options{Mode: products.Update, DryRun: true, Delimiter: '\t', Encoding: importer.Windows1252, Header: importer.HeaderNo, Extra: importer.ExtraKeep,
		Map: map[string]string{"sku": "A"}, Group: "Handle", MaxRejects: &importer.RejectLimit{Share: 0.02}, MaxRecordBytes: 1 << 12, BatchRecords: 7, BatchBytes: 9}, o)

	text, err := json.Marshal(s)
	require.NoError(t, err)
	var again job.Settings
	require.NoError(t, json.Unmarshal(text, &again))
	require.Equal(t, s, again, "settings are stored as JSON")

	for _, s := range []job.Settings{{}, {Delimiter: "auto", Encoding: "auto"}} {
		o, err = s.Options()
		require.NoError(t, err)
		require.Equal(t, importer.Options{}, o)
	}
}

func TestSettingsErrors(t *testing.T) {
	for _, test := range []struct {
		settings job.Settings
		field    string
	}{
		{job.Settings{Mode: 7}, "mode"},
		{job.Settings{Delimiter: ";;"}, "delimiter"},
		{job.Settings{Delimiter: `"`}, "delimiter"},
		{job.Settings{Delimiter: "é"}, "delimiter"},
		{job.Settings{Encoding: "ebcdic"}, "encoding"},
		{job.Settings{Header: "maybe"}, "header"},
		{job.Settings{Extra: "drop"}, "extra"},
		{job.Settings{Map: map[string]string{"color": "a"}}, "map"},
		{job.Settings{Map: map[string]string{"sku": " "}}, "map"},
		{job.Settings{Map: map[string]string{"sku": strings.Repeat("x", 1_001)}}, "map"},
		{job.Settings{Group: strings.Repeat("x", 1_001)}, "group"},
		{job.Settings{Group: " "}, "group"},
		{job.Settings{MaxRejects: "-1"}, "max_rejects"},
		{job.Settings{MaxRecordBytes: 100}, "max_record_bytes"},
		{job.Settings{BatchRecords: -1}, "batch_records"},
		{job.Settings{BatchBytes: 2 << 30}, "batch_bytes"},
	} {
		_, err := test.settings.Options()
		var setting *job.SettingsError
		require.ErrorAs(t, err, &setting, "%+v", test.settings)
		require.Equal(t, test.field, setting.Field)
		require.NotEmpty(t, setting.Message)
		require.ErrorContains(t, err, test.field)
	}
}
