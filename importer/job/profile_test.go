package job_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

func TestProfiles(t *testing.T) {
	w := newWorld(t)
	schema, err := products.NewSchema(products.Field{Name: "price", Type: products.Decimal, Scale: 2})
	require.NoError(t, err)
	service, err := job.NewService(w.db.Jobs(), w.db.Uploads(), job.ServiceOptions{Fields: schema, Into: "a table"})
	require.NoError(t, err)
	given := job.Profile{Name: "Möbel", Fingerprint: "f", User: "Jürgen\n",
		Settings: job.Settings{Number: map[string]string{"price": ","}}}
	put, err := service.PutProfile(t.Context(), given)
	require.NoError(t, err)
	require.Equal(t, "Jürgen", put.User)
	require.Nil(t, put.Settings.Fields, "the catalogue's fields are not the profile's")
	require.Empty(t, put.Settings.Into)
	got, err := service.GetProfile(t.Context(), "Möbel")
	require.NoError(t, err)
	require.Equal(t, put, got)
	found, err := service.FindProfile(t.Context(), "f")
	require.NoError(t, err)
	require.Equal(t, put, found)
	all, err := service.ListProfiles(t.Context())
	require.NoError(t, err)
	require.Equal(t, []job.Profile{put}, all)
	require.NoError(t, service.DeleteProfile(t.Context(), "Möbel"))
	require.ErrorIs(t, service.DeleteProfile(t.Context(), "Möbel"), job.ErrNotFound)
}

func TestProfilesRefused(t *testing.T) {
	w := newWorld(t)
	for name, field := range map[string]string{"": "name", " a": "name", "a\n": "name", "a\x00": "name", "..": "name",
		".": "name", strings.Repeat("ä", 101): "name", "bad settings": "zone", "fields of others": "number"} {
		p := job.Profile{Name: name}
		switch field {
		case "zone":
			p.Settings.Zone = "x"
		case "number":
			p.Settings.Number = map[string]string{"price": ","}
		}
		_, err := w.service.PutProfile(t.Context(), p)
		var wrong *job.SettingsError
		require.ErrorAs(t, err, &wrong, "%q", name)
		require.Equal(t, field, wrong.Field, "%q", name)
		if field == "name" {
			_, err = w.service.GetProfile(t.Context(), name)
			require.ErrorIs(t, err, job.ErrNotFound)
			require.ErrorIs(t, w.service.DeleteProfile(t.Context(), name), job.ErrNotFound)
		}
	}
	for _, name := range []string{"a", "...", "a/b", strings.Repeat("ä", 100)} {
		_, err := w.service.PutProfile(t.Context(), job.Profile{Name: name})
		require.NoError(t, err, "%q", name)
	}
	fields := make([]products.Field, 40)
	mapped := map[string]string{}
	for i := range fields {
		fields[i] = products.Field{Name: "f" + strings.Repeat("x", i), Type: products.Text}
		mapped[fields[i].Name] = strings.Repeat("x", 1_000)
	}
	schema, err := products.NewSchema(fields...)
	require.NoError(t, err)
	service, err := job.NewService(w.db.Jobs(), w.db.Uploads(), job.ServiceOptions{Fields: schema})
	require.NoError(t, err)
	_, err = service.PutProfile(t.Context(), job.Profile{Name: "long", Settings: job.Settings{Map: mapped}})
	require.ErrorContains(t, err, "settings")
}

// TestFingerprint: the files of uploads and of jobs have one, what else is kept among the uploads has none.
func TestFingerprint(t *testing.T) {
	w := newWorld(t)
	r := w.runner(nil, nil, nil, job.RunnerOptions{})
	upload := w.upload(threeRecords)
	preview, err := w.service.Preview(t.Context(), upload.ID, job.Settings{})
	require.NoError(t, err)
	submitted := w.submit("SKU;Name\n1;\n", job.Settings{})
	w.work(r)
	require.NotEmpty(t, w.rejects(submitted.ID), "a report is kept among the uploads")
	for key, want := range map[string]string{upload.ID: preview.Fingerprint, submitted.Upload: preview.Fingerprint} {
		got, err := w.service.Fingerprint(t.Context(), key, job.Settings{})
		require.NoError(t, err)
		require.Equal(t, want, got)
		got, err = w.service.Fingerprint(t.Context(), key, job.Settings{Header: "no"})
		require.NoError(t, err)
		require.Empty(t, got, "a file without a header")
	}
	for _, none := range []string{"", "No Key", submitted.ID + "-rejects", submitted.ID} {
		_, err := w.service.Fingerprint(t.Context(), none, job.Settings{})
		require.ErrorIs(t, err, job.ErrNotFound, "%q", none)
	}
	var wrong *job.SettingsError
	_, err = w.service.Fingerprint(t.Context(), upload.ID, job.Settings{Zone: "x"})
	require.ErrorAs(t, err, &wrong)
	require.NoError(t, w.db.Uploads().Delete(t.Context(), upload.ID))
	_, err = w.service.Fingerprint(t.Context(), upload.ID, job.Settings{})
	require.ErrorIs(t, err, job.ErrNotFound)
}
