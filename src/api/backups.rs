//! Backups of a project's database (`/v1/projects/{ref}/database/backups`).

use serde_json::{Value, json};

use super::Api;
use super::cache::Noun;
use super::ids::ProjectRef;
use super::record::{Object, Record, record};
use super::request::Request;
use crate::error::Result;

record! {
    /// A backup that the service made by itself.
    Backup { "id": Integer, "status": Text, "is_physical_backup": Flag, "inserted_at": Text }
}

record! {
    /// What there is to go back to.
    Backups { "region": Text, "walg_enabled": Flag, "pitr_enabled": Flag, "backups": List, "physical_backup_data": Object }
}

impl Backups {
    /// The backups, newest first.
    pub(crate) fn rows(&self) -> Vec<Backup> {
        let rows = self.object().get("backups").and_then(Value::as_array);
        let mut rows: Vec<Backup> = rows
            .into_iter()
            .flatten()
            .cloned()
            .map(Backup::read)
            .collect();
        rows.sort_by(|one, other| other.text("inserted_at").cmp(&one.text("inserted_at")));
        rows
    }

    /// Whether any moment can be gone back to: an add-on.
    pub(crate) fn has_pitr(&self) -> bool {
        self.object().get("pitr_enabled").and_then(Value::as_bool) == Some(true)
    }

    /// The first and the last second that can be gone back to, where the service says so.
    pub(crate) fn window(&self) -> Option<(i64, i64)> {
        let data: &Object = self.object().get("physical_backup_data")?.as_object()?;
        let second = |key: &str| match data.get(key)? {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_i64(),
        };
        Some((
            second("earliest_physical_backup_date_unix")?,
            second("latest_physical_backup_date_unix")?,
        ))
    }
}

impl Api {
    /// Lists the backups of a project.
    pub(crate) async fn backups(&self, project: &ProjectRef) -> Result<Backups> {
        let request = Request::get("/v1/projects/{}/database/backups", &[project.as_str()])
            .needs("backups_read")
            .cached(Noun::Backups);
        self.client.send(request).await?.json()
    }

    /// Takes the database back to a moment. It is down meanwhile, and what came after is lost.
    pub(crate) async fn restore_backup(&self, project: &ProjectRef, second: i64) -> Result<()> {
        let template = "/v1/projects/{}/database/backups/restore-pitr";
        let request = Request::post(template, &[project.as_str()])
            .needs("backups_write")
            .json(json!({"recovery_time_target_unix": second}));
        self.client.send(request).await?;
        Ok(())
    }
}
