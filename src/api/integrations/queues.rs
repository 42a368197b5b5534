//! Queues for those who come in through the Data API: functions in a schema that it exposes.
//!
//! Client libraries call these names. (Not tried against a real pgmq.)

/// The schema of the functions.
pub(crate) const SCHEMA: &str = "pgmq_public";

/// Makes the functions, and lets everybody call them whom row-level security lets near a queue.
pub(crate) const EXPOSE: &str = "create schema if not exists pgmq_public;
grant usage on schema pgmq_public, pgmq to postgres, anon, authenticated, service_role;
create or replace function pgmq_public.send(queue_name text, message jsonb, sleep_seconds integer default 0)
returns setof bigint language sql set search_path = '' as $$ select pgmq.send(queue_name, message, sleep_seconds) $$;
create or replace function pgmq_public.send_batch(queue_name text, messages jsonb[], sleep_seconds integer default 0)
returns setof bigint language sql set search_path = '' as $$ select pgmq.send_batch(queue_name, messages, sleep_seconds) $$;
create or replace function pgmq_public.read(queue_name text, sleep_seconds integer, n integer)
returns setof pgmq.message_record language sql set search_path = '' as $$ select * from pgmq.read(queue_name, sleep_seconds, n) $$;
create or replace function pgmq_public.pop(queue_name text)
returns setof pgmq.message_record language sql set search_path = '' as $$ select * from pgmq.pop(queue_name) $$;
create or replace function pgmq_public.archive(queue_name text, message_id bigint)
returns boolean language sql set search_path = '' as $$ select pgmq.archive(queue_name, message_id) $$;
create or replace function pgmq_public.delete(queue_name text, message_id bigint)
returns boolean language sql set search_path = '' as $$ select pgmq.delete(queue_name, message_id) $$;
grant execute on all functions in schema pgmq_public to postgres, service_role, anon, authenticated;
grant execute on function pgmq.send(text, jsonb, integer), pgmq.send_batch(text, jsonb[], integer), pgmq.read(text, integer, integer),
  pgmq.pop(text), pgmq.archive(text, bigint), pgmq.delete(text, bigint) to postgres, service_role, anon, authenticated;
grant all privileges on all tables in schema pgmq to postgres, service_role;
alter default privileges in schema pgmq grant all privileges on tables to postgres, service_role";

/// Takes the functions away.
pub(crate) const HIDE: &str = "drop schema if exists pgmq_public cascade";
