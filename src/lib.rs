//! supactl runs hosted Supabase projects.
#![doc(test(attr(deny(warnings))))]

mod sandbox;
