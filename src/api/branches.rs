//! Branches of a project (`/v1/projects/{ref}/branches`, `/v1/branches/{ref}`).
//!
//! A branch is a project of its own. It is addressed by its reference; a name is looked up first.

use serde_json::{Map, Value, json};

use super::Api;
use super::cache::Noun;
use super::error::{ApiError, naming};
use super::ids::ProjectRef;
use super::record::{Record, record};
use super::request::Request;
use crate::error::{Code, Error, Result};

record! {
    /// A branch. Its own `status` is out of use and may be stale: `preview_project_status` counts.
    Branch {
        "id": Text,
        "name": Text,
        "project_ref": Text,
        "parent_project_ref": Text,
        "is_default": Flag,
        "git_branch": Text,
        "persistent": Flag,
        "with_data": Flag,
        "preview_project_status": Text,
        "created_at": Text,
        "updated_at": Text,
    }
}

impl Branch {
    /// The reference of the branch's own project.
    pub(crate) fn project_ref(&self) -> Result<ProjectRef> {
        let reference = self.text("project_ref").unwrap_or_default();
        reference.parse().map_err(|_| {
            let message = format!("the branch has no usable reference: `{reference}`");
            ApiError::new(Code::MalformedResponse, message).into()
        })
    }
}

record! {
    /// Something that was set in motion on a branch, step by step.
    ActionRun { "id": Text, "branch_id": Text, "run_steps": List, "created_at": Text, "updated_at": Text }
}

/// How far a run has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Progress {
    /// At this step, if it has begun one.
    At(Option<String>),
    Done,
    /// This step failed.
    Failed(String),
}

impl ActionRun {
    /// Works out how far it has come: a run has no status of its own, its steps have.
    pub(crate) fn progress(&self) -> Progress {
        let steps: Vec<(&str, &str)> = self
            .object()
            .get("run_steps")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|step| {
                let text = |key: &str| step[key].as_str().unwrap_or_default();
                (text("name"), text("status"))
            })
            .collect();
        if let Some((name, _)) = steps.iter().find(|(_, status)| *status == "DEAD") {
            return Progress::Failed((*name).to_owned());
        }
        if !steps.is_empty() && steps.iter().all(|(_, status)| *status == "EXITED") {
            return Progress::Done;
        }
        let at = steps.iter().rev().find(|(_, status)| *status == "RUNNING");
        Progress::At(at.map(|(name, _)| (*name).to_owned()))
    }
}

/// A branch that is to be made. What is left out is left to the service.
#[derive(Debug, Default)]
pub(crate) struct NewBranch {
    pub(crate) name: String,
    pub(crate) git_branch: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) size: Option<String>,
    pub(crate) persistent: bool,
    pub(crate) with_data: bool,
}

impl NewBranch {
    fn body(&self) -> Value {
        let mut body = Map::new();
        let texts = [
            ("branch_name", Some(&self.name)),
            ("git_branch", self.git_branch.as_ref()),
            ("region", self.region.as_ref()),
            ("desired_instance_size", self.size.as_ref()),
        ];
        for (key, text) in texts {
            body.extend(text.map(|text| (key.to_owned(), json!(text))));
        }
        for (key, flag) in [
            ("persistent", self.persistent),
            ("with_data", self.with_data),
        ] {
            body.extend(flag.then(|| (key.to_owned(), json!(true))));
        }
        Value::Object(body)
    }
}

