-- A role that reads marts and audit in Postgres, and nothing else: no raw rows, no answers, no bodies. It may write nothing.
--
--     psql --single-transaction --file deploy/reader.sql bluum        as the user that dbt builds with; it needs CREATEROLE
--     grant bluum_reader to alice;                                     for each person or tool
--
-- dbt makes tables anew: they take what they may be read by from the schema's default privileges.
create role bluum_reader nologin;
create schema if not exists marts;
create schema if not exists audit;
grant usage on schema marts, audit to bluum_reader;
grant select on all tables in schema marts, audit to bluum_reader;
alter default privileges in schema marts, audit grant select on tables to bluum_reader;
