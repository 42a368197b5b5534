//! The database of a project: a copy of a template that is made once for each server.

use std::path::Path;

use serde_json::json;

use super::wire::{Failed, Role};
use super::{Cluster, FILES, Job, ROLES, SEED, SEED_WEBHOOKS, WEBHOOKS};
use crate::sandbox::seed::{DEFAULT_PROJECT, hex};

/// What the databases of one sandbox begin with.
fn beginning(folder: &Path) -> String {
    format!("sandbox_{}_", &hex(&[&folder.display().to_string()])[..8])
}

/// The database of a project.
pub(super) fn name(folder: &Path, job: &Job) -> String {
    format!("{}{}_{}", beginning(folder), job.epoch, job.reference)
}

/// Sees to it that a database is there, with all that it begins with.
pub(super) async fn make(
    cluster: &Cluster,
    database: &str,
    job: &Job,
    folder: &Path,
) -> Result<(), Failed> {
    let mut admin = cluster.session("postgres", Role::Admin).await?;
    let about = |name: &str| {
        format!(
            "select shobj_description(oid, 'pg_database') as word from pg_database where datname = '{name}'"
        )
    };
    let ready =
        |rows: Vec<serde_json::Value>| rows.first().is_some_and(|row| row["word"] == "ready");
    if ready(admin.run(&about(database), &[]).await?) {
        return Ok(());
    }
    // Several commands may come to a new server at once.
    admin.run("select pg_advisory_lock(1)", &[]).await?;
    admin.run(ROLES, &[]).await?;
    let template = format!("sandbox_template_{}", &hex(FILES)[..8]);
    if !ready(admin.run(&about(&template), &[]).await?) {
        fresh(&mut admin, &template, "").await?;
        let mut dressing = cluster.session(&template, Role::Admin).await?;
        for file in FILES {
            dressing.run(file, &[]).await?;
        }
        drop(dressing);
        let done = format!("comment on database {template} is 'ready'");
        admin.run(&done, &[]).await?;
    }
    if ready(admin.run(&about(database), &[]).await?) {
        return Ok(());
    }
    fresh(
        &mut admin,
        database,
        &format!("template {template} owner postgres"),
    )
    .await?;
    if job.reference == DEFAULT_PROJECT {
        let mut session = cluster.session(database, Role::Postgres).await?;
        session.run(SEED, &[]).await?;
        let mut owner = cluster.session(database, Role::Admin).await?;
        owner.run(WEBHOOKS, &[]).await?;
        session.run(SEED_WEBHOOKS, &[]).await?;
    }
    let done = format!("comment on database {database} is 'ready'");
    admin.run(&done, &[]).await?;
    // What a `sandbox reset` left behind.
    remove(cluster, folder, Some(&job.epoch)).await
}

/// Drops the databases of a sandbox, but not those since its last reset where that is told.
pub(super) async fn remove(
    cluster: &Cluster,
    folder: &Path,
    keep: Option<&str>,
) -> Result<(), Failed> {
    let mut admin = cluster.session("postgres", Role::Admin).await?;
    let beginning = beginning(folder);
    let kept = keep.map(|epoch| format!("{beginning}{epoch}"));
    let names = "select datname::text as name from pg_database where starts_with(datname, $1)";
    for row in admin.run(names, &[json!(beginning)]).await? {
        let name = row["name"].as_str().unwrap_or_default();
        if !kept.as_ref().is_some_and(|kept| name.starts_with(kept)) {
            admin
                .run(&format!("drop database if exists {name} with (force)"), &[])
                .await?;
        }
    }
    Ok(())
}

/// An empty database, or a copy, in the place of a half-made one.
async fn fresh(admin: &mut super::wire::Session, name: &str, how: &str) -> Result<(), Failed> {
    admin
        .run(&format!("drop database if exists {name} with (force)"), &[])
        .await?;
    admin
        .run(&format!("create database {name} {how}"), &[])
        .await?;
    Ok(())
}
