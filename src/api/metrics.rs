//! Numbers about a project: what Prometheus is told, counts of requests, and what its logs and its
//! database add up to.

use serde_json::Value;

use super::Api;
use super::cache::Noun;
use super::error::ApiError;
use super::ids::ProjectRef;
use super::logs::Window;
use super::record::Object;
use super::request::{Host, Request};
use super::sql::Sql;
use crate::error::{Code, Result};

/// Requests, errors and latency of the gateway, by service. `origin_time` is what the service took,
/// in milliseconds, without the way to the gateway.
const GATEWAY_BY_SERVICE: &str = "\
select multiIf(startsWith(log_attributes['request.path'],'/rest/v1'),'rest', startsWith(log_attributes['request.path'],'/auth/v1'),'auth', \
startsWith(log_attributes['request.path'],'/storage/v1'),'storage', startsWith(log_attributes['request.path'],'/realtime/v1'),'realtime', \
startsWith(log_attributes['request.path'],'/functions/v1'),'functions', startsWith(log_attributes['request.path'],'/graphql/v1'),'graphql','other') as service, \
count() as requests, \
countIf(toInt32OrZero(log_attributes['response.status_code']) between 400 and 499) as client_errors, \
countIf(toInt32OrZero(log_attributes['response.status_code']) >= 500) as server_errors, \
quantile(0.5)(toFloat64OrNull(log_attributes['response.origin_time'])) as p50_ms, \
quantile(0.95)(toFloat64OrNull(log_attributes['response.origin_time'])) as p95_ms, \
quantile(0.99)(toFloat64OrNull(log_attributes['response.origin_time'])) as p99_ms \
from logs where source = 'edge_logs' group by service order by requests desc limit 20";

/// The same of all services together: percentiles of parts do not add up to those of the whole.
const GATEWAY: &str = "\
select count() as requests, \
countIf(toInt32OrZero(log_attributes['response.status_code']) between 400 and 499) as client_errors, \
countIf(toInt32OrZero(log_attributes['response.status_code']) >= 500) as server_errors, \
quantile(0.5)(toFloat64OrNull(log_attributes['response.origin_time'])) as p50_ms, \
quantile(0.95)(toFloat64OrNull(log_attributes['response.origin_time'])) as p95_ms, \
quantile(0.99)(toFloat64OrNull(log_attributes['response.origin_time'])) as p99_ms \
from logs where source = 'edge_logs' limit 1";

/// Invocations of Edge Functions, errors, and how long they ran.
const FUNCTIONS: &str = "\
select count() as requests, \
countIf(toInt32OrZero(log_attributes['response.status_code']) between 400 and 499) as client_errors, \
countIf(toInt32OrZero(log_attributes['response.status_code']) >= 500) as server_errors, \
quantile(0.5)(toFloat64OrNull(log_attributes['execution_time_ms'])) as p50_ms, \
quantile(0.95)(toFloat64OrNull(log_attributes['execution_time_ms'])) as p95_ms, \
quantile(0.99)(toFloat64OrNull(log_attributes['execution_time_ms'])) as p99_ms \
from logs where source = 'function_edge_logs' limit 1";

/// What the database says of itself.
const DATABASE: &str = "\
select
  (select count(*) from pg_catalog.pg_stat_activity where backend_type = 'client backend') as connections,
  (select count(*) from pg_catalog.pg_stat_activity where backend_type = 'client backend' and state = 'active') as connections_active,
  (select count(*) from pg_catalog.pg_stat_activity where backend_type = 'client backend' and state like 'idle in transaction%') as connections_idle_in_tx,
  current_setting('max_connections')::int as connections_max,
  pg_catalog.pg_database_size(pg_catalog.current_database())::text as size_bytes,
  (select round(100.0 * sum(blks_hit) / nullif(sum(blks_hit) + sum(blks_read), 0), 2)
     from pg_catalog.pg_stat_database where datname = pg_catalog.current_database()) as cache_hit_percent,
  (select deadlocks from pg_catalog.pg_stat_database where datname = pg_catalog.current_database()) as deadlocks,
  (select extract(epoch from max(now() - query_start)) from pg_catalog.pg_stat_activity
     where backend_type = 'client backend' and state = 'active' and pid <> pg_backend_pid()) as longest_query_s,
  (select count(*) from pg_catalog.pg_locks where not granted) as waiting_locks";

