package job

import (
	"context"
	"fmt"

	"github.com/products-importer/products-importer/importer"
)

// previewsAtOnce is how many previews are made at a time: each reads 1 MiB of an upload, and holds some 10 MiB.
const previewsAtOnce = 4

// Preview is how an upload would be imported, by its beginning.
type Preview struct {
	Upload Upload
	importer.Previewed
}

// Preview returns how an import of the upload with the settings would read it: see [importer.Preview]. The upload
// counts as used. What is wrong with the file is in the preview's Problem.
//
// A [*SettingsError] names a setting that is wrong. ErrNotFound when there is no such upload, or its bytes are gone;
// ErrBusy when four previews are being made and none ends within ten seconds.
func (s *Service) Preview(ctx context.Context, uploadID string, settings Settings) (*Preview, error) {
	request := Request{Settings: settings}
	if err := s.complete(&request); err != nil {
		return nil, err
	}
	options, err := request.Settings.Options()
	if err != nil {
		return nil, err
	}
	upload, err := s.UseUpload(ctx, uploadID)
	if err != nil {
		return nil, err
	}
	if err := enter(ctx, s.previews); err != nil {
		return nil, err
	}
	defer func() { <-s.previews }()
	file, err := NewSource(s.uploads, upload.ID, upload.Size).Open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	seen, err := importer.Preview(ctx, file, importer.PreviewOptions{Options: options, KeyRule: s.options.KeyRule,
		Schema: s.options.Fields})
	if err != nil {
		return nil, fmt.Errorf("job: preview: %w", err)
	}
	return &Preview{Upload: upload, Previewed: *seen}, nil
}
