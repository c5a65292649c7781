-- +goose Up

-- Health is written now and then: it is in no index, and every page keeps room, so that the new version of a row goes
-- beside the old one.
CREATE TABLE webhook_endpoints (
    id              uuid        PRIMARY KEY,
    version         bigint      NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    failing_since   timestamptz,
    last_success    timestamptz,
    paused_until    timestamptz,
    spent           timestamptz,
    timeout         bigint      NOT NULL, -- in nanoseconds
    failures        bigint      NOT NULL DEFAULT 0,
    pauses          bigint      NOT NULL DEFAULT 0,
    concurrency     integer     NOT NULL,
    rate_limit      integer     NOT NULL,
    summaries_only  boolean     NOT NULL,
    state           text        COLLATE "C" NOT NULL,
    disabled_reason text        COLLATE "C" NOT NULL,
    url             text        COLLATE "C" NOT NULL,
    client_name     text        COLLATE "C" NOT NULL,
    events          text[]      COLLATE "C" NOT NULL,
    private         bytea       NOT NULL -- secrets, token and headers, sealed where there is a key
) WITH (fillfactor = 50);

-- Once for all endpoints. What is worth it is packed by the adapter, which is cheaper than having it sent in full.
CREATE TABLE webhook_events (
    id          uuid        PRIMARY KEY,
    happened_at timestamptz NOT NULL,
    lane        smallint    NOT NULL,
    packed      boolean     NOT NULL,
    type        text        COLLATE "C" NOT NULL,
    import_id   text        COLLATE "C" NOT NULL,
    data        bytea       NOT NULL
);

ALTER TABLE webhook_events ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE INDEX webhook_events_import ON webhook_events (import_id, id) WHERE import_id <> '';
CREATE INDEX webhook_events_type ON webhook_events (type, id);

-- The last number given to an event, by import and type.
CREATE TABLE webhook_numbers (
    given_at  timestamptz NOT NULL,
    last      bigint      NOT NULL,
    import_id text        COLLATE "C" NOT NULL,
    type      text        COLLATE "C" NOT NULL,
    PRIMARY KEY (import_id, type)
) WITH (fillfactor = 50);

CREATE SEQUENCE webhook_delivery_ids AS bigint;

-- What waits is kept apart from what is done with: it stays small, and so do its indexes and what there is to vacuum,
-- however long the rest is kept.
CREATE TABLE webhook_deliveries (
    id           bigint      NOT NULL DEFAULT nextval('webhook_delivery_ids'),
    number       bigint      NOT NULL, -- the event's: it is known last, when the event is there already
    endpoint     uuid        NOT NULL,
    event        uuid        NOT NULL,
    not_before   timestamptz NOT NULL,
    created_at   timestamptz NOT NULL,
    finished_at  timestamptz,
    last_attempt timestamptz,
    attempts     integer     NOT NULL DEFAULT 0,
    earlier      integer     NOT NULL DEFAULT 0,
    last_status  integer     NOT NULL DEFAULT 0,
    lane         smallint    NOT NULL,
    state        text        COLLATE "C" NOT NULL,
    last_kind    text        COLLATE "C" NOT NULL DEFAULT ''
) PARTITION BY LIST (state);

CREATE TABLE webhook_deliveries_pending PARTITION OF webhook_deliveries (PRIMARY KEY (id))
    FOR VALUES IN ('pending')
    WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries_pending (endpoint, lane, not_before, id);
CREATE INDEX webhook_deliveries_pending_event ON webhook_deliveries_pending (event);

CREATE TABLE webhook_deliveries_ended PARTITION OF webhook_deliveries (PRIMARY KEY (id))
    FOR VALUES IN ('delivered', 'failed', 'skipped');
CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries_ended (endpoint, id);
CREATE INDEX webhook_deliveries_ended_event ON webhook_deliveries_ended (event);
CREATE INDEX webhook_deliveries_finished ON webhook_deliveries_ended (state, finished_at);

-- A claim lists the deliveries that it still holds; with the last one it goes. So deliveries aren't written when they
-- are claimed.
CREATE TABLE webhook_claims (
    id          uuid        PRIMARY KEY,
    endpoint    uuid        NOT NULL,
    lease_until timestamptz NOT NULL,
    lane        smallint    NOT NULL,
    worker      text        COLLATE "C" NOT NULL,
    deliveries  bigint[]    NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX webhook_claims_endpoint ON webhook_claims (endpoint);

CREATE TABLE webhook_attempts (
    delivery bigint      NOT NULL,
    at       timestamptz NOT NULL,
    duration bigint      NOT NULL, -- in nanoseconds
    number   integer     NOT NULL,
    status   integer     NOT NULL,
    kind     text        COLLATE "C" NOT NULL,
    worker   text        COLLATE "C" NOT NULL,
    error    text        COLLATE "C" NOT NULL,
    response bytea       NOT NULL,
    PRIMARY KEY (delivery, number)
);

-- +goose Down

DROP TABLE webhook_attempts;
DROP TABLE webhook_claims;
DROP TABLE webhook_deliveries;
DROP SEQUENCE webhook_delivery_ids;
DROP TABLE webhook_numbers;
DROP TABLE webhook_events;
DROP TABLE webhook_endpoints;
