-- +goose Up

-- Whether the feed is kept, and for how long. There is one row at most, and none until the feed was first switched on.
CREATE TABLE webhook_feed_keeping (
    one     INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    keep    INTEGER NOT NULL, -- in microseconds, 0: not at all
    feed    INTEGER NOT NULL, -- that of its cursors
    removed INTEGER NOT NULL  -- the ID up to which entries are gone or don't count
) STRICT;

-- The events of the feed, in its order.
CREATE TABLE webhook_feed (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    kept_at INTEGER NOT NULL,
    number  INTEGER NOT NULL, -- the event's
    bytes   INTEGER NOT NULL, -- the length of its data
    type    TEXT    NOT NULL,
    event   TEXT    NOT NULL
) STRICT;

CREATE INDEX webhook_feed_event ON webhook_feed (event);

-- +goose Down

DROP TABLE webhook_feed;
DROP TABLE webhook_feed_keeping;
