package job_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/charset"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
)

func TestSettingsOptions(t *testing.T) {
	s := job.Settings{Mode: products.Update, DryRun: true, Delimiter: "tab", Quote: "none", Encoding: "cp1252",
		Header: "no",
		Extra:  "keep", LeaveOut: []string{"B", "3"}, Map: map[string]string{"sku": "A"}, Set: map[string]string{"stock": "5"},
		Number: map[string]string{"price": ",", "stock": "auto"}, Date: map[string]string{"day": "dmy"},
		Zone: "Europe/Berlin", Fields: shop(t),
		Missing: "deactivate", MaxMissing: "7", Scope: []string{"day__lt=2026-01-01"},
		Group: "Handle", MaxRejects: "2%", MaxRecordBytes: 1 << 12, BatchRecords: 7, BatchBytes: 9}
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	o, err := s.Options()
	require.NoError(t, err)
	require.Equal(t, importer.Options{Mode: products.Update, DryRun: true, Delimiter: '\t', Quote: importer.NoQuote,
		Encoding: charset.Windows1252, Header: importer.HeaderNo, Extra: importer.ExtraKeep,
		LeaveOut: []string{"B", "3"}, Map: map[string]string{"sku": "A"}, Set: map[string]string{"stock": "5"},
		Numbers: spelling.Signs{"price": ',', "stock": 0}, Dates: spelling.Orders{"day": spelling.DMY},
		Zone: spelling.ZoneOf(berlin), Group: "Handle", MaxRejects: &importer.RejectLimit{Share: 0.02},
		Missing: importer.MissingDeactivate, MaxMissing: &importer.MissingLimit{Count: 7},
		Scope:          []string{"day__lt=2026-01-01"},
		MaxRecordBytes: 1 << 12, BatchRecords: 7, BatchBytes: 9}, o)

	text, err := json.Marshal(s)
	require.NoError(t, err)
	var again job.Settings
	require.NoError(t, json.Unmarshal(text, &again))
	require.True(t, s.Fields.Equal(again.Fields), "the fields are stored with them")
	again.Fields = s.Fields
	require.Equal(t, s, again, "settings are stored as JSON")
	for _, key := range []string{`"number":{"price":","`, `"date":{"day":"dmy"}`, `"zone":"Europe/Berlin"`} {
		require.Contains(t, string(text), key)
	}

	for _, s := range []job.Settings{{}, {Delimiter: "auto", Encoding: "auto"}} {
		o, err = s.Options()
		require.NoError(t, err)
		require.Equal(t, importer.Options{}, o)
	}
}

// shop is a schema with a price, a stock and a day.
func shop(t testing.TB) *products.Schema {
	t.Helper()
	schema, err := products.NewSchema(products.Field{Name: "price", Type: products.Decimal, Scale: 2},
		products.Field{Name: "stock", Type: products.Integer}, products.Field{Name: "day", Type: products.Date})
	require.NoError(t, err)
	return schema
}

func TestSettingsErrors(t *testing.T) {
	bare, err := products.TableSchema(false, products.Field{Name: "code", Type: products.Text})
	require.NoError(t, err)
	for _, test := range []struct {
		settings job.Settings
		field    string
	}{
		{job.Settings{Mode: 7}, "mode"},
		{job.Settings{Delimiter: ";;"}, "delimiter"},
		{job.Settings{Delimiter: `"`}, "delimiter"},
		{job.Settings{Delimiter: "é"}, "delimiter"},
		{job.Settings{Quote: "nothing"}, "quote"},
		{job.Settings{Encoding: "ebcdic"}, "encoding"},
		{job.Settings{Header: "maybe"}, "header"},
		{job.Settings{Extra: "drop"}, "extra"},
		{job.Settings{Extra: "keep", Fields: bare}, "extra"},
		{job.Settings{Map: map[string]string{"color": "a"}}, "map"},
		{job.Settings{Map: map[string]string{"sku": " "}}, "map"},
		{job.Settings{Map: map[string]string{"sku": strings.Repeat("x", 1_001)}}, "map"},
		{job.Settings{Set: map[string]string{"status": "perhaps"}}, "set"},
		{job.Settings{Number: map[string]string{"price": ";"}, Fields: shop(t)}, "number"},
		{job.Settings{Number: map[string]string{"price": ","}}, "number"},
		{job.Settings{Number: map[string]string{"day": ","}, Fields: shop(t)}, "number"},
		{job.Settings{Date: map[string]string{"day": "ddmmyy"}, Fields: shop(t)}, "date"},
		{job.Settings{Date: map[string]string{"price": "dmy"}, Fields: shop(t)}, "date"},
		{job.Settings{Zone: "Mars/Base"}, "zone"},
		{job.Settings{Zone: "Local"}, "zone"},
		{job.Settings{Zone: "\x00"}, "zone"},
		{job.Settings{Group: strings.Repeat("x", 1_001)}, "group"},
		{job.Settings{Group: " "}, "group"},
		{job.Settings{LeaveOut: []string{"a", " "}}, "leave_out"},
		{job.Settings{LeaveOut: []string{"a\x00"}}, "leave_out"},
		{job.Settings{LeaveOut: []string{strings.Repeat("x", 1_001)}}, "leave_out"},
		{job.Settings{LeaveOut: slices.Repeat([]string{"a"}, 2_001)}, "leave_out"},
		{job.Settings{MaxRejects: "-1"}, "max_rejects"},
		{job.Settings{Missing: "drop"}, "missing"},
		{job.Settings{Missing: "delete", Fields: bare}, "missing"},
		{job.Settings{MaxMissing: "5%"}, "max_missing"},
		{job.Settings{Missing: "delete", MaxMissing: "much"}, "max_missing"},
		{job.Settings{Scope: []string{"status=true"}}, "scope"},
		{job.Settings{Missing: "delete", Scope: []string{"vendor=acme"}}, "scope"},
		{job.Settings{Missing: "deactivate", Scope: []string{"status=false"}}, "scope"},
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
