-- +goose Up

-- The tokens with which programs log in. Of a token's text only the hash is kept.
CREATE TABLE api_tokens (
    name       TEXT    NOT NULL PRIMARY KEY,
    hash       BLOB    NOT NULL UNIQUE,
    role       TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- +goose Down

DROP TABLE api_tokens;
