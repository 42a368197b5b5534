//! What Supabase can do, as methods: one for each operation, on whatever host answers it.
//!
//! Knows HTTP, JSON and time; knows no terminal, no format and no command. A resource's file holds
//! the nouns that it speaks of and one method for each endpoint, so that it can be read beside the
//! service's documentation.

mod answer;
mod api_keys;
mod auth_config;
mod backups;
mod branches;
mod breaker;
pub(crate) mod cache;
mod certificates;
mod client;
mod error;
mod extensions;
mod functions;
mod health;
mod ids;
pub(crate) mod integrations;
pub(crate) mod jwk;
mod keys;
pub(crate) mod logs;
pub(crate) mod mask;
mod metrics;
mod migrations;
mod organizations;
mod paging;
mod person;
mod policies;
mod projects;
mod prometheus;
mod raw;
mod record;
mod redirect;
mod request;
mod retry;
mod saml;
mod schema;
mod secrets;
mod shown;
pub(crate) mod signing_keys;
pub(crate) mod sql;
mod sso;
mod storage;
mod transport;
pub(crate) mod webhooks;

use std::cell::OnceCell;

use secrecy::{ExposeSecret, SecretString};

pub(crate) use answer::Answer;
pub(crate) use api_keys::{ApiKey, ApiKeyName};
pub(crate) use auth_config::{
    Area, Kind, PROVIDERS, Provider, SETTINGS, Setting, is_digest_of, is_unset, same,
};
pub(crate) use backups::Backups;
pub(crate) use branches::{Branch, NewBranch, Progress};
pub(crate) use cache::Cache;
pub(crate) use client::{Connection, Notice};
pub(crate) use error::ApiError;
pub(crate) use extensions::{Extension, NewExtension};
pub(crate) use functions::{Call, Caller, Function, Slug, Source};
pub(crate) use health::{
    DiskUse, HEALTH_ADVISORS, Lint, ReadOnlyMode, ServiceHealth, UpgradeStatus,
};
pub(crate) use ids::{BucketName, ProjectRef, Uuid};
pub(crate) use keys::ServiceKey;
pub(crate) use metrics::Traffic;
pub(crate) use migrations::{Entry, Migration};
pub(crate) use paging::Page;
pub(crate) use policies::{NewPolicy, Policy, PolicyCommand, PolicyTable, about_bucket};
pub(crate) use projects::{NewProject, Project, REGIONS, SIZES, SMART_GROUPS};
pub(crate) use prometheus::{Sample, Scrape};
pub(crate) use record::{Object, Record, newest_first, number};
pub(crate) use request::{Body, Method, Request};
pub(crate) use saml::{AttributeMapping, Domain, Metadata, MetadataUrl, NameIdFormat};
pub(crate) use schema::{Table, Where};
pub(crate) use secrets::{Secret, SecretName, check_value};
pub(crate) use signing_keys::{Algorithm, KeyStatus, SigningKey};
pub(crate) use sso::{ProviderChange, SsoProvider};
pub(crate) use storage::{Bucket, BucketChange, BucketSearch, Change, FileSize, MimeType};
pub(crate) use transport::{Transport, host_and_port, is_loopback};

use client::Client;

/// The service, as one person with one token sees it.
pub(crate) struct Api {
    client: Client,
    /// The key given by hand, which replaces asking the Management API for one.
    given_key: Option<ServiceKey>,
    /// The secret key of the project that this run works on. Never on disk.
    found_key: OnceCell<(ProjectRef, ServiceKey)>,
}

impl Api {
    /// Prepares requests; nothing is connected, and no certificate is read, before the first one.
    pub(crate) fn new(connection: Connection, given_key: Option<ServiceKey>) -> Self {
        Self {
            client: Client::new(connection),
            given_key,
            found_key: OnceCell::new(),
        }
    }

    /// What tells one asker from another whose rights may differ. Gives away neither token nor key.
    pub(crate) fn asker(token: &SecretString, key: Option<&ServiceKey>) -> String {
        cache::fingerprint(&[token.expose_secret(), key.map_or("", ServiceKey::exposed)])
    }

    /// Reads no cached answer from now on: what follows decides something.
    pub(crate) fn read_fresh(&self) {
        self.client.read_fresh();
    }

    /// When the oldest cached answer was asked for, in a run that sent nothing.
    pub(crate) fn cached_since(&self) -> Option<jiff::Timestamp> {
        self.client.cached_since()
    }

    /// The writes that a dry run held back, in order, secrets masked.
    pub(crate) fn held_back(&self) -> Vec<serde_json::Value> {
        self.client.held_back()
    }

    /// The statements among them, alone.
    pub(crate) fn held_back_sql(&self) -> Vec<serde_json::Value> {
        self.client.held_back_sql()
    }
}
