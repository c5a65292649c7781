-- +goose Up

-- The name of who asked for the import, empty where that isn't known.
ALTER TABLE import_jobs ADD COLUMN asked_by text COLLATE "C" NOT NULL DEFAULT '';

-- What is known of files that stand alone. The ID is the key of their bytes, as import_jobs.upload is.
CREATE TABLE import_standing_uploads (
    id         text        COLLATE "C" PRIMARY KEY,
    size       bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    used_at    timestamptz NOT NULL,
    sha256     text        COLLATE "C" NOT NULL,
    file_name  text        COLLATE "C" NOT NULL,
    sent_by    text        COLLATE "C" NOT NULL
);

CREATE INDEX import_standing_uploads_used ON import_standing_uploads (used_at);

-- Settings of imports under names.
CREATE TABLE import_profiles (
    name        text        COLLATE "C" PRIMARY KEY,
    updated_at  timestamptz NOT NULL,
    fingerprint text        COLLATE "C" NOT NULL, -- of the header, empty where there is none
    kept_by     text        COLLATE "C" NOT NULL,
    settings    json        NOT NULL
);

CREATE INDEX import_profiles_fingerprint ON import_profiles (fingerprint, updated_at) WHERE fingerprint <> '';

-- +goose Down

DROP TABLE import_profiles;
DROP TABLE import_standing_uploads;
ALTER TABLE import_jobs DROP COLUMN asked_by;
