//! Supabase in the binary: the service's side of every request.
