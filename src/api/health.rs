//! How a project is doing: its services (`/v1/projects/{ref}/health`) and the signals beside them.

use serde_json::{Value, json};

use super::Api;
use super::ids::ProjectRef;
use super::record::{Record, number, record};
use super::request::Request;
use crate::error::Result;

record! {
    /// A service of a project. `healthy` is deprecated; what `info` holds differs from service to
    /// service, and in it `db_connected: false` of Realtime only says that nobody uses it.
    ServiceHealth { "name": Text, "status": Text, "healthy": Flag, "error": Text, "info": Object }
}

record! {
    /// Whether the database refuses writes, which it does when its disk is full.
    ReadOnlyMode { "enabled": Flag, "override_enabled": Flag, "override_active_until": Text }
}

record! {
    /// How full the database's disk is: `metrics` has `fs_size_bytes`, `fs_used_bytes`, `fs_avail_bytes`.
    DiskUse { "timestamp": Text, "metrics": Object }
}

record! {
    /// The last upgrade of PostgreSQL, or one under way; `databaseUpgradeStatus` is null without any.
    UpgradeStatus { "databaseUpgradeStatus": Object }
}

record! {
    /// Something that an advisor found. A check that found nothing is absent.
    Lint {
        "name": Text,
        "title": Text,
        "level": Text,
        "categories": List,
        "detail": Text,
        "remediation": Text,
        "cache_key": Text,
    }
}

/// The advisors of the category HEALTH: they fit into one call, which takes 15 at most.
pub(crate) const HEALTH_ADVISORS: [&str; 13] = [
    "db_not_reachable",
    "db_connection_failing",
    "db_connection_limit_reached",
    "instance_telemetry_lost",
    "instance_db_down",
    "instance_alert_firing",
    "log_data_api_error_rate_high",
    "log_auth_error_rate_high",
    "log_storage_error_rate_high",
    "log_edge_function_error_rate_high",
    "realtime_authorization_timeouts",
    "realtime_postgres_changes_spike",
    "realtime_concurrent_users_near_limit",
];

impl DiskUse {
    /// Used and whole size in bytes, where the answer has both.
    pub(crate) fn used_of(&self) -> Option<(f64, f64)> {
        let metrics = self.object().get("metrics")?;
        let part = |key: &str| metrics.get(key).and_then(number);
        let (used, size) = (part("fs_used_bytes")?, part("fs_size_bytes")?);
        (size > 0.0).then_some((used, size))
    }
}

impl UpgradeStatus {
    /// What is known of the upgrade, if there is one.
    pub(crate) fn upgrade(&self) -> Option<&Value> {
        self.object()
            .get("databaseUpgradeStatus")
            .filter(|status| status.is_object())
    }
}

impl Api {
    /// The health of the services named. The service asks for them by name, one parameter each.
    pub(crate) async fn services_health(
        &self,
        project: &ProjectRef,
        services: &[&str],
    ) -> Result<Vec<ServiceHealth>> {
        let request =
            Request::get("/v1/projects/{}/health", &[project.as_str()]).needs("project_admin_read");
        let request = services.iter().fold(request, |request, service| {
            request.query("services", Some(service))
        });
        self.client.send(request).await?.list()
    }

    /// Whether the database refuses writes.
    pub(crate) async fn read_only_mode(&self, project: &ProjectRef) -> Result<ReadOnlyMode> {
        let request = Request::get("/v1/projects/{}/readonly", &[project.as_str()])
            .needs("database_readonly_config_read");
        self.client.send(request).await?.json()
    }

    /// How full the database's disk is.
    pub(crate) async fn disk_use(&self, project: &ProjectRef) -> Result<DiskUse> {
        let request = Request::get("/v1/projects/{}/config/disk/util", &[project.as_str()])
            .needs("infra_disk_config_read");
        self.client.send(request).await?.json()
    }

    /// The last upgrade of PostgreSQL.
    pub(crate) async fn upgrade_status(&self, project: &ProjectRef) -> Result<UpgradeStatus> {
        let request = Request::get("/v1/projects/{}/upgrade/status", &[project.as_str()])
            .needs("project_admin_read");
        self.client.send(request).await?.json()
    }

    /// Runs the advisors of the category HEALTH, which reads and changes nothing.
    pub(crate) async fn health_advisors(&self, project: &ProjectRef) -> Result<Vec<Lint>> {
        let lints: Vec<Value> = HEALTH_ADVISORS
            .iter()
            .map(|name| json!({"name": name}))
            .collect();
        let request = Request::post("/v2/projects/{}/advisors/run", &[project.as_str()])
            .json(json!({"data": {"type": "project_advisors", "attributes": {"lints": lints}}}))
            .needs("advisors_read")
            .safe();
        let answer = self.client.send(request).await?;
        let lints = answer.list_at("/data/attributes/lints")?;
        Ok(lints.into_iter().map(Lint::read).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_without_a_size_says_nothing() {
        let used = |used: Value, size: Value| {
            let disk = json!({"metrics": {"fs_used_bytes": used, "fs_size_bytes": size}});
            DiskUse::read(disk).used_of()
        };
        assert_eq!(used(json!(5), json!(10)), Some((5.0, 10.0)));
        assert_eq!(used(json!(0), json!(1)), Some((0.0, 1.0)));
        assert_eq!(used(json!(0), json!(0)), None);
        assert_eq!(used(json!(5), Value::Null), None);
    }
}
