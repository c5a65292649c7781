-- +goose Up

-- The row of a job that runs is updated several times a second. What changes then is in no index, and every page keeps
-- room, so that PostgreSQL can put the new version beside the old one and reuse its place. JSON is kept as text: nothing
-- looks into it.
CREATE TABLE import_jobs (
    id               uuid        PRIMARY KEY,
    revision         bigint      NOT NULL,
    size             bigint      NOT NULL,
    token            bigint      NOT NULL DEFAULT 0,
    created_at       timestamptz NOT NULL,
    not_before       timestamptz NOT NULL,
    started_at       timestamptz,
    finished_at      timestamptz, -- null until the job is final
    lease_until      timestamptz, -- null while nobody has the job
    priority         integer     NOT NULL,
    attempts         integer     NOT NULL DEFAULT 0,
    cancel_requested boolean     NOT NULL DEFAULT false,
    state            text        COLLATE "C" NOT NULL,
    worker           text        COLLATE "C" NOT NULL DEFAULT '',
    upload           text        COLLATE "C" NOT NULL,
    sha256           text        COLLATE "C" NOT NULL,
    duplicate_of     text        COLLATE "C" NOT NULL DEFAULT '',
    idempotency_key  text        COLLATE "C" NOT NULL DEFAULT '',
    file_name        text        COLLATE "C" NOT NULL,
    error            text        COLLATE "C" NOT NULL DEFAULT '',
    settings         json        NOT NULL,
    event            json        NOT NULL,
    dialect          json        NOT NULL DEFAULT 'null',
    rejects          json        NOT NULL DEFAULT 'null'
) WITH (fillfactor = 50);

CREATE INDEX import_jobs_waiting ON import_jobs (priority DESC, created_at, id) WHERE finished_at IS NULL;
CREATE INDEX import_jobs_created ON import_jobs (created_at, id);
CREATE INDEX import_jobs_finished ON import_jobs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX import_jobs_sha256 ON import_jobs (sha256, created_at, id) WHERE sha256 <> '';
CREATE INDEX import_jobs_upload ON import_jobs (upload) WHERE upload <> '';
CREATE UNIQUE INDEX import_jobs_key ON import_jobs (idempotency_key) WHERE idempotency_key <> '';

-- One row per committed batch. It is deleted with its job; while a row is written its job is locked.
CREATE TABLE import_checkpoints (
    job_id     uuid   NOT NULL,
    number     bigint NOT NULL,
    token      bigint NOT NULL, -- of the claim that committed it
    read       bigint NOT NULL,
    created    bigint NOT NULL,
    updated    bigint NOT NULL,
    unchanged  bigint NOT NULL,
    skipped    bigint NOT NULL,
    superseded bigint NOT NULL,
    rejected   bigint NOT NULL,
    bytes      bigint NOT NULL,
    PRIMARY KEY (job_id, number)
);

CREATE TABLE import_uploads (
    key        text        COLLATE "C" PRIMARY KEY,
    size       bigint      NOT NULL DEFAULT 0,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    complete   boolean     NOT NULL DEFAULT false
) WITH (fillfactor = 50);

-- The file in pieces of 1 MiB, the last one shorter. They aren't compressed, so that a part of one can be read alone.
CREATE TABLE import_upload_chunks (
    upload text   COLLATE "C" NOT NULL,
    number bigint NOT NULL, -- from 0
    data   bytea  NOT NULL,
    PRIMARY KEY (upload, number)
);

ALTER TABLE import_upload_chunks ALTER COLUMN data SET STORAGE EXTERNAL;

-- +goose Down

DROP TABLE import_upload_chunks;
DROP TABLE import_uploads;
DROP TABLE import_checkpoints;
DROP TABLE import_jobs;
