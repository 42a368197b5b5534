//! Projects and their life (`/v1/projects`).

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::Api;
use super::cache::Noun;
use super::error::ApiError;
use super::ids::ProjectRef;
use super::record::{Record, record};
use super::request::Request;
use crate::error::{Code, Result};

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

impl Project {
    /// Its reference, checked.
    pub(crate) fn project_ref(&self) -> Result<ProjectRef> {
        let reference = self.text("ref").unwrap_or_default();
        reference.parse().map_err(|_| {
            let message = format!("the project has no usable reference: `{reference}`");
            ApiError::new(Code::MalformedResponse, message).into()
        })
    }
}

/// Where projects can be, and where that is (`POST /v1/projects`, `region_selection`).
pub(crate) const REGIONS: &[(&str, &str)] = &[
    ("us-east-1", "N. Virginia"),
    ("us-east-2", "Ohio"),
    ("us-west-1", "N. California"),
    ("us-west-2", "Oregon"),
    ("ap-east-1", "Hong Kong"),
    ("ap-southeast-1", "Singapore"),
    ("ap-northeast-1", "Tokyo"),
    ("ap-northeast-2", "Seoul"),
    ("ap-southeast-2", "Sydney"),
    ("eu-west-1", "Ireland"),
    ("eu-west-2", "London"),
    ("eu-west-3", "Paris"),
    ("eu-north-1", "Stockholm"),
    ("eu-central-1", "Frankfurt"),
    ("eu-central-2", "Zurich"),
    ("ca-central-1", "Central Canada"),
    ("ap-south-1", "Mumbai"),
    ("sa-east-1", "São Paulo"),
];

/// Groups of regions, within which the service chooses.
pub(crate) const SMART_GROUPS: &[(&str, &str)] = &[
    ("americas", "wherever there is room in the Americas"),
    (
        "emea",
        "wherever there is room in Europe, the Middle East and Africa",
    ),
    ("apac", "wherever there is room in Asia and the Pacific"),
];

/// Sizes of a project's machine (`desired_instance_size`). Only the free plan has `nano`.
pub(crate) const SIZES: &[&str] = &[
    "nano",
    "micro",
    "small",
    "medium",
    "large",
    "xlarge",
    "2xlarge",
    "4xlarge",
    "8xlarge",
    "12xlarge",
    "16xlarge",
    "24xlarge",
    "24xlarge_optimized_memory",
    "24xlarge_optimized_cpu",
    "24xlarge_high_memory",
    "48xlarge",
    "48xlarge_optimized_memory",
    "48xlarge_optimized_cpu",
    "48xlarge_high_memory",
];

/// A project that is to be made.
pub(crate) struct NewProject {
    pub(crate) name: String,
    pub(crate) organization: String,
    /// A region or a group of them.
    pub(crate) region: String,
    pub(crate) size: Option<String>,
    pub(crate) database_password: SecretString,
}

impl Api {
    /// Lists the projects of all organizations that the token may see.
    pub(crate) async fn projects(&self) -> Result<Vec<Project>> {
        self.client.send(every_project()).await?.list()
    }

    /// The list of projects that an earlier run was answered, if it is cached.
    pub(crate) async fn cached_projects(&self) -> Vec<Project> {
        let cached = self.client.cached(&every_project()).await;
        cached
            .and_then(|answer| answer.list().ok())
            .unwrap_or_default()
    }

    /// One project, by its reference alone.
    pub(crate) async fn project(&self, project: &ProjectRef) -> Result<Project> {
        let request = Request::get("/v1/projects/{}", &[project.as_str()])
            .needs("project_admin_read")
            .cached(Noun::Projects);
        self.client.send(request).await?.json()
    }

    /// Begins to make a project. The answer comes at once, with the status `UNKNOWN`.
    pub(crate) async fn create_project(&self, new: &NewProject) -> Result<Project> {
        let is_group = SMART_GROUPS.iter().any(|(code, _)| *code == new.region);
        let kind = if is_group { "smartGroup" } else { "specific" };
        let mut body = json!({
            "name": new.name,
            "organization_slug": new.organization,
            "region_selection": {"type": kind, "code": new.region},
            "db_pass": new.database_password.expose_secret(),
        });
        if let Some(size) = &new.size {
            body["desired_instance_size"] = json!(size);
        }
        let request = Request::post("/v1/projects", &[])
            .forgets(Noun::Projects)
            .needs("organization_projects_create")
            .forgets(Noun::Projects)
            .json(body);
        self.client.send(request).await?.json()
    }

    /// Begins to delete a project and everything in it.
    pub(crate) async fn delete_project(&self, project: &ProjectRef) -> Result<()> {
        let request = Request::delete("/v1/projects/{}", &[project.as_str()]);
        self.change_project(request).await
    }

    /// Begins to pause a project. Its data is kept.
    pub(crate) async fn pause_project(&self, project: &ProjectRef) -> Result<()> {
        let request = Request::post("/v1/projects/{}/pause", &[project.as_str()]);
        self.change_project(request).await
    }

    /// Begins to wake a paused project.
    pub(crate) async fn restore_project(&self, project: &ProjectRef) -> Result<()> {
        let request = Request::post("/v1/projects/{}/restore", &[project.as_str()]);
        self.change_project(request).await
    }

    /// Begins to restart a project. Only in the newer contract, which does not name its permission.
    pub(crate) async fn restart_project(&self, project: &ProjectRef) -> Result<()> {
        let request = Request::post("/v1/projects/{}/restart", &[project.as_str()]);
        self.change_project(request).await
    }

    /// The answers are empty, or say less than the project itself.
    async fn change_project(&self, request: Request) -> Result<()> {
        self.client
            .send(request.needs("project_admin_write"))
            .await?;
        Ok(())
    }
}

fn every_project() -> Request {
    Request::get("/v1/projects", &[])
        .needs("projects_read")
        .cached(Noun::Projects)
}
