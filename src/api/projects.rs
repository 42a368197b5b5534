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
        self.client.send(every_project()).await?.list()
    }

    /// The list of projects that an earlier run was answered, if it was kept.
    pub(crate) async fn kept_projects(&self) -> Vec<Project> {
        let kept = self.client.kept(&every_project()).await;
        kept.and_then(|answer| answer.list().ok())
            .unwrap_or_default()
    }

    /// One project, by its reference alone.
    pub(crate) async fn project(&self, project: &ProjectRef) -> Result<Project> {
        let request = Request::get("/v1/projects/{}", &[project.as_str()])
            .needs("project_admin_read")
            .kept(Noun::Projects);
        self.client.send(request).await?.json()
    }
}

fn every_project() -> Request {
    Request::get("/v1/projects", &[])
        .needs("projects_read")
        .kept(Noun::Projects)
}