impl Api {
    /// Lists the branches of a project; `None` where branching is switched off, which the service
    /// tells as a refusal.
    pub(crate) async fn branches(&self, project: &ProjectRef) -> Result<Option<Vec<Branch>>> {
        let request = Request::get("/v1/projects/{}/branches", &[project.as_str()])
            .needs("branching_development_read")
            .cached(Noun::Branches);
        match self.client.send(request).await {
            Ok(answer) => answer.list().map(Some),
            Err(Error::Api(error)) if error.status == Some(422) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// One branch, by its name or its reference. Never cached: its status is what one looks for.
    pub(crate) async fn branch(&self, project: &ProjectRef, named: &str) -> Result<Branch> {
        let parts = [project.as_str(), named];
        let request =
            Request::get("/v1/projects/{}/branches/{}", &parts).needs("branching_development_read");
        let naming = naming("branch", &named, "branches list");
        match self.client.send(request).await {
            Err(Error::Api(error))
                if error.code == Code::NotFound && named.parse::<ProjectRef>().is_ok() =>
            {
                let branches = self.branches(project).await?.unwrap_or_default();
                let found = branches
                    .into_iter()
                    .find(|branch| branch.text("project_ref") == Some(named));
                found.ok_or_else(|| naming(error.into()))
            }
            answer => answer.map_err(naming)?.json(),
        }
    }

    /// How the database of a branch is reached, its secrets included.
    pub(crate) async fn branch_details(&self, branch: &ProjectRef) -> Result<Map<String, Value>> {
        let request =
            Request::get("/v1/branches/{}", &[branch.as_str()]).needs("branching_development_read");
        self.client.send(request).await?.json()
    }

    /// Begins to make a branch.
    pub(crate) async fn create_branch(
        &self,
        project: &ProjectRef,
        new: &NewBranch,
    ) -> Result<Branch> {
        let request = Request::post("/v1/projects/{}/branches", &[project.as_str()])
            .needs("branching_development_create")
            .forgets(Noun::Branches)
            .json(new.body());
        self.client.send(request).await?.json()
    }

    /// Deletes a branch and its database, at once.
    pub(crate) async fn delete_branch(
        &self,
        project: &ProjectRef,
        branch: &ProjectRef,
    ) -> Result<()> {
        let request = Request::delete("/v1/branches/{}", &[branch.as_str()])
            .about(project)
            .needs("branching_development_delete");
        self.client.send(request).await?;
        Ok(())
    }

    /// Begins to bring the migrations and functions of a branch into its parent. Returns the run.
    pub(crate) async fn merge_branch(
        &self,
        project: &ProjectRef,
        branch: &ProjectRef,
    ) -> Result<String> {
        self.run_on_branch("/v1/branches/{}/merge", project, branch)
            .await
    }

    /// Begins to put a branch back to its beginning. Returns the run.
    pub(crate) async fn reset_branch(
        &self,
        project: &ProjectRef,
        branch: &ProjectRef,
    ) -> Result<String> {
        self.run_on_branch("/v1/branches/{}/reset", project, branch)
            .await
    }

    async fn run_on_branch(
        &self,
        template: &str,
        project: &ProjectRef,
        branch: &ProjectRef,
    ) -> Result<String> {
        let request = Request::post(template, &[branch.as_str()])
            .about(project)
            .needs("branching_development_write")
            .json(json!({}));
        let answer: Value = self.client.send(request).await?.json()?;
        Ok(answer["workflow_run_id"]
            .as_str()
            .unwrap_or_default()
            .to_owned())
    }

    /// One run; none while the service has not written it down yet.
    pub(crate) async fn action_run(
        &self,
        project: &ProjectRef,
        run: &str,
    ) -> Result<Option<ActionRun>> {
        let parts = [project.as_str(), run];
        let request = Request::get("/v1/projects/{}/actions/{}", &parts).needs("action_runs_read");
        match self.client.send(request).await {
            Ok(answer) => answer.json().map(Some),
            Err(Error::Api(error)) if error.code == Code::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_where_its_steps_are() {
        let at = |statuses: &[&str]| {
            let steps: Vec<_> = statuses
                .iter()
                .zip(["clone", "pull", "migrate"])
                .map(|(status, name)| json!({"name": name, "status": status}))
                .collect();
            ActionRun::read(json!({"id": "1", "run_steps": steps})).progress()
        };
        assert_eq!(at(&[]), Progress::At(None));
        assert_eq!(at(&["CREATED", "CREATED"]), Progress::At(None));
        assert_eq!(
            at(&["EXITED", "RUNNING", "CREATED"]),
            Progress::At(Some("pull".to_owned()))
        );
        assert_eq!(at(&["EXITED", "EXITED", "EXITED"]), Progress::Done);
        assert_eq!(
            at(&["EXITED", "DEAD", "CREATED"]),
            Progress::Failed("pull".to_owned())
        );
        assert_eq!(at(&["EXITED", "A_NEW_ONE"]), Progress::At(None));
    }
}
