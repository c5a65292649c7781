-- +goose Up

-- The key of the bytes, which are stored once for all jobs and uploads with the same ones; empty where it is the upload
-- of the job, or the ID of the upload that stands alone.
ALTER TABLE import_jobs ADD COLUMN file text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE import_standing_uploads ADD COLUMN file text COLLATE "C" NOT NULL DEFAULT '';

CREATE INDEX import_jobs_file ON import_jobs (file) WHERE file <> '';
CREATE INDEX import_standing_uploads_file ON import_standing_uploads (file) WHERE file <> '';
CREATE INDEX import_standing_uploads_sha256 ON import_standing_uploads (sha256) WHERE sha256 <> '';

-- +goose Down

DROP INDEX import_standing_uploads_sha256;
DROP INDEX import_standing_uploads_file;
DROP INDEX import_jobs_file;
ALTER TABLE import_standing_uploads DROP COLUMN file;
ALTER TABLE import_jobs DROP COLUMN file;
