-- +goose Up

-- What came of an endpoint's deliveries is counted by the hour from this index alone.
CREATE INDEX webhook_deliveries_hours ON webhook_deliveries_ended (endpoint, finished_at, state);

-- +goose Down

DROP INDEX webhook_deliveries_hours;