/// Which rows of the logs are added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Traffic {
    /// Requests at the gateway, all together.
    Gateway,
    /// Requests at the gateway, a row for each service.
    GatewayByService,
    /// Invocations of Edge Functions.
    Functions,
}

impl Api {
    /// The text that Prometheus is given, some 300 KB, new every minute.
    pub(crate) async fn scrape(&self, project: &ProjectRef) -> Result<String> {
        let request = Request::get(
            "/v1/projects/{}/analytics/endpoints/metrics",
            &[project.as_str()],
        )
        .needs("analytics_logs_read")
        .header("accept", "text/plain");
        let answer = self.client.send(request).await?;
        Ok(String::from_utf8_lossy(answer.body()).into_owned())
    }

    /// The same from the project itself, with its secret key.
    pub(crate) async fn scrape_project(&self, project: &ProjectRef) -> Result<String> {
        let key = self.service_key(project).await?;
        let mut request = Request::get("/customer/v1/privileged/metrics", &[])
            .header("accept", "text/plain")
            .header("authorization", &key.basic());
        request.host = Host::Gateway {
            project: project.clone(),
            key: Some(key),
        };
        let answer = self.client.send(request).await?;
        Ok(String::from_utf8_lossy(answer.body()).into_owned())
    }

    /// What earlier runs kept of their scrapes, as they gave it.
    pub(crate) fn kept_scrapes(&self, project: &ProjectRef) -> Option<Value> {
        self.client.note(project.as_str(), Noun::Scrapes)
    }

    /// Keeps scrapes for later runs.
    pub(crate) async fn keep_scrapes(&self, project: &ProjectRef, scrapes: Value) {
        self.client
            .keep_note(project.as_str(), Noun::Scrapes, scrapes)
            .await;
    }

    /// How many requests each service got, bucket by bucket. Functions and GraphQL are not counted.
    pub(crate) async fn usage_counts(
        &self,
        project: &ProjectRef,
        interval: &str,
    ) -> Result<Vec<Object>> {
        let request = Request::get(
            "/v1/projects/{}/analytics/endpoints/usage.api-counts",
            &[project.as_str()],
        )
        .query("interval", Some(interval))
        .needs("analytics_usage_read")
        .cached(Noun::Metrics);
        rows(&self.client.send(request).await?.json()?)
    }

    /// Requests, errors and latency in a window of the logs, a day at most.
    pub(crate) async fn traffic(
        &self,
        project: &ProjectRef,
        what: Traffic,
        window: Window,
    ) -> Result<Vec<Object>> {
        let sql = match what {
            Traffic::Gateway => GATEWAY,
            Traffic::GatewayByService => GATEWAY_BY_SERVICE,
            Traffic::Functions => FUNCTIONS,
        };
        self.log_rows(project, sql, window).await
    }

    /// What the database says of itself.
    pub(crate) async fn database_figures(&self, project: &ProjectRef) -> Result<Object> {
        let rows: Vec<Object> = self.catalog(project, &Sql::constant(DATABASE), &[]).await?;
        Ok(rows.into_iter().next().unwrap_or_default())
    }
}

/// The rows of an analytics endpoint, which tells of failures inside a success.
fn rows(answer: &Value) -> Result<Vec<Object>> {
    let error = &answer["error"];
    if !error.is_null() {
        let message = error.as_str().or_else(|| error["message"].as_str());
        let message = message.map_or_else(|| error.to_string(), str::to_owned);
        return Err(ApiError::new(Code::ApiError, message).into());
    }
    let Some(rows) = answer["result"].as_array() else {
        let message = "the answer has no list of results";
        return Err(ApiError::new(Code::MalformedResponse, message).into());
    };
    Ok(rows.iter().filter_map(Value::as_object).cloned().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_failure_inside_a_success_is_one() {
        for error in [
            json!("Backend error"),
            json!({"code": 400, "message": "Backend error"}),
        ] {
            let failed = rows(&json!({"result": null, "error": error})).unwrap_err();
            assert_eq!(failed.to_string(), "Backend error");
        }
        assert_eq!(
            rows(&json!({"result": [{"count": 1}, 2], "error": null}))
                .unwrap()
                .len(),
            1
        );
        assert!(rows(&json!({"result": []})).unwrap().is_empty());
        // No figures are not the same as nothing that happened.
        for odd in [json!({}), json!({"result": null}), json!([])] {
            assert!(rows(&odd).is_err(), "{odd}");
        }
    }
}
