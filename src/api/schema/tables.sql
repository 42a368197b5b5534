-- One row for each table, view and foreign table of the schemas, with all that hangs on it.
select
  n.nspname as schema,
  c.relname as name,
  case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view'
    when 'm' then 'materialized view' else 'foreign table' end as kind,
  pg_catalog.obj_description(c.oid, 'pg_class') as comment,
  case when c.relkind in ('v', 'f') then null when c.reltuples >= 0 then c.reltuples::int8
    else pg_catalog.pg_stat_get_live_tuples(c.oid) end as rows_estimate,
  case when c.relkind in ('v', 'f') then null else pg_catalog.pg_total_relation_size(c.oid) end as size_bytes,
  c.relrowsecurity as rls_enabled,
  c.relforcerowsecurity as rls_forced,
  (select pg_catalog.to_json(pg_catalog.array_agg(a.attname order by k.place))
     from pg_catalog.pg_constraint p
    cross join lateral pg_catalog.unnest(p.conkey) with ordinality k (attnum, place)
     join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
    where p.conrelid = c.oid and p.contype = 'p') as primary_key,
  coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', a.attname,
      'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
      'nullable', not a.attnotnull,
      'default', case when a.attgenerated = '' then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end,
      'identity', case a.attidentity when 'a' then 'always' when 'd' then 'by default' end,
      'generated', case when a.attgenerated <> '' then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end,
      'comment', pg_catalog.col_description(c.oid, a.attnum)) order by a.attnum)
     from pg_catalog.pg_attribute a
     left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns,
  coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', k.conname,
      'columns', (select pg_catalog.array_agg(a.attname order by i.place)
         from pg_catalog.unnest(k.conkey) with ordinality i (attnum, place)
         join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = i.attnum),
      'references', pg_catalog.json_build_object(
         'schema', rn.nspname,
         'table', r.relname,
         'columns', (select pg_catalog.array_agg(a.attname order by i.place)
            from pg_catalog.unnest(k.confkey) with ordinality i (attnum, place)
            join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = i.attnum)),
      'on_update', case k.confupdtype when 'a' then 'no action' when 'r' then 'restrict' when 'c' then 'cascade'
         when 'n' then 'set null' else 'set default' end,
      'on_delete', case k.confdeltype when 'a' then 'no action' when 'r' then 'restrict' when 'c' then 'cascade'
         when 'n' then 'set null' else 'set default' end) order by k.conname)
     from pg_catalog.pg_constraint k
     join pg_catalog.pg_class r on r.oid = k.confrelid
     join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace
    where k.conrelid = c.oid and k.contype = 'f'), '[]') as foreign_keys,
  coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', k.conname,
      'kind', case k.contype when 'u' then 'unique' when 'c' then 'check' else 'exclude' end,
      'definition', pg_catalog.pg_get_constraintdef(k.oid)) order by k.conname)
     from pg_catalog.pg_constraint k
    where k.conrelid = c.oid and k.contype in ('u', 'c', 'x')), '[]') as constraints,
  coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', ic.relname,
      'definition', pg_catalog.pg_get_indexdef(i.indexrelid),
      'unique', i.indisunique,
      'primary', i.indisprimary,
      'valid', i.indisvalid,
      'size_bytes', pg_catalog.pg_relation_size(i.indexrelid)) order by ic.relname)
     from pg_catalog.pg_index i
     join pg_catalog.pg_class ic on ic.oid = i.indexrelid
    where i.indrelid = c.oid), '[]') as indexes,
  coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', p.polname,
      'kind', case when p.polpermissive then 'permissive' else 'restrictive' end,
      'command', case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
         when 'd' then 'delete' else 'all' end,
      'roles', coalesce((select pg_catalog.json_agg(r.rolname order by r.rolname)
         from pg_catalog.pg_roles r where r.oid = any (p.polroles)), '["public"]'),
      'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
      'check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)) order by p.polname)
     from pg_catalog.pg_policy p
    where p.polrelid = c.oid), '[]') as policies,
  coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', t.tgname,
      -- What a webhook is given: its headers may hold secrets.
      'definition', case when fn.nspname = 'supabase_functions' and f.proname = 'http_request'
         then pg_catalog.regexp_replace(pg_catalog.pg_get_triggerdef(t.oid), 'EXECUTE FUNCTION (supabase_functions\.)?http_request\(.*$', 'EXECUTE FUNCTION supabase_functions.http_request(…)')
         else pg_catalog.pg_get_triggerdef(t.oid) end,
      'enabled', t.tgenabled <> 'D') order by t.tgname)
     from pg_catalog.pg_trigger t
     join pg_catalog.pg_proc f on f.oid = t.tgfoid
     join pg_catalog.pg_namespace fn on fn.oid = f.pronamespace
    where t.tgrelid = c.oid and not t.tgisinternal), '[]') as triggers
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and {filter}
order by n.nspname, c.relname
