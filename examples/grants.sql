-- What a user of PostgreSQL needs to run servers, workers and imports without owning anything. The owner of the tables
-- runs "server migrate" first, then this, once, with the name of the user, and of the schema that -schema names, in
-- which nobody else has tables:
--
--   psql "$OWNER_URL" -v user=importer -v schema=public -f examples/grants.sql
--
-- All of it is granted, or nothing and psql ends with status 3. The default privileges are for the tables of later
-- versions.
\set ON_ERROR_STOP on
\if :{?user}
\else
\set user importer
\endif
\if :{?schema}
\else
\set schema public
\endif
BEGIN;
GRANT USAGE ON SCHEMA :"schema" TO :"user";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA :"schema" TO :"user";
GRANT USAGE ON ALL SEQUENCES IN SCHEMA :"schema" TO :"user";
ALTER DEFAULT PRIVILEGES IN SCHEMA :"schema" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"user";
ALTER DEFAULT PRIVILEGES IN SCHEMA :"schema" GRANT USAGE ON SEQUENCES TO :"user";
-- What describes the schema is the owner's to change.
REVOKE INSERT, UPDATE, DELETE ON :"schema".products_importer_settings, :"schema".products_importer_migrations
  FROM :"user";
-- With -table shop.items the user needs these too, and the last one only where a column is a serial one:
-- GRANT USAGE ON SCHEMA shop TO :"user";
-- GRANT SELECT, INSERT, UPDATE ON shop.items TO :"user";
-- GRANT USAGE ON SEQUENCE shop.items_id_seq TO :"user";
COMMIT;
