//! The policies that `set` was asked for, by its flags, a template or a file.

use super::file;
use super::set::Set;
use super::template::Template;
use crate::api::{BucketName, NewPolicy, PolicyCommand, PolicyTable, about_bucket};
use crate::error::{Error, Result};

impl Set {
    /// The bucket, and its policies as they are to be.
    pub(super) fn wanted(&self) -> Result<(BucketName, Vec<NewPolicy>)> {
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
