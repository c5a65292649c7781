-- +goose Up

-- What came of an endpoint's deliveries is counted by the hour from this index alone.
CREATE INDEX webhook_deliveries_hours ON webhook_deliveries (endpoint, finished_at, state) WHERE state <> 'pending';

-- +goose Down

DROP INDEX webhook_deliveries_hours;
