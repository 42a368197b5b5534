-- The webhooks of the first project, and what became of their latest requests. Runs as `postgres`.
create trigger new_orders after insert or update on public.orders for each row
  execute function supabase_functions.http_request('https://hooks.acme.example/orders', 'POST',
    '{"Content-type":"application/json","Authorization":"Bearer acme-warehouse"}', '{}', '5000');
create trigger customer_moved after update of city on public.customers for each row when (new.city is distinct from old.city)
  execute function supabase_functions.http_request('https://crm.acme.example/sync', 'GET', '{"Content-type":"application/json"}', '{"source":"shop"}', '1000');
alter table public.customers disable trigger customer_moved;

with told (ago, status_code, timed_out, error_msg, content) as (values
  (interval '9 hours', null::int, null::bool, null, null),
  (interval '90 minutes', 200, false, null, '{"ok":true}'),
  (interval '55 minutes', 500, false, null, '{"error":"the warehouse is closed"}'),
  (interval '40 minutes', null, true, 'Timeout of 5000 ms reached. Total time: 5000.871 ms (DNS time: 0.412 ms, TCP/SSL handshake time: 31.090 ms, HTTP Request/Response time: 4969.102 ms)', null),
  (interval '10 minutes', 200, false, null, '{"ok":true}')
), queued as (
  select *, nextval('net.http_request_queue_id_seq') as request_id from (select * from told order by ago desc) t
), hooked as (
  insert into supabase_functions.hooks (hook_table_id, hook_name, created_at, request_id)
  select 'public.orders'::regclass::bigint::int, 'new_orders', now() - ago, request_id from queued order by ago desc
)
insert into net._http_response (id, status_code, content_type, headers, content, timed_out, error_msg, created)
select request_id, status_code, 'application/json', '{"content-type": "application/json"}', content, timed_out, error_msg, now() - ago + interval '180 milliseconds'
from queued where timed_out is not null;
