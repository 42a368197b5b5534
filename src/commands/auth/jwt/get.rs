//! `auth jwt get`

use clap::Args;
use serde_json::{Value, json};

use crate::api::{ApiError, KeyStatus, Record, SigningKey, Uuid};
use crate::app::App;
use crate::error::{Code, Result};
use crate::output::{Column, Reply, Show};

/// Show a signing key, by default the one that signs
///
/// The private half of a key never leaves the service. Verifiers find the public halves of all keys
/// that may have signed a good token at the JWKS URL, which is told too.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl auth jwt get\n  supactl auth jwt get 5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f --jwk"
)]
pub(crate) struct Get {
    /// ID of the key
    id: Option<Uuid>,

    /// Show the public key alone, as a JSON Web Key
    #[arg(long)]
    jwk: bool,
}

impl Get {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let api = app.api()?;
        let key = match &self.id {
            Some(id) => api.signing_key(&project, id).await?,
            None => signing(api.signing_keys(&project).await?)?,
        };
        if self.jwk {
            return public(&key).map(Reply::value);
        }
        let mut key = key.into_object();
        let url = format!(
            "{}/auth/v1/.well-known/jwks.json",
            app.project_address(&project)
        );
        key.insert("jwks_url".to_owned(), json!(url));
        Ok(Reply::item(key, COLUMNS))
    }
}

/// Those of a list, and where the public halves are.
const COLUMNS: &[Column] = &[
    Column::new("id", "ID"),
    Column::new("status", "Status"),
    Column::new("algorithm", "Algorithm"),
    Column::shown("created_at", "Created", Show::Time),
    Column::shown("updated_at", "Updated", Show::Time),
    Column::new("jwks_url", "JWKS"),
];

/// The key that signs.
fn signing(keys: Vec<SigningKey>) -> Result<SigningKey> {
    let found = keys.into_iter().find(|key| key.is(KeyStatus::InUse));
    found.ok_or_else(|| {
        ApiError::new(Code::NotFound, "no signing key is in use: the project signs with its JWT secret")
            .with_hint("`supactl auth jwt rotate` makes the first key, and `supactl auth jwt list` shows what there is")
            .into()
    })
}

/// The public half of a key, where it has one.
fn public(key: &SigningKey) -> Result<Value> {
    match key.object().get("public_jwk") {
        Some(jwk @ Value::Object(_)) => Ok(jwk.clone()),
        _ => Err(ApiError::new(
            Code::NotFound,
            format!("signing key `{}` has no public half", key.id()),
        )
        .with_hint("HS256 signs with a secret that verifiers must know as well; `supactl auth jwt rotate` moves to a key with a public half")
        .into()),
    }
}
