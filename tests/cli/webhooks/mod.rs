//! `integrations webhooks`

use serde_json::Value;

use crate::support::{Screen, World};

/// What is asked of the service, and what is not.
mod conversations;
/// `integrations webhooks platform`
mod platform;
/// What holds for every name, table and header.
mod properties;
/// From end to end: in the sandbox, with somebody who receives.
mod stories;

/// What stands in a header, and must stand nowhere else.
const SECRET: &str = "gehe'im\"\\nis ü雪";

/// Runs a command of the noun; no secret may be in what it shows.
fn hooks(world: &World, line: &str) -> Screen {
    let run = world.command(&format!("integrations webhooks {line}"));
    keeps_the_secret(run.env("SECRET", SECRET).run())
}

fn keeps_the_secret(screen: Screen) -> Screen {
    for part in ["gehe'im", "gehe''im", "nis ü"] {
        assert!(!screen.stdout().contains(part), "{screen}");
        assert!(!screen.stderr().contains(part), "{screen}");
    }
    screen
}

/// Runs SQL through the Management API, with nothing of ours between.
fn sql(world: &World, query: &str) -> Screen {
    let command = world.command("api POST /v1/projects/{ref}/database/query -f");
    command.arg(format!("query={query}")).run()
}

fn done(screen: &Screen) -> Value {
    assert_eq!(screen.status(), Some(0), "{screen}");
    screen.json()["data"].clone()
}
