-- A role that reads the marts of a lake and nothing else: run by the role that writes, in the catalog's database, for each
-- profile whose marts it is to read, all of it or nothing. The plain key pair's lake is in the schema `public`, that of a
-- profile in one of its own name:
--     psql --file deploy/lake-reader.sql lake
--     psql --set schema=acme --file deploy/lake-reader.sql lake
\set ON_ERROR_STOP on
\if :{?schema} \else \set schema public \endif
begin;
select 'create role reader login' where not exists (select from pg_roles where rolname = 'reader') \gexec
grant usage on schema :"schema" to reader;
grant select on all tables in schema :"schema" to reader;

-- The catalog holds no row of data. It notes the least and the greatest value of each column, the texts of raw answers
-- among them: of what is not published, a reader does not see those.
set local search_path to :"schema";
alter table ducklake_table_column_stats enable row level security;
alter table ducklake_file_column_stats enable row level security;
drop policy if exists published on ducklake_table_column_stats;
create policy published on ducklake_table_column_stats for select to reader using (
    table_id in (
        select tables.table_id from ducklake_table as tables join ducklake_schema as schemas using (schema_id)
        where schemas.schema_name in ('marts', 'marts_next', 'audit', 'audit_next')
    )
);
drop policy if exists published on ducklake_file_column_stats;
create policy published on ducklake_file_column_stats for select to reader using (
    table_id in (
        select tables.table_id from ducklake_table as tables join ducklake_schema as schemas using (schema_id)
        where schemas.schema_name in ('marts', 'marts_next', 'audit', 'audit_next')
    )
);
commit;

-- What is in the files is kept by who may read them: of the profile's folder in BLUUM_LAKE_DATA, `marts`, `marts_next` and
-- `audit_next`. The program writes all files for its own user alone. A folder's default permissions let a group read:
--     setfacl -R -m g:readers:rX,d:g:readers:rX /srv/lake/default/marts /srv/lake/default/marts_next /srv/lake/default/audit_next
--     setfacl -m g:readers:x /srv/lake /srv/lake/default
-- In a bucket, give the readers' key s3:GetObject on these three prefixes, and nothing on `raw`.
