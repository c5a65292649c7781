-- +goose Up

-- What jobs do to products: some hundred changes a row, encoded, see package job. A row is committed with its batch, and
-- goes with its job. Of a dry run those of the job's latest claim count.
CREATE TABLE import_changes (
    job_id    uuid    NOT NULL,
    batch     bigint  NOT NULL,
    token     bigint  NOT NULL, -- of the claim that kept them
    size      bigint  NOT NULL, -- of the body, uncompressed
    created   integer NOT NULL,
    updated   integer NOT NULL,
    deleted   integer NOT NULL,
    kept      integer NOT NULL,
    dry_run   boolean NOT NULL,
    first_key text    COLLATE "C" NOT NULL,
    last_key  text    COLLATE "C" NOT NULL,
    fields    jsonb   NOT NULL, -- an array of the names of those that changed
    body      bytea   NOT NULL,
    PRIMARY KEY (job_id, batch, first_key, token)
);

-- A body is compressed already.
ALTER TABLE import_changes ALTER COLUMN body SET STORAGE EXTERNAL;

-- +goose Down

DROP TABLE import_changes;
