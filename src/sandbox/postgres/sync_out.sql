-- The rows of `storage` as the sandbox keeps them, after SQL that may have changed some.
select
  (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'id', id, 'name', name, 'public', public, 'type', type, 'file_size_limit', file_size_limit, 'allowed_mime_types', allowed_mime_types,
    'created_at', created_at, 'updated_at', updated_at) order by created_at), '[]') from storage.buckets) as buckets,
  (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'id', id, 'bucket_id', bucket_id, 'name', name, 'version', version, 'created_at', created_at, 'updated_at', updated_at,
    'mimetype', metadata ->> 'mimetype', 'cache_control', metadata ->> 'cacheControl', 'size', metadata -> 'size', 'etag', metadata ->> 'eTag')
    order by created_at), '[]') from storage.objects) as objects
