//! `auth sso update`

use clap::{ArgGroup, Args, ValueHint};

use super::{COLUMNS, files};
use crate::api::{Domain, Metadata, MetadataUrl, NameIdFormat, ProviderChange, SsoProvider, Uuid};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::{Error, Result};
use crate::output::Reply;

/// Change an SSO provider
///
/// What is not named stays as it is: what the service would forget is sent again. New metadata must be of
/// the same provider, that is, have the same entity ID.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl auth sso update 8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804 --add-domain acme.co.uk\n  supactl auth sso update 8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804 --metadata-file idp.xml",
    group(ArgGroup::new("change").required(true).multiple(true).args([
        "metadata_url", "metadata_file", "domains", "add_domains", "remove_domains", "attribute_mapping", "name_id_format",
    ]))
)]
pub(crate) struct Update {
    /// ID of the provider
    id: Uuid,

    /// Address at which the Auth service finds the provider's metadata
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, conflicts_with = "metadata_file")]
    metadata_url: Option<MetadataUrl>,

    /// File with the provider's metadata, in XML; `-` for standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    metadata_file: Option<String>,

    /// Domain that it has from now on, in place of all others; may be given several times
    #[arg(long = "domain", value_name = "DOMAIN", conflicts_with_all = ["add_domains", "remove_domains"])]
    domains: Vec<Domain>,

    /// Domain to add to those that it has; may be given several times
    #[arg(long = "add-domain", value_name = "DOMAIN")]
    add_domains: Vec<Domain>,

    /// Domain to take from those that it has; may be given several times
    #[arg(long = "remove-domain", value_name = "DOMAIN")]
    remove_domains: Vec<Domain>,

    /// File that says what becomes of its claims, in JSON; `{"keys": {}}` takes the mapping away
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    attribute_mapping: Option<String>,

    /// How it names people: `persistent`, `transient`, `email`, `unspecified`
    #[arg(long, value_name = "FORMAT")]
    name_id_format: Option<NameIdFormat>,

    #[command(flatten)]
    write: WriteArgs,
}

impl Update {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let id = &self.id;
        let metadata = files::metadata(self.metadata_file.as_deref())?;
        let attribute_mapping = files::mapping(self.attribute_mapping.as_deref())?;
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let before = api.sso_provider(&project, id).await?;
        if let Some(metadata) = &metadata {
            same_provider(metadata, &before)?;
        }
        let change = ProviderChange {
            domains: self.domains(&before)?,
            metadata,
            attribute_mapping,
            metadata_url: self.metadata_url.clone(),
            name_id_format: self.name_id_format,
        };
        api.update_sso_provider(&project, id, &before, &change)
            .await?;
        let done = format!("Updated SSO provider `{id}`");
        let after = api
            .sso_provider(&project, id)
            .await
            .map_err(|error| error.after(&done))?;
        let woken = before.is_disabled() && !after.is_disabled();
        let reply = Reply::item(after, COLUMNS).with_message(done);
        Ok(if woken {
            reply.with_message(format!(
                "It was disabled, and the change enabled it: `supactl auth sso disable {id}` disables it again"
            ))
        } else {
            reply
        })
    }

    /// All domains from now on, where they change.
    fn domains(&self, before: &SsoProvider) -> Result<Option<Vec<Domain>>> {
        if !self.domains.is_empty() {
            return Ok(Some(self.domains.clone()));
        }
        if self.add_domains.is_empty() && self.remove_domains.is_empty() {
            return Ok(None);
        }
        let had = before.domains();
        if let Some(missing) = self
            .remove_domains
            .iter()
            .find(|domain| !had.iter().any(|had| had == domain.as_str()))
        {
            return Err(Error::invalid_with_hint(
                format!("the provider does not have the domain `{missing}`"),
                format!(
                    "it has {}",
                    if had.is_empty() {
                        "none".to_owned()
                    } else {
                        had.join(", ")
                    }
                ),
            ));
        }
        // Those that it has are sent as they are, odd ones too.
        let mut domains: Vec<Domain> = had.into_iter().map(Domain::known).collect();
        domains.retain(|domain| !self.remove_domains.contains(domain));
        for domain in &self.add_domains {
            if !domains.contains(domain) {
                domains.push(domain.clone());
            }
        }
        Ok(Some(domains))
    }
}

/// Refuses the metadata of another provider, as the service would.
fn same_provider(metadata: &Metadata, before: &SsoProvider) -> Result<()> {
    match before.saml("entity_id").and_then(|id| id.as_str()) {
        Some(known) if known != metadata.entity_id() => Err(Error::invalid_with_hint(
            format!(
                "the metadata is of `{}`, and the provider is `{known}`",
                metadata.entity_id()
            ),
            "`supactl auth sso enable` adds another provider",
        )),
        _ => Ok(()),
    }
}
