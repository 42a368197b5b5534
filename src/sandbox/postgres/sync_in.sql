-- Makes the rows of `storage` those of the sandbox, which come in two settings of the session.
begin;
set local session_replication_role = replica;
create temporary table told_buckets on commit drop as
  select * from pg_catalog.jsonb_to_recordset(current_setting('sandbox.buckets')::jsonb) as b (id text, name text, public boolean,
    type text, file_size_limit bigint, allowed_mime_types jsonb, created_at timestamptz, updated_at timestamptz);
create temporary table told_objects on commit drop as
  select * from pg_catalog.jsonb_to_recordset(current_setting('sandbox.objects')::jsonb) as o (id uuid, bucket_id text, name text,
    version text, owner_id text, created_at timestamptz, updated_at timestamptz, mimetype text, cache_control text, size bigint, etag text);
delete from storage.objects o where not exists (select from told_objects t where t.id = o.id);
delete from storage.buckets b where not exists (select from told_buckets t where t.id = b.id);
insert into storage.buckets as b (id, name, public, type, file_size_limit, allowed_mime_types, created_at, updated_at)
select id, name, public, coalesce(type, 'STANDARD')::storage.buckettype, file_size_limit,
       (select array_agg(m) from jsonb_array_elements_text(nullif(allowed_mime_types, 'null')) m), created_at, updated_at from told_buckets
on conflict (id) do update set (name, public, file_size_limit, allowed_mime_types, updated_at) =
  (excluded.name, excluded.public, excluded.file_size_limit, excluded.allowed_mime_types, excluded.updated_at)
  where (b.name, b.public, b.file_size_limit, b.allowed_mime_types, b.updated_at) is distinct from
        (excluded.name, excluded.public, excluded.file_size_limit, excluded.allowed_mime_types, excluded.updated_at);
insert into storage.objects as o (id, bucket_id, name, version, owner_id, created_at, updated_at, metadata)
select id, bucket_id, name, version, owner_id, created_at, updated_at,
       jsonb_build_object('eTag', etag, 'size', size, 'mimetype', mimetype, 'cacheControl', cache_control) from told_objects
on conflict (id) do update set (bucket_id, name, version, updated_at, metadata) =
  (excluded.bucket_id, excluded.name, excluded.version, excluded.updated_at, excluded.metadata)
  where (o.bucket_id, o.name, o.version, o.updated_at) is distinct from (excluded.bucket_id, excluded.name, excluded.version, excluded.updated_at);
commit;
