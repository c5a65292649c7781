-- What a user of PostgreSQL needs to run servers, workers and imports without owning anything. The owner of the tables
-- runs "server migrate" first, then this, with its own names for the user (importer) and the schema (public), in which
-- nobody else has tables:
--
--   psql "$OWNER_URL" -f examples/grants.sql
--
-- The default privileges are for the tables of later versions: so it is run once.
GRANT USAGE ON SCHEMA public TO importer;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO importer;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO importer;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO importer;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO importer;
-- What describes the schema is the owner's to change.
REVOKE INSERT, UPDATE, DELETE ON products_importer_settings, products_importer_migrations FROM importer;
