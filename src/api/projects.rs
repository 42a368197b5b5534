//! Projects (`/v1/projects`).

use super::Api;
use super::cache::Noun;
use super::ids::ProjectRef;
use super::record::record;
use super::request::Request;
use crate::error::Result;

record! {
    /// A project (`GET /v1/projects`). Its `id` is its `ref`, and its organization's id is the slug.
    Project {
        "ref": Text,
        "name": Text,
        "organization_slug": Text,
        "region": Text,
        "status": Text,
        "created_at": Text,
        "database": Object,
    }
}

impl Api {
    /// Lists the projects of all organizations that the token may see.
    pub(crate) async fn projects(&self) -> Result<Vec<Project>> {
        self.client
            .send(
                Request::get("/v1/projects", &[])
                    .needs("projects_read")
                    .kept(Noun::Projects),
            )
            .await?
            .list()
    }

    /// One project, by its reference alone.
    pub(crate) async fn project(&self, project: &ProjectRef) -> Result<Project> {
        let request = Request::get("/v1/projects/{}", &[project.as_str()])
            .needs("project_admin_read")
            .kept(Noun::Projects);
        self.client.send(request).await?.json()
    }
}
