package job

import (
	"context"
	"fmt"
	"io"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job/internal/rule"
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
// ErrBusy when four previews are being made and none ends within five seconds.
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
	seen, err := s.look(ctx, NewSource(s.uploads, upload.File, upload.Size), options)
	if err != nil {
		return nil, err
	}
	return &Preview{Upload: upload, Previewed: *seen}, nil
}

// look previews the file, once there is room.
func (s *Service) look(ctx context.Context, source importer.Source, options importer.Options) (*importer.Previewed,
	error) {
	if err := enter(ctx, s.previews); err != nil {
		return nil, err
	}
	defer func() { <-s.previews }()
	file, err := source.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	seen, err := importer.Preview(ctx, file, importer.PreviewOptions{Options: options, KeyRule: s.options.KeyRule,
		Schema: s.options.Fields})
	if err != nil {
		return nil, fmt.Errorf("job: preview: %w", err)
	}
	return seen, nil
}

// Fingerprint returns that of the header of a stored file, as an import with the settings reads it, for a [Profile]:
// see [importer.Fingerprint]. The file is that of an [Upload] with the ID, or of a job that has it as its Upload. It is
// empty where the file has no header. The errors are those of Preview.
func (s *Service) Fingerprint(ctx context.Context, uploadID string, settings Settings) (string, error) {
	request := Request{Settings: settings}
	if err := s.complete(&request); err != nil {
		return "", err
	}
	options, err := request.Settings.Options()
	if err != nil {
		return "", err
	}
	if rule.CheckKey(uploadID) != nil {
		return "", ErrNotFound
	}
	file, err := s.store.FileOf(ctx, uploadID)
	if err != nil {
		return "", err
	}
	seen, err := s.look(ctx, beginning{s.uploads, file}, options)
	if err != nil {
		return "", err
	}
	return seen.Fingerprint, nil
}

// beginning is the file under a key, of which only the beginning is read, so that its size doesn't matter.
type beginning struct {
	uploads Uploads
	key     string
}

func (b beginning) Open(ctx context.Context) (io.ReadCloser, error) {
	return b.uploads.Open(ctx, b.key, 0, -1)
}

func (b beginning) Size() int64 { return 0 }
