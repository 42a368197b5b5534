//! The PostgreSQL that all tests of a run share. Each world has databases of its own in it.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// The folder of its socket: that of `tests/run`, or of one that lives as long as what runs this test.
pub(crate) fn postgres() -> &'static str {
    static SOCKET: OnceLock<String> = OnceLock::new();
    SOCKET.get_or_init(|| {
        if let Ok(socket) = std::env::var("SUPACTL_SANDBOX_POSTGRES") {
            return socket;
        }
        let runner = std::os::unix::process::parent_id().to_string();
        let folder = std::env::temp_dir().join(format!("supactl-tests-{runner}"));
        let output = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/postgres"))
            .arg(folder)
            .arg(runner)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "there is no PostgreSQL to test with: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    })
}
