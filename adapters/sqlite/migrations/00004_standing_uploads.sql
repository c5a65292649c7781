-- +goose Up

-- The name of who asked for the import, empty where that isn't known.
ALTER TABLE import_jobs ADD COLUMN asked_by TEXT NOT NULL DEFAULT '';

-- What is known of files that stand alone. The ID is the key of their bytes, as import_jobs.upload is.
CREATE TABLE import_standing_uploads (
    id         TEXT    NOT NULL PRIMARY KEY,
    size       INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL,
    sha256     TEXT    NOT NULL,
    file_name  TEXT    NOT NULL,
    sent_by    TEXT    NOT NULL
) STRICT;

CREATE INDEX import_standing_uploads_used ON import_standing_uploads (used_at);

-- Settings of imports under names.
CREATE TABLE import_profiles (
    name        TEXT    NOT NULL PRIMARY KEY,
    updated_at  INTEGER NOT NULL,
    fingerprint TEXT    NOT NULL, -- of the header, empty where there is none
    kept_by     TEXT    NOT NULL,
    settings    TEXT    NOT NULL
) STRICT;

CREATE INDEX import_profiles_fingerprint ON import_profiles (fingerprint, updated_at) WHERE fingerprint <> '';

-- +goose Down

DROP TABLE import_profiles;
DROP TABLE import_standing_uploads;
ALTER TABLE import_jobs DROP COLUMN asked_by;
