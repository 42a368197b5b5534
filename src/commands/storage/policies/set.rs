//! `storage policies set`

use std::path::PathBuf;

use clap::Args;

use super::change::Plan;
use super::template::Template;
use crate::api::{Api, BucketName, Object, PolicyCommand, Record};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::Result;
use crate::output::{Column, Reply};

/// Create policies, or replace those of the same names
///
/// A policy is about one bucket: `--using` says which of its files it is for, `--check` what new ones
/// must be like. A template makes several, named NAME_select and so on. All of it happens or nothing.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl storage policies set readers --bucket drafts --command select --role authenticated\n  supactl storage policies set mine --bucket drafts --template own-folder --yes\n  supactl storage policies set --file avatars.yaml --prune --yes"
)]
pub(crate) struct Set {
    /// Name of the policy
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    pub(super) name: Option<String>,

    /// Bucket that it is about
    #[arg(long, required_unless_present = "file", conflicts_with = "file", add = crate::completing::buckets())]
    pub(super) bucket: Option<BucketName>,

    /// What it allows
    #[arg(long, value_enum, conflicts_with_all = ["file", "template"])]
    pub(super) command: Option<PolicyCommand>,

    /// Role that it is for, such as `authenticated`; may be given several times
    #[arg(long = "role", value_name = "ROLE", conflicts_with_all = ["file", "template"])]
    pub(super) roles: Vec<String>,

    /// Expression that a file must meet to be seen, changed or deleted
    #[arg(long, value_name = "SQL", conflicts_with_all = ["file", "template"])]
    pub(super) using: Option<String>,

    /// Expression that a new or changed file must meet
    #[arg(long, value_name = "SQL", conflicts_with_all = ["file", "template"])]
    pub(super) check: Option<String>,

    /// Narrow what other policies allow, and allow nothing itself
    #[arg(long, conflicts_with_all = ["file", "template"])]
    pub(super) restrictive: bool,

    /// Policies that most buckets need
    #[arg(long, value_enum, conflicts_with = "file")]
    pub(super) template: Option<Template>,

    /// File that `export` wrote: its policies are made or replaced; `-` for standard input
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(super) file: Option<PathBuf>,

    /// Drop the policies of this bucket alone that are not in the file
    #[arg(long, requires = "file")]
    prune: bool,

    #[command(flatten)]
    write: WriteArgs,
}

impl Set {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let several = self.file.is_some() || self.template.is_some();
        let (bucket, wanted) = self.wanted()?;
        Api::check_policies(&wanted)?;
        let question = format!(
            "Set the policies of bucket `{bucket}` in project {}?",
            app.project_in_question()?
        );
        app.terminal().answerable(&question)?;
        let project = app.project_to_change().await?;
        let there = app.api()?.policies(&project).await?;
        let left: Vec<String> = there
            .iter()
            .filter(|policy| {
                self.prune
                    && policy.concerns(bucket.as_str())
                    && !policy.is_of_alone(bucket.as_str())
            })
            .filter(|policy| {
                !wanted
                    .iter()
                    .any(|wanted| policy.text("name") == Some(&wanted.name))
            })
            .filter_map(|policy| Some(format!("`{}`", policy.text("name")?)))
            .collect();
        let plan = Plan::new(wanted, &there, self.prune.then_some(bucket.as_str()));
        if !left.is_empty() {
            app.say(&format!(
                "Left as they are, because not about `{bucket}` alone: {}",
                left.join(", ")
            ));
        }
        if several || plan.takes_away() {
            app.say(&plan.told());
        }
        if plan.is_empty() {
            return Ok(Reply::list(Vec::<Object>::new(), COLUMNS).with_message("Nothing to change"));
        }
        if several || plan.takes_away() {
            app.terminal().confirm(&question)?;
        }
        let mut done = plan.carry_out(app, &project).await?;
        Ok(match done.pop() {
            Some(one) if !several && done.is_empty() => {
                Reply::item(one, COLUMNS).with_message("The policy is set")
            }
            last => {
                done.extend(last);
                Reply::list(done, COLUMNS).with_message("The policies are set")
            }
        })
    }
}

const COLUMNS: &[Column] = &[
    Column::new("policy.name", "Name"),
    Column::new("policy.command", "Command"),
    Column::new("policy.roles", "Roles"),
    Column::new("policy.using", "Using"),
    Column::new("policy.check", "Check"),
    Column::new("previous.name", "Previous"),
];
