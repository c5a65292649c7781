-- +goose Up

-- Whether the feed is kept, and for how long. There is one row at most, and none until the feed was first switched on.
CREATE TABLE webhook_feed_keeping (
    one     boolean PRIMARY KEY CHECK (one),
    keep    bigint  NOT NULL, -- in microseconds, 0: not at all
    feed    bigint  NOT NULL, -- that of its cursors
    removed bigint  NOT NULL  -- the ID up to which entries are gone or don't count
);

CREATE SEQUENCE webhook_feed_ids AS bigint;

-- The events of the feed, in its order. See webhooks_feed.go for how far it may be read.
CREATE TABLE webhook_feed (
    id      bigint      PRIMARY KEY DEFAULT nextval('webhook_feed_ids'),
    number  bigint      NOT NULL, -- the event's
    kept_at timestamptz NOT NULL,
    event   uuid        NOT NULL,
    bytes   integer     NOT NULL, -- the length of its data
    type    text        COLLATE "C" NOT NULL
);

CREATE INDEX webhook_feed_event ON webhook_feed (event);

-- +goose Down

DROP TABLE webhook_feed;
DROP SEQUENCE webhook_feed_ids;
DROP TABLE webhook_feed_keeping;
