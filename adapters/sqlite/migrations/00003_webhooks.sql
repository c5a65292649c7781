-- +goose Up

CREATE TABLE webhook_endpoints (
    id              TEXT    NOT NULL PRIMARY KEY,
    version         INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    failing_since   INTEGER,
    last_success    INTEGER,
    paused_until    INTEGER,
    spent           INTEGER,
    timeout         INTEGER NOT NULL, -- in nanoseconds
    failures        INTEGER NOT NULL DEFAULT 0,
    pauses          INTEGER NOT NULL DEFAULT 0,
    concurrency     INTEGER NOT NULL,
    rate_limit      INTEGER NOT NULL,
    summaries_only  INTEGER NOT NULL,
    state           TEXT    NOT NULL,
    disabled_reason TEXT    NOT NULL,
    url             TEXT    NOT NULL,
    client_name     TEXT    NOT NULL,
    events          TEXT    NOT NULL, -- JSON
    private         BLOB    NOT NULL  -- secrets, token and headers, sealed where there is a key
) STRICT;

CREATE INDEX webhook_endpoints_created ON webhook_endpoints (created_at, id);

-- Once for all endpoints.
CREATE TABLE webhook_events (
    id          TEXT    NOT NULL PRIMARY KEY,
    happened_at INTEGER NOT NULL,
    lane        INTEGER NOT NULL,
    packed      INTEGER NOT NULL,
    type        TEXT    NOT NULL,
    import_id   TEXT    NOT NULL,
    data        BLOB    NOT NULL
) STRICT;

CREATE INDEX webhook_events_import ON webhook_events (import_id, id) WHERE import_id <> '';
CREATE INDEX webhook_events_type ON webhook_events (type, id);

-- The last number given to an event, by import and type.
CREATE TABLE webhook_numbers (
    import_id TEXT    NOT NULL,
    type      TEXT    NOT NULL,
    given_at  INTEGER NOT NULL,
    last      INTEGER NOT NULL,
    PRIMARY KEY (import_id, type)
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook_deliveries (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    number       INTEGER NOT NULL, -- the event's
    endpoint     TEXT    NOT NULL,
    event        TEXT    NOT NULL,
    not_before   INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    finished_at  INTEGER,
    last_attempt INTEGER,
    attempts     INTEGER NOT NULL DEFAULT 0,
    earlier      INTEGER NOT NULL DEFAULT 0,
    last_status  INTEGER NOT NULL DEFAULT 0,
    lane         INTEGER NOT NULL,
    state        TEXT    NOT NULL,
    last_kind    TEXT    NOT NULL DEFAULT '',
    claim        TEXT -- the last one that it was in, null once that counts no more
) STRICT;

-- Those of equal columns are in the order of their IDs.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint, lane, not_before)
    WHERE state = 'pending' AND claim IS NULL;
CREATE INDEX webhook_deliveries_claim ON webhook_deliveries (claim) WHERE claim IS NOT NULL;
CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (endpoint);
CREATE INDEX webhook_deliveries_event ON webhook_deliveries (event);
CREATE INDEX webhook_deliveries_finished ON webhook_deliveries (state, finished_at) WHERE state <> 'pending';

-- With the last delivery that names it a claim goes.
CREATE TABLE webhook_claims (
    id          TEXT    NOT NULL PRIMARY KEY,
    endpoint    TEXT    NOT NULL,
    lease_until INTEGER NOT NULL,
    lane        INTEGER NOT NULL,
    worker      TEXT    NOT NULL
) STRICT;

CREATE INDEX webhook_claims_endpoint ON webhook_claims (endpoint);

CREATE TABLE webhook_attempts (
    delivery INTEGER NOT NULL,
    number   INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    duration INTEGER NOT NULL, -- in nanoseconds
    status   INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    worker   TEXT    NOT NULL,
    error    TEXT    NOT NULL,
    response BLOB    NOT NULL,
    PRIMARY KEY (delivery, number)
) STRICT;

-- +goose Down

DROP TABLE webhook_attempts;
DROP TABLE webhook_claims;
DROP TABLE webhook_deliveries;
DROP TABLE webhook_numbers;
DROP TABLE webhook_events;
DROP TABLE webhook_endpoints;
