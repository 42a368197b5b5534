-- What `migrations apply` applies to the rig.
create table public.invoices (id bigint generated always as identity primary key, due date not null);
alter table public.invoices enable row level security;
