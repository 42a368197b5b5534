-- The roles of a hosted project, once for each server. `postgres` is no superuser there.
do $$ begin
  if exists (select from pg_catalog.pg_roles where rolname = 'postgres') then return; end if;
  create role postgres login createdb createrole replication bypassrls;
  create role anon nologin;
  create role authenticated nologin;
  create role service_role nologin bypassrls;
  create role authenticator login noinherit;
  create role dashboard_user createrole createdb replication;
  create role supabase_auth_admin login noinherit createrole;
  create role supabase_storage_admin login noinherit createrole;
  create role supabase_functions_admin login noinherit createrole;
  create role supabase_read_only_user login bypassrls;
  create role pgbouncer login;
  grant anon, authenticated, service_role to authenticator;
  grant authenticator to supabase_storage_admin;
  grant pg_read_all_data to supabase_read_only_user;
  grant pg_monitor, pg_read_all_data, pg_signal_backend, anon, authenticated, service_role to postgres;
  -- This is how `postgres` comes to make policies on tables that it does not own; hosted projects have
  -- an extension for it. What it may not do to them all the same is in guard.sql.
  grant supabase_storage_admin, supabase_auth_admin, supabase_functions_admin to postgres;
  alter role postgres set search_path = "$user", public, extensions;
  alter role supabase_read_only_user set default_transaction_read_only = on;
  alter role anon set statement_timeout = '3s';
  alter role authenticated set statement_timeout = '8s';
end $$;
