//! The program `supactl`: everything is in the library.

fn main() -> std::process::ExitCode {
    supactl::run(std::env::args_os())
}
