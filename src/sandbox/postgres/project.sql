-- What every hosted project has: schemas, extensions, rights to what will be made in `public`.
create schema extensions;
grant usage on schema extensions to anon, authenticated, service_role;
grant usage, create on schema extensions to postgres;
-- A server without contrib modules can do all the rest.
do $$ begin create extension pgcrypto schema extensions; exception when others then null; end $$;
do $$ begin create extension "uuid-ossp" schema extensions; exception when others then null; end $$;

grant all on schema public to postgres;
grant usage on schema public to anon, authenticated, service_role;
alter default privileges for role postgres in schema public grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public grant all on sequences to postgres, anon, authenticated, service_role;

create schema graphql_public;
create schema realtime;
grant usage on schema graphql_public, realtime to postgres, anon, authenticated, service_role;
