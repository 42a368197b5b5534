-- Database webhooks: what switching them on makes. Can be run again.
-- A trigger queues a request in `net`, and the sandbox's sender takes it from there.
do $on$ begin
if to_regprocedure('supabase_functions.http_request()') is not null then return; end if;

create schema net;
grant usage on schema net to public;
create domain net.http_method as text check (value in ('GET', 'POST', 'DELETE'));
create unlogged table net.http_request_queue (
  id bigserial, method net.http_method not null, url text not null, headers jsonb, body bytea, timeout_milliseconds int not null);
create unlogged table net._http_response (
  id bigint, status_code int, content_type text, headers jsonb, content text, timed_out bool, error_msg text, created timestamptz not null default now());
create index on net._http_response (created);

create function net._encoded(word text) returns text language sql immutable as $$
  select coalesce(string_agg(
    case when chr(b) ~ '[A-Za-z0-9_.~-]' and b < 128 then chr(b) else '%' || upper(lpad(to_hex(b), 2, '0')) end, '' order by at), '')
  from (select at, get_byte(convert_to(word, 'UTF8'), at) as b from generate_series(0, octet_length(convert_to(word, 'UTF8')) - 1) at) bytes $$;
create function net._with_params(url text, params jsonb) returns text language sql immutable as $$
  select url || coalesce((select case when strpos(url, '?') > 0 then '&' else '?' end || string_agg(net._encoded(key) || '=' || net._encoded(value), '&')
    from jsonb_each_text(params) having count(*) > 0), '') $$;
create function net.http_post(url text, body jsonb default '{}', params jsonb default '{}',
  headers jsonb default '{"Content-Type": "application/json"}', timeout_milliseconds int default 5000)
returns bigint language plpgsql security definer set search_path = '' as $$
declare queued bigint; begin
  if exists (select from pg_catalog.jsonb_each_text(headers) where pg_catalog.lower(key) = 'content-type' and value <> 'application/json') then
    raise exception 'Content-Type header must be "application/json"';
  end if;
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values ('POST', net._with_params(http_post.url, params),
    case when exists (select from pg_catalog.jsonb_object_keys(http_post.headers) name where pg_catalog.lower(name) = 'content-type')
      then http_post.headers else http_post.headers || '{"Content-Type": "application/json"}' end,
    pg_catalog.convert_to(http_post.body::text, 'UTF8'), http_post.timeout_milliseconds)
  returning id into queued;
  return queued;
end $$;
create function net.http_get(url text, params jsonb default '{}', headers jsonb default '{}', timeout_milliseconds int default 5000)
returns bigint language sql security definer as $$
  insert into net.http_request_queue (method, url, headers, timeout_milliseconds)
  values ('GET', net._with_params(url, params), headers, timeout_milliseconds) returning id $$;
create function net.http_delete(url text, params jsonb default '{}', headers jsonb default '{}', timeout_milliseconds int default 5000)
returns bigint language sql security definer as $$
  insert into net.http_request_queue (method, url, headers, timeout_milliseconds)
  values ('DELETE', net._with_params(url, params), headers, timeout_milliseconds) returning id $$;
create function net.worker_restart() returns bool language sql as $$ select true $$;
grant all on all tables in schema net to public;
grant all on all sequences in schema net to public;

create schema supabase_functions authorization supabase_functions_admin;
grant usage on schema supabase_functions to postgres, anon, authenticated, service_role;
create table supabase_functions.migrations (version text primary key, inserted_at timestamptz not null default now());
insert into supabase_functions.migrations (version) values ('initial');
create table supabase_functions.hooks (
  id bigserial primary key, hook_table_id integer not null, hook_name text not null, created_at timestamptz not null default now(), request_id bigint);
create index on supabase_functions.hooks (request_id);
create index on supabase_functions.hooks (hook_table_id, hook_name);
create function supabase_functions.http_request() returns trigger language plpgsql security definer set search_path = supabase_functions as $$
declare
  headers jsonb := coalesce(nullif(tg_argv[2], 'null')::jsonb, '{"Content-Type": "application/json"}');
  params jsonb := coalesce(nullif(tg_argv[3], 'null')::jsonb, '{}');
  timeout_ms int := coalesce(nullif(tg_argv[4], 'null')::int, 1000);
  payload jsonb;
  queued bigint;
begin
  if coalesce(tg_argv[0], 'null') = 'null' then raise exception 'url argument is missing'; end if;
  if coalesce(tg_argv[1], 'null') = 'null' then raise exception 'method argument is missing'; end if;
  if tg_argv[1] not in ('GET', 'POST') then raise exception 'method argument % is invalid', tg_argv[1]; end if;
  if tg_argv[1] = 'GET' then
    queued := net.http_get(tg_argv[0], params, headers, timeout_ms);
  else
    payload := jsonb_build_object('type', tg_op, 'table', tg_table_name, 'schema', tg_table_schema, 'record', new, 'old_record', old);
    queued := net.http_post(tg_argv[0], payload, params, headers, timeout_ms);
  end if;
  insert into supabase_functions.hooks (hook_table_id, hook_name, request_id) values (tg_relid::bigint::int, tg_name, queued);
  return coalesce(new, old);
end $$;
alter table supabase_functions.migrations owner to supabase_functions_admin;
alter table supabase_functions.hooks owner to supabase_functions_admin;
alter function supabase_functions.http_request() owner to supabase_functions_admin;
grant all on all tables in schema supabase_functions to postgres, anon, authenticated, service_role;
grant all on all sequences in schema supabase_functions to postgres, anon, authenticated, service_role;
end $on$;
