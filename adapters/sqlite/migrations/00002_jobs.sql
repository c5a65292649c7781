-- +goose Up

-- JSON is kept as text: nothing looks into it.
CREATE TABLE import_jobs (
    id               TEXT    NOT NULL PRIMARY KEY,
    revision         INTEGER NOT NULL,
    size             INTEGER NOT NULL,
    token            INTEGER NOT NULL DEFAULT 0,
    created_at       INTEGER NOT NULL,
    not_before       INTEGER NOT NULL,
    started_at       INTEGER,
    finished_at      INTEGER, -- null until the job is final
    lease_until      INTEGER, -- null while nobody has the job
    -- How long the lease is that ends at lease_until, and the wait that ends at not_before. Where either lies further
    -- away than that the clock was set back, and it is over. wait_length is null for a time that was chosen.
    lease_length     INTEGER,
    wait_length      INTEGER,
    waited           INTEGER NOT NULL DEFAULT 0,
    waiting_since    INTEGER,
    priority         INTEGER NOT NULL,
    attempts         INTEGER NOT NULL DEFAULT 0,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    state            TEXT    NOT NULL,
    worker           TEXT    NOT NULL DEFAULT '',
    upload           TEXT    NOT NULL,
    sha256           TEXT    NOT NULL,
    duplicate_of     TEXT    NOT NULL DEFAULT '',
    idempotency_key  TEXT    NOT NULL DEFAULT '',
    file_name        TEXT    NOT NULL,
    error            TEXT    NOT NULL DEFAULT '',
    settings         TEXT    NOT NULL,
    event            TEXT    NOT NULL,
    dialect          TEXT    NOT NULL DEFAULT 'null',
    rejects          TEXT    NOT NULL DEFAULT 'null'
) STRICT;

CREATE INDEX import_jobs_waiting ON import_jobs (priority DESC, created_at, id) WHERE finished_at IS NULL;
CREATE INDEX import_jobs_created ON import_jobs (created_at, id);
CREATE INDEX import_jobs_finished ON import_jobs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX import_jobs_sha256 ON import_jobs (sha256, created_at, id) WHERE sha256 <> '';
CREATE INDEX import_jobs_upload ON import_jobs (upload) WHERE upload <> '';
CREATE UNIQUE INDEX import_jobs_key ON import_jobs (idempotency_key) WHERE idempotency_key <> '';

-- One row per committed batch. It is deleted with its job.
CREATE TABLE import_checkpoints (
    job_id          TEXT    NOT NULL,
    number          INTEGER NOT NULL,
    token           INTEGER NOT NULL, -- of the claim that committed it
    read            INTEGER NOT NULL,
    created         INTEGER NOT NULL,
    updated         INTEGER NOT NULL,
    unchanged       INTEGER NOT NULL,
    skipped         INTEGER NOT NULL,
    superseded      INTEGER NOT NULL,
    rejected        INTEGER NOT NULL,
    bytes           INTEGER NOT NULL,
    refused         TEXT, -- JSON: the records that were refused while the batch was written, null for none
    skipped_records BLOB, -- those that mode existing left alone, null for none
    PRIMARY KEY (job_id, number)
) STRICT;

CREATE TABLE import_uploads (
    key        TEXT    NOT NULL PRIMARY KEY,
    size       INTEGER NOT NULL DEFAULT 0,
    written_at INTEGER NOT NULL,
    state      INTEGER NOT NULL DEFAULT 0 -- 0 it is being written, 1 complete, 2 it is being removed
) STRICT;

-- The file in pieces of 1 MiB, the last one shorter.
CREATE TABLE import_upload_chunks (
    upload TEXT    NOT NULL,
    number INTEGER NOT NULL, -- from 0
    data   BLOB    NOT NULL,
    PRIMARY KEY (upload, number)
) STRICT;

-- +goose Down

DROP TABLE import_upload_chunks;
DROP TABLE import_uploads;
DROP TABLE import_checkpoints;
DROP TABLE import_jobs;
