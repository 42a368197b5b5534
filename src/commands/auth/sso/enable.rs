//! `auth sso enable`

use std::time::Duration;

use clap::{ArgGroup, Args, ValueHint};

use super::{COLUMNS, files};
use crate::api::{
    Domain, MetadataUrl, NameIdFormat, ProjectRef, ProviderChange, SsoProvider, Uuid,
};
use crate::app::App;
use crate::cli::{WriteArgs, duration};
use crate::error::{Code, Error, Result};
use crate::output::Reply;
use crate::waiting::{Look, until_done};

/// Let people sign in with an SSO provider
///
/// Adds the provider that its metadata describe, or with an ID lets a disabled one be used again. Where
/// the project does not take SAML yet, that is switched on first, after asking, and waited for.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl auth sso enable --metadata-url https://login.acme.com/saml/metadata --domain acme.com\n  supactl auth sso enable --metadata-file idp.xml --domain acme.com --attribute-mapping claims.json\n  supactl auth sso enable 8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804",
    group(ArgGroup::new("provider").required(true).args(["id", "metadata_url", "metadata_file"]))
)]
pub(crate) struct Enable {
    /// ID of a disabled provider
    #[arg(conflicts_with_all = ["domains", "attribute_mapping", "name_id_format", "timeout"])]
    id: Option<Uuid>,

    /// Address at which the Auth service finds the provider's metadata
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    metadata_url: Option<MetadataUrl>,

    /// File with the provider's metadata, in XML; `-` for standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    metadata_file: Option<String>,

    /// Domain of the e-mail addresses of its people; may be given several times
    #[arg(long = "domain", value_name = "DOMAIN")]
    domains: Vec<Domain>,

    /// File that says what becomes of its claims, in JSON: `{"keys": {"email": {"name": "mail"}}}`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    attribute_mapping: Option<String>,

    /// How it names people: `persistent`, `transient`, `email`, `unspecified`
    #[arg(long, value_name = "FORMAT")]
    name_id_format: Option<NameIdFormat>,

    /// Longest time to wait until the Auth service takes SAML
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "2m")]
    timeout: Duration,

    #[command(flatten)]
    write: WriteArgs,
}

impl Enable {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        if let Some(id) = &self.id {
            return again(app, id).await;
        }
        let new = ProviderChange {
            metadata: files::metadata(self.metadata_file.as_deref())?,
            attribute_mapping: files::mapping(self.attribute_mapping.as_deref())?,
            domains: (!self.domains.is_empty()).then_some(self.domains),
            metadata_url: self.metadata_url,
            name_id_format: self.name_id_format,
        };
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let mut switched_on = false;
        if !api.saml_is_on(&project).await? {
            app.terminal().confirm(&format!(
                "Project {project} does not take SAML yet. Switch it on?"
            ))?;
            match api.switch_saml_on(&project).await {
                // A dry run shows what comes next, too.
                Err(Error::HeldBack) => {}
                Err(error) => return Err(error),
                Ok(()) => {
                    switched_on = true;
                    app.say("Switched SAML on");
                }
            }
        }
        let created = created(app, &project, &new, self.timeout).await;
        let created = created.map_err(|error| {
            if switched_on {
                error.when("SAML was switched on, and no provider was added")
            } else {
                error
            }
        })?;
        let done = format!("Added SSO provider `{}`", created.id());
        let provider = match created.id().parse() {
            Ok(id) => api
                .sso_provider(&project, &id)
                .await
                .map_err(|error| error.after(&done))?,
            Err(_) => created,
        };
        Ok(Reply::item(provider, COLUMNS)
            .with_message(done)
            .with_message("`supactl auth sso info` shows what it asks of the project"))
    }
}

/// Adds the provider, as soon as the Auth service has heard that the project takes SAML. Until then it
/// refuses, and nothing has happened.
async fn created(
    app: &App,
    project: &ProjectRef,
    new: &ProviderChange,
    limit: Duration,
) -> Result<SsoProvider> {
    let api = app.api()?;
    let created = until_done(app, "SAML", limit, async || {
        match api.create_sso_provider(project, new).await {
            Ok(provider) => Ok(Look::Done(provider)),
            Err(Error::Api(error)) if error.code == Code::FeatureDisabled => {
                Ok(Look::Going("being switched on".to_owned()))
            }
            Err(error) => Err(error),
        }
    });
    match created.await {
        // Only the wait of this function ends without an answer of the service.
        Err(Error::Api(error)) if error.code == Code::Timeout && error.message.starts_with("SAML") => {
            Err(error
                .with_hint("no provider was added: type it again in a minute, or wait longer with `--timeout`")
                .into())
        }
        created => created,
    }
}

/// Lets a disabled provider be used again.
async fn again(app: &App, id: &Uuid) -> Result<Reply> {
    let project = app.project_to_change().await?;
    let api = app.api()?;
    let before = api.sso_provider(&project, id).await?;
    if !before.is_disabled() {
        let done = format!("SSO provider `{id}` is enabled already");
        return Ok(Reply::item(before, COLUMNS).with_message(done));
    }
    api.disable_sso_provider(&project, id, &before, false)
        .await?;
    let done = format!("Enabled SSO provider `{id}`");
    let provider = api
        .sso_provider(&project, id)
        .await
        .map_err(|error| error.after(&done))?;
    Ok(Reply::item(provider, COLUMNS).with_message(done))
}
