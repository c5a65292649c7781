-- +goose Up

-- How long the lease is that ends at lease_until, and the wait that ends at not_before, in microseconds. Where either lies
-- further away than that the server's clock was set back, and it is over. wait_length is null for a time that was chosen.
ALTER TABLE import_jobs
    ADD COLUMN lease_length  bigint,
    ADD COLUMN wait_length   bigint,
    ADD COLUMN waited        bigint NOT NULL DEFAULT 0, -- in microseconds
    ADD COLUMN waiting_since timestamptz;

-- +goose Down

ALTER TABLE import_jobs
    DROP COLUMN lease_length,
    DROP COLUMN wait_length,
    DROP COLUMN waited,
    DROP COLUMN waiting_since;
