-- What `postgres` may not do to the service's own tables and functions: change, drop, index or comment
-- them. Policies, triggers, grants and rows are its to make, as on the hosted service.
create function extensions.guard() returns event_trigger language plpgsql set search_path = '' as $$
declare one record; begin
  if current_user <> 'postgres' then return; end if;
  for one in
    select coalesce(t.relname, p.proname) as name, case when t.oid is null then 'function' else 'table' end as kind
      from pg_catalog.pg_event_trigger_ddl_commands() d
      left join pg_catalog.pg_index i on i.indexrelid = d.objid and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
      left join pg_catalog.pg_class t on t.oid = coalesce(i.indrelid, d.objid) and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
      left join pg_catalog.pg_proc p on p.oid = d.objid and d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
     where d.command_tag in ('ALTER TABLE', 'ALTER INDEX', 'CREATE INDEX', 'COMMENT', 'CREATE FUNCTION', 'ALTER FUNCTION')
       and coalesce(t.relowner, p.proowner) in (select r.oid from pg_catalog.pg_roles r where r.rolname like 'supabase\_%\_admin')
  loop
    raise exception 'must be owner of % %', one.kind, one.name using errcode = '42501';
  end loop;
end $$;
create function extensions.guard_drop() returns event_trigger language plpgsql set search_path = '' as $$
declare one record; begin
  if current_user <> 'postgres' then return; end if;
  for one in
    select * from pg_catalog.pg_event_trigger_dropped_objects()
     where object_type in ('table', 'index', 'function', 'type', 'schema')
       and (coalesce(schema_name, object_name) in ('auth', 'storage', 'supabase_functions', 'net'))
  loop
    raise exception 'must be owner of % %', one.object_type, coalesce(one.object_name, one.object_identity) using errcode = '42501';
  end loop;
end $$;
create event trigger guard on ddl_command_end execute function extensions.guard();
create event trigger guard_drop on sql_drop execute function extensions.guard_drop();
