-- What the first project has in its database before anything was done: a small shop. Runs as `postgres`.
create table public.customers (id bigint generated always as identity primary key, name text not null, email text unique, city text);
create table public.orders (
  id bigint generated always as identity primary key, customer_id bigint not null references public.customers (id),
  total numeric(10, 2) not null, note text, paid_at timestamptz);
alter table public.customers enable row level security;
alter table public.orders enable row level security;
insert into public.customers (name, email, city) values
  ('Ada', 'ada@acme.example', 'London'), ('Grace', 'grace@acme.example', 'New York'), ('Edsger', null, 'Rotterdam');
insert into public.orders (customer_id, total, note, paid_at) values
  (1, 249.00, null, '2026-10-02 09:15:00+00'), (1, 79.90, '', '2026-10-19 16:40:00+00'), (2, 1250.50, 'leave it at the door', null);

create policy "Avatars are for everyone to see" on storage.objects for select to public using (bucket_id = 'avatars');
create policy "People change their own avatar" on storage.objects for all to authenticated
  using (bucket_id = 'avatars' and (select auth.uid()::text) = (storage.foldername(name))[1]);
create policy "Invoices are their owner's" on storage.objects for select to authenticated
  using (bucket_id = 'invoices' and owner_id = (select auth.uid()::text));
create policy "Staff sees invoices and exports" on storage.objects for select to authenticated
  using (bucket_id in ('invoices', 'exports') and auth.jwt() ->> 'department' = 'accounting');
