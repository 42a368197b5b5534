//! The Data API's settings (`/v1/projects/{ref}/postgrest`), and who follows a repository.
//!
//! The settings hold a secret for those who may see it: they are never kept, and only the schemas are read.

use serde_json::{Value, json};

use crate::api::cache::Noun;
use crate::api::record::{Object, Record};
use crate::api::request::{Method, Request};
use crate::api::webhooks::flat;
use crate::api::{Api, Page, ProjectRef};
use crate::error::Result;

const PATH: &str = "/v1/projects/{}/postgrest";

impl Api {
    /// The schemas that the Data API exposes, as the service writes them: with commas between.
    pub(crate) async fn exposed_schemas(&self, project: &ProjectRef) -> Result<String> {
        let request = Request::get(PATH, &[project.as_str()]).needs("data_api_config_read");
        let settings: Object = self.client.send(request).await?.json()?;
        let schemas = settings.get("db_schema").and_then(Value::as_str);
        Ok(schemas.unwrap_or_default().to_owned())
    }

    /// Has the Data API expose these schemas; none switches it off.
    pub(crate) async fn expose_schemas(&self, project: &ProjectRef, schemas: &str) -> Result<()> {
        let request = Request::new(Method::Patch, PATH, &[project.as_str()])
            .json(json!({"db_schema": schemas}))
            .needs("data_api_config_write");
        self.client.send(request).await.map(drop)
    }

    /// The repositories that a project follows.
    pub(crate) async fn github_connections(&self, project: &ProjectRef) -> Result<Vec<Object>> {
        let about = self.project(project).await?;
        let slug = about.text("organization_slug").unwrap_or_default();
        let mut request = Request::get(
            "/v2/organizations/{}/integrations/github/connections",
            &[slug],
        )
        .query("page[size]", Some(100))
        .query("filter[project_ref]", Some(project))
        .needs("organization_projects_read")
        .cached(Noun::Integrations);
        let mut connections = Vec::new();
        loop {
            let page = Page::read(&request, self.client.send(request.clone()).await?.json()?)?;
            connections.extend(page.elements.into_iter().map(flat));
            match page.next {
                Some(next) => request = *next,
                None => return Ok(connections),
            }
        }
    }
}

/// The schemas of a list.
pub(crate) fn exposed(schemas: &str) -> impl Iterator<Item = &str> {
    schemas
        .split(',')
        .map(str::trim)
        .filter(|schema| !schema.is_empty())
}

/// The list with one more at its end.
pub(crate) fn schemas_with(schemas: &str, schema: &str) -> String {
    let others = exposed(schemas).filter(|other| *other != schema);
    others.chain([schema]).collect::<Vec<_>>().join(",")
}

/// The list with one less.
pub(crate) fn schemas_without(schemas: &str, schema: &str) -> String {
    let others = exposed(schemas).filter(|other| *other != schema);
    others.collect::<Vec<_>>().join(",")
}
