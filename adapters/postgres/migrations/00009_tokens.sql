-- +goose Up

-- The tokens with which programs log in. Of a token's text only the hash is kept.
CREATE TABLE api_tokens (
    name       text        COLLATE "C" PRIMARY KEY,
    hash       bytea       NOT NULL UNIQUE,
    role       text        COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL
);

-- +goose Down

DROP TABLE api_tokens;
