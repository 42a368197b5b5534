//! `storage policies set`

use std::path::PathBuf;

use clap::Args;

use super::change::Plan;
use super::file;
use super::template::Template;
use crate::api::{
    Api, BucketName, NewPolicy, Object, PolicyCommand, PolicyTable, Record, about_bucket,
};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::{Error, Result};
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
    name: Option<String>,

    /// Bucket that it is about
    #[arg(long, required_unless_present = "file", conflicts_with = "file")]
    bucket: Option<BucketName>,

    /// What it allows
    #[arg(long, value_enum, conflicts_with_all = ["file", "template"])]
    command: Option<PolicyCommand>,

    /// Role that it is for, such as `authenticated`; may be given several times
    #[arg(long = "role", value_name = "ROLE", conflicts_with_all = ["file", "template"])]
    roles: Vec<String>,

    /// Expression that a file must meet to be seen, changed or deleted
    #[arg(long, value_name = "SQL", conflicts_with_all = ["file", "template"])]
    using: Option<String>,

    /// Expression that a new or changed file must meet
    #[arg(long, value_name = "SQL", conflicts_with_all = ["file", "template"])]
    check: Option<String>,

    /// Narrow what other policies allow, and allow nothing itself
    #[arg(long, conflicts_with_all = ["file", "template"])]
    restrictive: bool,

    /// Policies that most buckets need
    #[arg(long, value_enum, conflicts_with = "file")]
    template: Option<Template>,

    /// File that `export` wrote: its policies are made or replaced; `-` for standard input
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: Option<PathBuf>,

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

    /// The bucket, and its policies as they are to be.
    fn wanted(&self) -> Result<(BucketName, Vec<NewPolicy>)> {
        if let Some(file) = &self.file {
            return file::read(file);
        }
        let (Some(name), Some(bucket)) = (&self.name, &self.bucket) else {
            return Err(Error::invalid("a policy needs a name and a bucket"));
        };
        let policies = match self.template {
            Some(template) => of_template(name, bucket, template)?,
            None => vec![self.one(name, bucket)?],
        };
        Ok((bucket.clone(), policies))
    }

    fn one(&self, name: &str, bucket: &BucketName) -> Result<NewPolicy> {
        let Some(command) = self.command else {
            return Err(Error::Usage {
                message: "what the policy allows is missing".to_owned(),
                hint: Some("pass `--command select` or another, or `--template`".to_owned()),
            });
        };
        if self.roles.is_empty() {
            return Err(Error::Usage {
                message: "who the policy is for is missing".to_owned(),
                hint: Some(
                    "pass `--role authenticated`, or `--role public` for everybody".to_owned(),
                ),
            });
        }
        if self.restrictive && self.using.is_none() && self.check.is_none() {
            return Err(Error::invalid_with_hint(
                "a restrictive policy that demands nothing would restrict nothing",
                "say what it demands with `--using` or `--check`",
            ));
        }
        let expression = |more: &Option<String>| {
            about_bucket(
                PolicyTable::Objects,
                bucket,
                self.restrictive,
                more.as_deref(),
            )
            .map(Some)
        };
        // What was given for the wrong half goes on, so that it is refused with the reason. A restrictive
        // policy demands what was given and nothing else: its bucket alone would lock up all others.
        let usual_using = command.has_using() && !self.restrictive;
        let usual_check = !command.has_using() && !self.restrictive;
        let using = if usual_using || self.using.is_some() {
            expression(&self.using)?
        } else {
            None
        };
        let check = if usual_check || self.check.is_some() {
            expression(&self.check)?
        } else {
            None
        };
        Ok(NewPolicy {
            name: name.to_owned(),
            table: PolicyTable::Objects,
            command,
            roles: self.roles.clone(),
            restrictive: self.restrictive,
            using,
            check,
        })
    }
}

/// The policies of a template, one for each command.
fn of_template(name: &str, bucket: &BucketName, template: Template) -> Result<Vec<NewPolicy>> {
    let (role, commands, more) = template.parts();
    let expression = about_bucket(PolicyTable::Objects, bucket, false, more)?;
    let policy = |command: &PolicyCommand| NewPolicy {
        name: format!("{name}_{}", command.word()),
        table: PolicyTable::Objects,
        command: *command,
        roles: vec![role.to_owned()],
        restrictive: false,
        using: command.has_using().then(|| expression.clone()),
        check: (*command == PolicyCommand::Insert).then(|| expression.clone()),
    };
    Ok(commands.iter().map(policy).collect())
}

const COLUMNS: &[Column] = &[
    Column::new("policy.name", "Name"),
    Column::new("policy.command", "Command"),
    Column::new("policy.roles", "Roles"),
    Column::new("policy.using", "Using"),
    Column::new("policy.check", "Check"),
    Column::new("previous.name", "Previous"),
];
