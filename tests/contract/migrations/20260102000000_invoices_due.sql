create index concurrently on public.invoices (due);
