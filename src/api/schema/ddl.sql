-- One row for each statement that recreates something of the schemas, and the rows that must come before it.
--
-- `part` says which row makes which object of the catalog; `pg_depend` then says what needs what.
with
space as (
  select oid, nspname from pg_catalog.pg_namespace where {filter}
),
member as (
  select classid, objid, refobjid as extension from pg_catalog.pg_depend
   where deptype = 'e' and refclassid = 'pg_catalog.pg_extension'::regclass
),
relation as materialized (
  select c.*, pg_catalog.format('%I.%I', s.nspname, c.relname) as full_name
    from pg_catalog.pg_class c
    join space s on s.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'c')
     and not exists (select from member m where m.classid = 'pg_catalog.pg_class'::regclass and m.objid = c.oid)
),
-- Sequences that a column brings along (`i`, identity) or owns (`a`, serial).
owned as (
  select d.objid as sequence, d.refobjid as owner, d.refobjsubid as attnum, d.deptype
    from pg_catalog.pg_depend d
    join relation r on r.oid = d.objid and r.relkind = 'S'
   where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass
     and d.deptype in ('i', 'a') and d.refobjsubid > 0
),
-- Whether an expression calls functions of the schemas themselves: it is then set once they are there.
calls as (
  select distinct d.classid, d.objid
    from pg_catalog.pg_depend d
   where d.classid in ('pg_catalog.pg_attrdef'::regclass, 'pg_catalog.pg_constraint'::regclass)
     and d.refclassid = 'pg_catalog.pg_proc'::regclass
     and not exists (select from member m where m.classid = d.refclassid and m.objid = d.refobjid)
),
expression as materialized (
  select d.oid, d.adrelid, d.adnum, pg_catalog.pg_get_expr(d.adbin, d.adrelid) as text, a.attgenerated,
         a.attgenerated <> '' or (c.objid is null and (a.attislocal or r.relispartition)) as inline
    from pg_catalog.pg_attrdef d
    join relation r on r.oid = d.adrelid
    join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
    left join calls c on c.classid = 'pg_catalog.pg_attrdef'::regclass and c.objid = d.oid
),
rule as materialized (
  select k.oid, k.conname, k.conrelid, k.contype, k.conindid, pg_catalog.pg_get_constraintdef(k.oid) as text,
         k.contype <> 'f' and k.convalidated and c.objid is null as inline
    from pg_catalog.pg_constraint k
    join relation r on r.oid = k.conrelid
    left join calls c on c.classid = 'pg_catalog.pg_constraint'::regclass and c.objid = k.oid
   where k.contype in ('p', 'u', 'x', 'c', 'f')
     and case when r.relispartition then not (k.contype = 'f' and k.conparentid <> 0)
              else k.conislocal and k.conparentid = 0 end
),
item as (
  select a.attrelid as relation, 0 as kind, a.attnum::int as place, pg_catalog.format('%I %s%s%s%s',
      a.attname,
      pg_catalog.format_type(a.atttypid, a.atttypmod),
      case when a.attcollation <> 0 and a.attcollation <> t.typcollation then
        (select pg_catalog.format(' collate %I.%I', n.nspname, c.collname) from pg_catalog.pg_collation c
           join pg_catalog.pg_namespace n on n.oid = c.collnamespace where c.oid = a.attcollation) end,
      case when a.attidentity <> '' then pg_catalog.format(' generated %s as identity%s',
             case a.attidentity when 'a' then 'always' else 'by default' end,
             (select ' (' || nullif(pg_catalog.concat_ws(' ',
                case when sc.relname <> r.relname || '_' || a.attname || '_seq' then 'sequence name ' || sc.full_name end,
                case when q.seqincrement <> 1 then 'increment by ' || q.seqincrement end,
                case when q.seqmin <> case when q.seqincrement > 0 then 1 when q.seqtypid = 'int8'::regtype then -9223372036854775808
                       when q.seqtypid = 'int4'::regtype then -2147483648 else -32768 end then 'minvalue ' || q.seqmin end,
                case when q.seqmax <> case when q.seqincrement < 0 then -1 when q.seqtypid = 'int8'::regtype then 9223372036854775807
                       when q.seqtypid = 'int4'::regtype then 2147483647 else 32767 end then 'maxvalue ' || q.seqmax end,
                case when q.seqstart <> case when q.seqincrement > 0 then q.seqmin else q.seqmax end then 'start with ' || q.seqstart end,
                case when q.seqcache <> 1 then 'cache ' || q.seqcache end,
                case when q.seqcycle then 'cycle' end), '') || ')'
               from owned o join pg_catalog.pg_sequence q on q.seqrelid = o.sequence join relation sc on sc.oid = o.sequence
              where o.owner = a.attrelid and o.attnum = a.attnum and o.deptype = 'i'))
           when e.attgenerated = 's' then ' generated always as (' || e.text || ') stored'
           when e.attgenerated = 'v' then ' generated always as (' || e.text || ')'
           when e.inline then ' default ' || e.text end,
      case when a.attnotnull then ' not null' end) as text
    from pg_catalog.pg_attribute a
    join relation r on r.oid = a.attrelid and r.relkind in ('r', 'p')
    join pg_catalog.pg_type t on t.oid = a.atttypid
    left join expression e on e.adrelid = a.attrelid and e.adnum = a.attnum
   where a.attnum > 0 and not a.attisdropped and (a.attislocal or r.relispartition)
  union all
  select conrelid, 1, pg_catalog.row_number() over (partition by conrelid order by contype = 'p' desc, conname)::int,
         pg_catalog.format('constraint %I %s', conname, text)
    from rule where inline
),
items as materialized (
  select relation, pg_catalog.string_agg(E'\n  ' || text, ',' order by kind, place) as text from item group by relation
),
-- The rows: what makes it (a class and an oid), where it comes if nothing else tells, and its SQL.
made as (
  select 'pg_catalog.pg_namespace'::regclass as class, s.oid, 0 as phase, s.nspname::text as name, null::oid as relation,
         pg_catalog.format('create schema if not exists %I;', s.nspname) as ddl
    from space s where s.nspname <> 'public'
  union all
  select 'pg_catalog.pg_type'::regclass, t.oid, 2, t.typname, null,
         pg_catalog.format('create type %I.%I as enum (%s);', s.nspname, t.typname,
           (select pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
              from pg_catalog.pg_enum e where e.enumtypid = t.oid))
    from pg_catalog.pg_type t join space s on s.oid = t.typnamespace where t.typtype = 'e'
  union all
  select 'pg_catalog.pg_type'::regclass, t.oid, 2, t.typname, null,
         pg_catalog.format('create domain %I.%I as %s%s%s%s%s;', s.nspname, t.typname,
           pg_catalog.format_type(t.typbasetype, t.typtypmod),
           (select pg_catalog.format(' collate %I.%I', n.nspname, c.collname) from pg_catalog.pg_collation c
              join pg_catalog.pg_namespace n on n.oid = c.collnamespace
              join pg_catalog.pg_type b on b.oid = t.typbasetype
             where c.oid = t.typcollation and t.typcollation <> b.typcollation),
           ' default ' || t.typdefault,
           case when t.typnotnull then ' not null' end,
           (select pg_catalog.string_agg(pg_catalog.format(' constraint %I %s', k.conname, pg_catalog.pg_get_constraintdef(k.oid)), '' order by k.conname)
              from pg_catalog.pg_constraint k where k.contypid = t.oid and k.contype = 'c'))
    from pg_catalog.pg_type t join space s on s.oid = t.typnamespace where t.typtype = 'd'
  union all
  select 'pg_catalog.pg_type'::regclass, t.oid, 2, t.typname, null,
         pg_catalog.format('create type %I.%I as range (subtype = %s%s%s%s, multirange_type_name = %I.%I);', s.nspname, t.typname,
           pg_catalog.format_type(g.rngsubtype, null),
           (select pg_catalog.format(', subtype_opclass = %I.%I', n.nspname, o.opcname) from pg_catalog.pg_opclass o
              join pg_catalog.pg_namespace n on n.oid = o.opcnamespace where o.oid = g.rngsubopc and not o.opcdefault),
           (select pg_catalog.format(', collation = %I.%I', n.nspname, c.collname) from pg_catalog.pg_collation c
              join pg_catalog.pg_namespace n on n.oid = c.collnamespace
              join pg_catalog.pg_type b on b.oid = g.rngsubtype
             where c.oid = g.rngcollation and c.oid <> b.typcollation),
           case when g.rngsubdiff <> 0 then ', subtype_diff = ' || g.rngsubdiff::regproc end,
           mn.nspname, m.typname)
    from pg_catalog.pg_type t join space s on s.oid = t.typnamespace
    join pg_catalog.pg_range g on g.rngtypid = t.oid
    join pg_catalog.pg_type m on m.oid = g.rngmultitypid join pg_catalog.pg_namespace mn on mn.oid = m.typnamespace
   where t.typtype = 'r'
  union all
  select 'pg_catalog.pg_type'::regclass, r.reltype, 2, r.relname, null,
         pg_catalog.format(E'create type %s as (%s\n);', r.full_name,
           (select pg_catalog.string_agg(pg_catalog.format(E'\n  %I %s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)), ',' order by a.attnum)
              from pg_catalog.pg_attribute a where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped))
    from relation r where r.relkind = 'c'
  union all
  select 'pg_catalog.pg_class'::regclass, r.oid, 3, r.relname, o.owner,
         pg_catalog.format('create %ssequence %s as %s start with %s increment by %s minvalue %s maxvalue %s cache %s%s;',
           case r.relpersistence when 'u' then 'unlogged ' end,
           r.full_name, pg_catalog.format_type(q.seqtypid, null), q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache,
           case when q.seqcycle then ' cycle' end)
    from relation r
    join pg_catalog.pg_sequence q on q.seqrelid = r.oid
    left join owned o on o.sequence = r.oid
   where r.relkind = 'S' and o.deptype is distinct from 'i'
  union all
  select 'pg_catalog.pg_proc'::regclass, p.oid, 4, p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')', null,
         case when p.prokind = 'a' then pg_catalog.format('-- left out: aggregate %I.%I', s.nspname, p.proname)
              else pg_catalog.rtrim(pg_catalog.pg_get_functiondef(p.oid), E'\n') || ';' end
    from pg_catalog.pg_proc p join space s on s.oid = p.pronamespace
   where not exists (select from pg_catalog.pg_depend d
           where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i')
  union all
  select 'pg_catalog.pg_class'::regclass, r.oid, 5, r.relname, r.oid,
         pg_catalog.format(E'create %stable %s (%s\n)%s%s%s;%s%s%s',
           case r.relpersistence when 'u' then 'unlogged ' end,
           r.full_name,
           i.text,
           (select E'\ninherits (' || pg_catalog.string_agg(h.inhparent::regclass::text, ', ' order by h.inhseqno) || ')'
              from pg_catalog.pg_inherits h where h.inhrelid = r.oid and not r.relispartition),
           E'\npartition by ' || case when r.relkind = 'p' then pg_catalog.pg_get_partkeydef(r.oid) end,
           E'\nwith (' || pg_catalog.array_to_string(r.reloptions, ', ') || ')',
           case when r.relrowsecurity then E'\nalter table ' || r.full_name || ' enable row level security;' end,
           case when r.relforcerowsecurity then E'\nalter table ' || r.full_name || ' force row level security;' end,
           case when r.relreplident in ('f', 'n') then E'\nalter table ' || r.full_name || ' replica identity '
             || case r.relreplident when 'f' then 'full;' else 'nothing;' end end)
    from relation r left join items i on i.relation = r.oid where r.relkind in ('r', 'p')
  union all
  select 'pg_catalog.pg_class'::regclass, r.oid, 5, r.relname, r.oid, '-- left out: foreign table ' || r.full_name
    from relation r where r.relkind = 'f'
  union all
  -- What the catalog writes no definition of, and few have outside of extensions.
  select 'pg_catalog.pg_operator'::regclass, x.oid, 4, x.oprname, null, pg_catalog.format('-- left out: operator %I.%s', s.nspname, x.oprname)
    from pg_catalog.pg_operator x join space s on s.oid = x.oprnamespace
  union all
  select 'pg_catalog.pg_collation'::regclass, x.oid, 2, x.collname, null, pg_catalog.format('-- left out: collation %I.%I', s.nspname, x.collname)
    from pg_catalog.pg_collation x join space s on s.oid = x.collnamespace
  union all
  select 'pg_catalog.pg_ts_config'::regclass, x.oid, 2, x.cfgname, null, pg_catalog.format('-- left out: text search configuration %I.%I', s.nspname, x.cfgname)
    from pg_catalog.pg_ts_config x join space s on s.oid = x.cfgnamespace
  union all
  select 'pg_catalog.pg_type'::regclass, x.oid, 2, x.typname, null, pg_catalog.format('-- left out: base type %I.%I', s.nspname, x.typname)
    from pg_catalog.pg_type x join space s on s.oid = x.typnamespace
   where x.typtype = 'b' and not exists (select from pg_catalog.pg_type e where e.typarray = x.oid)
  union all
  select 'pg_catalog.pg_sequence'::regclass, o.sequence, 6, r.relname, o.owner,
         pg_catalog.format('alter sequence %s owned by %s.%I;', r.full_name, t.full_name, a.attname)
    from owned o
    join relation r on r.oid = o.sequence
    join relation t on t.oid = o.owner
    join pg_catalog.pg_attribute a on a.attrelid = o.owner and a.attnum = o.attnum
   where o.deptype = 'a'
  union all
  select 'pg_catalog.pg_attrdef'::regclass, e.oid, 6, a.attname, r.oid,
         pg_catalog.format('alter table only %s alter column %I set default %s;', r.full_name, a.attname, e.text)
    from expression e
    join relation r on r.oid = e.adrelid and r.relkind in ('r', 'p')
    join pg_catalog.pg_attribute a on a.attrelid = e.adrelid and a.attnum = e.adnum
   where not e.inline
  union all
  select 'pg_catalog.pg_constraint'::regclass, k.oid, case k.contype when 'f' then 9 else 6 end, k.conname, r.oid,
         pg_catalog.format('alter table %s%s add constraint %I %s;', case when r.relkind = 'p' or k.contype <> 'f' then '' else 'only ' end,
           r.full_name, k.conname, k.text)
    from rule k join relation r on r.oid = k.conrelid
   where not k.inline
  union all
  select 'pg_catalog.pg_class'::regclass, i.indexrelid, 7, c.relname, i.indrelid,
         pg_catalog.regexp_replace(pg_catalog.pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') || ';'
           || case when i.indisreplident then pg_catalog.format(E'\nalter table %s replica identity using index %I;', r.full_name, c.relname) else '' end
    from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    join relation r on r.oid = i.indrelid
   where not exists (select from rule k where k.conindid = i.indexrelid and k.contype <> 'f')
  union all
  select 'pg_catalog.pg_statistic_ext'::regclass, x.oid, 7, x.stxname, x.stxrelid, pg_catalog.pg_get_statisticsobjdef(x.oid) || ';'
    from pg_catalog.pg_statistic_ext x join relation r on r.oid = x.stxrelid
  union all
  select 'pg_catalog.pg_inherits'::regclass, h.inhrelid, 8, r.relname, r.oid,
         pg_catalog.format('alter table %s attach partition %s %s;', h.inhparent::regclass, r.full_name,
           pg_catalog.pg_get_expr(r.relpartbound, r.oid))
    from pg_catalog.pg_inherits h join relation r on r.oid = h.inhrelid and r.relispartition and r.relkind in ('r', 'p')
  union all
  select 'pg_catalog.pg_class'::regclass, r.oid, 10, r.relname, r.oid,
         pg_catalog.format(E'create %sview %s%s as\n%s%s;', case r.relkind when 'm' then 'materialized ' end, r.full_name,
           ' with (' || pg_catalog.array_to_string(r.reloptions, ', ') || ')',
           pg_catalog.rtrim(pg_catalog.pg_get_viewdef(r.oid), ';'),
           case when r.relkind = 'm' and not r.relispopulated then E'\nwith no data' end)
    from relation r where r.relkind in ('v', 'm')
  union all
  select 'pg_catalog.pg_rewrite'::regclass, w.oid, 11, w.rulename, r.oid, pg_catalog.pg_get_ruledef(w.oid)
    from pg_catalog.pg_rewrite w join relation r on r.oid = w.ev_class where w.rulename <> '_RETURN'
  union all
  select 'pg_catalog.pg_trigger'::regclass, t.oid, 12, t.tgname, r.oid,
         -- What a webhook is given: its headers may hold secrets, so that it is named and not made.
         case when fn.nspname = 'supabase_functions' and f.proname = 'http_request' then
           '-- A webhook, which is not made here: ' || pg_catalog.translate(pg_catalog.regexp_replace(pg_catalog.pg_get_triggerdef(t.oid), 'EXECUTE FUNCTION (supabase_functions\.)?http_request\(.*$', 'EXECUTE FUNCTION supabase_functions.http_request(…)'), E'\n\r', '  ')
         else pg_catalog.pg_get_triggerdef(t.oid) || ';' || case when t.tgenabled = 'O' then '' else
           pg_catalog.format(E'\nalter table %s %s trigger %I;', r.full_name,
             case t.tgenabled when 'D' then 'disable' when 'R' then 'enable replica' else 'enable always' end, t.tgname) end end
    from pg_catalog.pg_trigger t join relation r on r.oid = t.tgrelid
    join pg_catalog.pg_proc f on f.oid = t.tgfoid
    join pg_catalog.pg_namespace fn on fn.oid = f.pronamespace
   where not t.tgisinternal and t.tgparentid = 0
  union all
  select 'pg_catalog.pg_policy'::regclass, p.oid, 13, p.polname, r.oid,
         pg_catalog.format(E'create policy %I on %s\n  as %s for %s to %s%s%s;', p.polname, r.full_name,
           case when p.polpermissive then 'permissive' else 'restrictive' end,
           case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
           coalesce((select pg_catalog.string_agg(pg_catalog.quote_ident(o.rolname), ', ' order by o.rolname)
              from pg_catalog.pg_roles o where o.oid = any (p.polroles)), 'public'),
           E'\n  using (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')',
           E'\n  with check (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')')
    from pg_catalog.pg_policy p join relation r on r.oid = p.polrelid
),
own as materialized (
  select m.* from made m
   where not exists (select from member x where x.classid = m.class and x.objid = m.oid)
),
part as materialized (
  select class as part_class, oid as part_oid, class, oid from own
  -- Types: of the row of a table or view, of arrays, and the ranges of ranges.
  union select 'pg_catalog.pg_type'::regclass, r.reltype, o.class, o.oid
    from own o join relation r on r.oid = o.oid and o.class = 'pg_catalog.pg_class'::regclass where r.reltype <> 0
  union select 'pg_catalog.pg_type'::regclass, t.typarray, o.class, o.oid
    from own o join relation r on r.oid = o.oid and o.class = 'pg_catalog.pg_class'::regclass
    join pg_catalog.pg_type t on t.oid = r.reltype where t.typarray <> 0
  union select 'pg_catalog.pg_type'::regclass, t.typarray, o.class, o.oid
    from own o join pg_catalog.pg_type t on t.oid = o.oid and o.class = 'pg_catalog.pg_type'::regclass where t.typarray <> 0
  union select 'pg_catalog.pg_type'::regclass, g.rngmultitypid, o.class, o.oid
    from own o join pg_catalog.pg_range g on g.rngtypid = o.oid and o.class = 'pg_catalog.pg_type'::regclass
  union select 'pg_catalog.pg_class'::regclass, r.oid, o.class, o.oid
    from own o join relation r on r.reltype = o.oid and o.class = 'pg_catalog.pg_type'::regclass and r.relkind = 'c'
  union select 'pg_catalog.pg_constraint'::regclass, k.oid, o.class, o.oid
    from own o join pg_catalog.pg_constraint k on k.contypid = o.oid and o.class = 'pg_catalog.pg_type'::regclass
  -- What stands in the statement of a table.
  union select 'pg_catalog.pg_attrdef'::regclass, e.oid, 'pg_catalog.pg_class'::regclass, e.adrelid from expression e where e.inline
  union select 'pg_catalog.pg_constraint'::regclass, k.oid, 'pg_catalog.pg_class'::regclass, k.conrelid from rule k where k.inline
  union select 'pg_catalog.pg_class'::regclass, k.conindid, case when k.inline then 'pg_catalog.pg_class'::regclass else 'pg_catalog.pg_constraint'::regclass end,
      case when k.inline then k.conrelid else k.oid end from rule k where k.conindid <> 0 and k.contype <> 'f'
  union select 'pg_catalog.pg_class'::regclass, w.sequence, 'pg_catalog.pg_class'::regclass, w.owner from owned w where w.deptype = 'i'
  union select 'pg_catalog.pg_rewrite'::regclass, w.oid, 'pg_catalog.pg_class'::regclass, w.ev_class
    from pg_catalog.pg_rewrite w join relation r on r.oid = w.ev_class where w.rulename = '_RETURN'
),
need as (
  select distinct one.class, one.oid, other.class as need_class, other.oid as need_oid
    from pg_catalog.pg_depend d
    join part one on one.part_class = d.classid and one.part_oid = d.objid
    join part other on other.part_class = d.refclassid and other.part_oid = d.refobjid
   where (one.class, one.oid) <> (other.class, other.oid) and d.deptype in ('n', 'a', 'i')
     -- A sequence is there before the table that owns it, whose defaults call it.
     and not (d.deptype in ('a', 'i') and exists (select from owned w where w.sequence = d.objid and d.classid = 'pg_catalog.pg_class'::regclass))
     -- A partition is made alone, and attached when it is complete.
     and not exists (select from relation r where r.oid = one.oid and r.relispartition and one.class = 'pg_catalog.pg_class'::regclass
           and other.class = 'pg_catalog.pg_class'::regclass and d.deptype = 'a')
),
needs as materialized (
  select class, oid, pg_catalog.json_agg(need_class || ':' || need_oid) as ids from need group by class, oid
),
said as (
  select p.class, p.oid, pg_catalog.string_agg(pg_catalog.format(E'\ncomment on %s %s is %L;',
           case when i.type like '% column' then 'column' when i.type like '% constraint' then 'constraint'
                when i.type = 'statistics object' then 'statistics' else i.type end,
           i.identity, d.description), '' order by d.classoid, d.objoid, d.objsubid) as ddl
    from pg_catalog.pg_description d
    join part p on p.part_class = d.classoid and p.part_oid = d.objoid
   cross join lateral pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) i
   where i.type <> 'domain constraint'
   group by p.class, p.oid
),
-- Who may do what. The roles of the Data API lose first what the default privileges of a project give them.
acl as (
  select o.class, o.oid, case when r.relkind = 'S' then 'sequence' else 'table' end as kind, r.full_name as name, r.relowner as owner,
         coalesce(r.relacl, pg_catalog.acldefault(case when r.relkind = 'S' then 's' else 'r' end::"char", r.relowner)) as acl
    from own o join relation r on r.oid = o.oid and o.class = 'pg_catalog.pg_class'::regclass and r.relkind in ('r', 'p', 'v', 'm', 'S')
  union all
  select o.class, o.oid, 'routine', pg_catalog.format('%I.%I(%s)', s.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)), p.proowner, p.proacl
    from own o join pg_catalog.pg_proc p on p.oid = o.oid and o.class = 'pg_catalog.pg_proc'::regclass and p.prokind <> 'a'
    join space s on s.oid = p.pronamespace
   where p.proacl is not null
  union all
  select o.class, o.oid, 'schema', pg_catalog.quote_ident(n.nspname), n.nspowner, n.nspacl
    from own o join pg_catalog.pg_namespace n on n.oid = o.oid and o.class = 'pg_catalog.pg_namespace'::regclass
   where n.nspacl is not null
),
grantee as (
  select 0::oid as oid, 'public' as name, true as known
  union all
  select r.oid, pg_catalog.quote_ident(r.rolname), r.rolname in ('anon', 'authenticated', 'service_role') from pg_catalog.pg_roles r
),
permitted as (
  select a.class, a.oid, 0 as place, pg_catalog.format(E'\nrevoke all on %s %s from %s;', a.kind, a.name,
           (select pg_catalog.string_agg(g.name, ', ' order by g.oid = 0 desc, g.name) from grantee g where g.known)) as ddl
    from acl a
  union all
  select class, oid, 1, pg_catalog.format(E'\ngrant %s on %s %s to %s%s;', rights, kind, name,
           pg_catalog.string_agg(grantee, ', ' order by grantee), case when is_grantable then ' with grant option' end)
    from (select a.class, a.oid, a.kind, a.name, g.name as grantee, x.is_grantable,
                 pg_catalog.string_agg(pg_catalog.lower(x.privilege_type), ', ' order by x.privilege_type) as rights
            from acl a cross join lateral pg_catalog.aclexplode(a.acl) x join grantee g on g.oid = x.grantee
           where x.grantee <> a.owner
           group by 1, 2, 3, 4, 5, 6) one
   group by class, oid, kind, name, rights, is_grantable
  union all
  select 'pg_catalog.pg_class'::regclass, r.oid, 2, pg_catalog.format(E'\ngrant %s (%s) on table %s to %s%s;',
           pg_catalog.lower(x.privilege_type), pg_catalog.string_agg(pg_catalog.quote_ident(t.attname), ', ' order by t.attnum),
           r.full_name, g.name, case when x.is_grantable then ' with grant option' end)
    from relation r
    join pg_catalog.pg_attribute t on t.attrelid = r.oid and t.attnum > 0 and not t.attisdropped and t.attacl is not null
   cross join lateral pg_catalog.aclexplode(t.attacl) x join grantee g on g.oid = x.grantee
   where x.grantee <> r.relowner and r.relkind in ('r', 'p', 'v', 'm')
   group by r.oid, r.full_name, x.privilege_type, g.name, x.is_grantable
),
allowed as (
  select class, oid, pg_catalog.string_agg(ddl, '' order by place, ddl) as ddl from permitted group by class, oid
),
extension as (
  select distinct e.oid, e.extname, n.nspname
    from pg_catalog.pg_depend d
    join part p on p.part_class = d.classid and p.part_oid = d.objid
    join member m on m.classid = d.refclassid and m.objid = d.refobjid
    join pg_catalog.pg_extension e on e.oid = m.extension
    join pg_catalog.pg_namespace n on n.oid = e.extnamespace
   where e.extname <> 'plpgsql'
)
select 'extension' as id, 1 as phase, x.extname as name, null as schema, null as "table",
       pg_catalog.format('create extension if not exists %I with schema %I;', x.extname, x.nspname) as ddl,
       '[]'::json as needs
  from extension x
union all
select o.class || ':' || o.oid, o.phase, o.name, r.nspname, r.relname,
       o.ddl || coalesce(s.ddl, '') || coalesce(w.ddl, ''),
       coalesce(n.ids, '[]')
  from own o
  left join said s on s.class = o.class and s.oid = o.oid
  left join needs n on n.class = o.class and n.oid = o.oid
  left join allowed w on w.class = o.class and w.oid = o.oid
  left join (select c.oid, c.relname, s.nspname from relation c join space s on s.oid = c.relnamespace) r on r.oid = o.relation
